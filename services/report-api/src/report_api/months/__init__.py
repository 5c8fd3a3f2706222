"""The month: what was billed, what Halo holds of it, why they differ, and closing it."""
