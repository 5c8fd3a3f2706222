"""What every room of report-api shares: rendering, forms, problems, paging, CSV, events."""
