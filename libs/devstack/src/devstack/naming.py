"""Names that nobody else on a shared server uses."""

import secrets


def fresh_name(purpose: str) -> str:
    """Return a new name for a database or virtual host."""
    return f"halosync_{purpose}_{secrets.token_hex(6)}"
