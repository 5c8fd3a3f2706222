"""What was loaded: invoices and their lines, each with what became of it."""
