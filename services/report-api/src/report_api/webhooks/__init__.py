"""Telling partners what has changed: their webhooks, and the work that delivers notices (spec section 11, "Told")."""
