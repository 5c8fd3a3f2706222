"""The address of a mail server, apart from what sends: a process without one loads nothing of that."""

from urllib.parse import urlsplit

SMTP_PORTS = {"smtp": 25, "smtps": 465}
"""The schemes of such an address, and the port of each where it names none."""


def smtp_url(text: str) -> str:
    """Return the address of a mail server if it can be used.

    Raises:
        ValueError: it cannot; the text does not repeat it, because it may hold a password.
    """
    try:
        parts = urlsplit(text)
        usable = parts.scheme in SMTP_PORTS and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError(
            "give smtp://user:password@host:587, which uses STARTTLS, or smtps://…:465; the user is optional"
        )
    return text
