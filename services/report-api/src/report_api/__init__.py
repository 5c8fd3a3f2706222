"""report-api: the only service that the public reaches; shows what was loaded and done, starts runs, keeps links and settings."""
