"""report-api: the only public edge; shows what was loaded and done, starts runs, keeps links and settings."""
