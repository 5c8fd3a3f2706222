"""The portal: pages for billing administrators, rendered on the server (docs/decisions/0012)."""
