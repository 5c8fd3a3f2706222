"""People: how their e-mail addresses are written and compared (spec section 10)."""

import re

MOST_CHARACTERS = 254
"""Of an e-mail address (RFC 5321, section 4.5.3.1)."""

# RFC 5322's characters of an unquoted address but for "/", which addresses of ours cannot carry. ASCII alone: of two
# letters that look alike one could otherwise enter in the place of the other.
_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+=?^_`{|}~-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*")


def normal_email(text: str) -> str:
    """Return an e-mail address as it is kept and compared: trimmed, in lower case.

    Raises:
        ValueError: it is none, with what to do.
    """
    email = text.strip().lower()
    if len(email) > MOST_CHARACTERS or _EMAIL.fullmatch(email) is None:
        raise ValueError("Enter one e-mail address, such as anna@example.com, without accents and special letters.")
    return email
