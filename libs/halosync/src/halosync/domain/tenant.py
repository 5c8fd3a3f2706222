"""The name of a partner's Halo, as people type it (spec section 2; halo-api section 1)."""

import re

_SUFFIX = ".halopsa.com"
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_HOST_OR_URL = re.compile(rf"(?:https://)?([a-z0-9-]+){re.escape(_SUFFIX)}/?")


class InvalidTenant(ValueError):
    """What was entered is no tenant; the message says what to enter."""


def normalise_tenant(text: str) -> str:
    """Return the tenant, a lower-case DNS label, from `acme`, `acme.halopsa.com` or `https://acme.halopsa.com/`.

    The tenant becomes part of the host that tokens are sent to, so nothing is guessed: what is not one of these
    forms is refused.

    Raises:
        InvalidTenant: it is none of them.
    """
    entered = text.strip()
    # Before `lower()`, which turns a few non-ASCII letters (the Kelvin sign) into ASCII ones.
    if entered.isascii():
        lowered = entered.lower()
        address = _HOST_OR_URL.fullmatch(lowered)
        label = address[1] if address else lowered
        if _LABEL.fullmatch(label):
            return label
    raise InvalidTenant(
        "Enter the name of your Halo only: the part before .halopsa.com in its address, for example acme for "
        "https://acme.halopsa.com. It has letters, digits and inner hyphens, at most 63."
    )
