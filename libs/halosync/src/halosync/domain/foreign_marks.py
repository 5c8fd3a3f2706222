"""By what a licence is known to be another integration's (spec section 9, "Somebody else's licences")."""

FOREIGN_MARKS = ("azure_connection_id", "snowid", "thirdparty_client_id", "external_link_id")
"""Fields in which other integrations leave their ids (halo-api section 5); a setting overrides it."""


def is_mark(value: object) -> bool:
    """Tell whether the value of such a field marks the licence: empty, zero and null do not, in whatever writing.

    A text of nothing but zeros and signs is the zero of a number or of a GUID.
    """
    return bool(value.strip(" \t0-.") if isinstance(value, str) else value)
