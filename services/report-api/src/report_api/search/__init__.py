"""Finding customers, products, licences, invoices and runs by what a person typed."""
