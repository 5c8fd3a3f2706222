"""The operator's command `halosync`: a table for people, one JSON value with `--json` (spec section 8)."""
