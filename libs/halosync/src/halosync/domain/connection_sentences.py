"""Why a connection to Halo is not made, lost or not fit for use, and what to do: the sentence of each code, once."""

from collections.abc import Mapping, Sequence
from typing import Literal

from halosync.domain.listing import ended

List = Literal["clients", "licences"]

WHERE_IN_HALO = "In Halo, open Configuration > Integrations > Halo API, choose the application"

NOT_CONNECTED = "Halo is not connected. Press Connect in the portal and log in to Halo."
BROKEN = (
    "The connection to your Halo is broken: it was revoked, or the log-in behind it has ended. "
    "Press Connect and log in to Halo again."
)
NO_LONGER_CONNECTED = "Halo is no longer connected. Connect it again."
DISCONNECTED = "The connection was ended on request. To use it again, enter the tenant and client id and press Connect."
HALO_UNAVAILABLE = "Halo could not be reached or did not answer as expected. Please try again in a few minutes."
"""A passing failure."""

PART_AWAY = (
    "A part of Converge does not answer, so nothing could be done. Nothing is lost. Please try again in a few minutes."
)
LOG_IN_UNREADABLE = (
    "Converge cannot read the stored log-in to your Halo, because a key of its own is missing. The operator can put it "
    "back, and then everything goes on by itself. If it lasts, press Connect and log in to Halo again."
)

CODE_REFUSED = (
    "Halo did not accept the log-in. Press Connect to try again; if that does not help, check that the login "
    f"redirect URL of the application is exactly the one shown here. {WHERE_IN_HALO}."
)
CHANGED_WHILE_TESTED = "The connection was changed while it was tested. Test it again."
TEST_UNANSWERED = "The test got no answer in time. Please try again in a few minutes."

_PERMISSIONS: Mapping[List, tuple[str, str]] = {
    "clients": ("read customers", "read:customers"),
    "licences": ("read software licences", "read:softwarelicensing"),
}
_QUOTED_LENGTH = 200


def denied(code: str = "", description: str = "") -> str:
    """Halo did not grant the connection. Its words come from an address: they are shortened and made plain text."""
    said = ": ".join(text for text in (_plain(code), _plain(description)) if text)
    because = f" ({said})" if said else ""
    return f"Halo did not grant the connection{because}. Press Connect and approve the request in Halo."


def missing_scope(missing: Sequence[str] = ()) -> str:
    """Permissions were not granted without which nothing can be synchronised. Without `missing` none is named."""
    what = f"these permissions: {', '.join(missing)}" if missing else "every permission that is needed"
    return (
        f"Halo did not grant {what}. {WHERE_IN_HALO}. Switch on the permissions there, check that your Halo user has "
        "them too, and press Connect again."
    )


def rate_limited(retry_at: str | None = None) -> str:
    """No request may be sent to the tenant before `retry_at`, a time of the day in UTC; None: it is not known."""
    return f"Halo's request limit is used up. Try again {f'at {retry_at} UTC' if retry_at else 'in a few minutes'}."


def limited_at_log_in(retry_at: str) -> str:
    """The limit leaves no request to test a new connection with before `retry_at`, a time of the day in UTC."""
    return (
        f"Halo's request limit is used up, so the new connection could not be tested. Nothing is wrong with it. Press "
        f"Connect again at {retry_at} UTC; nothing has to be changed in Halo."
    )


def other_tenant(now: str, then: str) -> str:
    """A run was started for one tenant, and the partner has connected another since."""
    return f"Halo is now connected to {now}, and this run was started for {then}."


def too_slow(patience_s: float) -> str:
    """Halo took too long."""
    return f"Halo did not answer within {patience_s:.0f} seconds. Please try again in a few minutes."


def unreadable(words: str) -> str:
    """A passing failure of Halo, with its own words."""
    return f"Halo could not be read. Please try again in a few minutes.{_quoted(words)}"


def forbidden(what: List | None = None, words: str = "") -> str:
    """Halo does not let the connection read a list; None: it is not known which."""
    doing, permissions = " or ".join(each for each, _ in _PERMISSIONS.values()), "permissions "
    permissions += " and ".join(each for _, each in _PERMISSIONS.values())
    if what is not None:
        doing, permission = _PERMISSIONS[what]
        permissions = f"permission {permission}"
    return (
        f"Halo does not let this connection {doing}. Give the Halo application and the agent who connected it the "
        f"{permissions}, then press Connect again.{_quoted(words)}"
    )


def unexpected(words: str = "") -> str:
    """What answered is no Halo, or one that halosync does not understand."""
    return (
        "Halo's answer is not what Converge expects. Check that the tenant is that of your Halo; if it is, ask the "
        f"distributor's support.{_quoted(words)}"
    )


SHOWS_UNREADABLE = "Halo shows something that Converge cannot understand"


def row_unreadable(words: str) -> str:
    """A row of Halo's lists holds what cannot be understood; `words` name it."""
    return f"{SHOWS_UNREADABLE}: {_plain(words)}. Correct it in Halo, then try again."


def contradiction(what: List, record_count: int, rows: int) -> str:
    """A page whose rows and count cannot both be true."""
    return unexpected(f"it counts {record_count} {what} and shows {rows} on the first page")


def _quoted(words: str) -> str:
    said = _plain(words)
    return f" Halo's answer: {ended(said)}" if said else ""


def _plain(text: str) -> str:
    """Keep printable characters and single spaces, and not too many of them."""
    kept = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(kept.split())[:_QUOTED_LENGTH]


REFUSALS: Mapping[str, str] = {
    "unknown_partner": "There is no such partner.",
    "invalid_state": (
        "This log-in has expired or was used already. Nothing was changed. Press Connect to start again; "
        "a log-in is open for 10 minutes."
    ),
    "other_partner": (
        "This log-in to Halo was begun for another partner, so nothing was connected. If you did not begin it "
        "yourself, tell Converge. To connect your own Halo, press Connect here."
    ),
    "other_session": (
        "This log-in to Halo was not begun here, so nothing was connected. Whoever began it has to complete it: in the "
        "same browser, or with the same API key. To connect your Halo now, press Connect here."
    ),
    "wrong_issuer": (
        "The log-in came back from another server than the Halo you entered, so nothing was connected. Check the "
        "tenant and press Connect again. If it happens again, tell Converge."
    ),
    "tenant_taken": (
        "This Halo is connected for another partner already, so nothing was connected. Two partners in one Halo would "
        "change each other's licences. Check the tenant. If it is right, ask Converge to allow it."
    ),
    "too_many_requests": "Too many attempts to connect within a minute. Wait a moment, then press Connect again.",
    "permission_denied": forbidden(),
    "unexpected_answer": unexpected(),
    "rate_limited": rate_limited(),
    "denied": denied(),
    "invalid_client": (
        f"Halo does not accept the client id. Compare it with the client id of the application. {WHERE_IN_HALO}, check "
        "that its authentication method is Authorisation Code (Native Application), and press Connect again."
    ),
    "missing_scope": missing_scope(),
    "secret_unreadable": (
        "The secret of this webhook cannot be read any more, so nothing can be signed with it. Delete the webhook and "
        "create it again."
    ),
    "not_connected": NOT_CONNECTED,
    "connection_broken": BROKEN,
    "halo_unavailable": HALO_UNAVAILABLE,
    "part_away": PART_AWAY,
    "token_unreadable": LOG_IN_UNREADABLE,
}
"""Of a request that was refused, by its code. Where more is known the functions above say it in the same sentence."""
