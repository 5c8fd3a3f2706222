"""What was done before: invoices and runs of the last months, and the audit log."""
