"""What forms carry to show that they come from a page of ours."""

import hashlib
import hmac


def csrf_token(cookie: str) -> str:
    """Return what forms carry to show that they come from a page of ours: only who can read the cookie can make it."""
    return hashlib.sha256(f"halosync form {cookie}".encode()).hexdigest()


def is_csrf_token(given: object, cookie: str) -> bool:
    """Tell whether a form's token belongs to the cookie that came with it, in constant time."""
    return isinstance(given, str) and hmac.compare_digest(given.encode(), csrf_token(cookie).encode())
