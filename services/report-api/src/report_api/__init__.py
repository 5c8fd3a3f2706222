"""report-api: the only service that the public reaches; shows runs, starts them, keeps links and settings."""
