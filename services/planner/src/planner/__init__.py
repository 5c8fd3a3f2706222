"""planner: takes in invoices; for a run reads Halo, plans, and orders the writers to work."""
