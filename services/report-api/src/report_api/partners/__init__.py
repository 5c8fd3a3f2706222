"""All partners at a glance, for the invoice team and operators."""
