"""Every refusal in the words that a billing administrator reads, with what to do next."""

from collections.abc import Sequence

from halosync.contracts.connection import RequestRefused
from halosync.ports.requests import UNANSWERABLE, Refusal

WHERE_IN_HALO = "In Halo, open Configuration > Integrations > Halo API, choose the application"

DISCONNECTED = "The connection was ended on request. To use it again, enter the tenant and client id and press Connect."
LOST = (
    "Halo no longer accepts this connection: it was revoked, or the log-in behind it has ended. "
    "Press Connect and log in to Halo again."
)

_DESCRIPTION_LENGTH = 200


def unknown_partner(partner_id: str) -> Refusal:
    """There is no such partner."""
    return Refusal(RequestRefused(code="unknown_partner", detail="There is no such partner.", partner_id=partner_id))


def invalid_tenant(partner_id: str, what_to_enter: str) -> Refusal:
    """The tenant is no DNS label."""
    return Refusal(RequestRefused(code="invalid_tenant", detail=what_to_enter, partner_id=partner_id))


def invalid_state(partner_id: str | None) -> Refusal:
    """The state is unknown, expired, used, or its attempt was erased meanwhile."""
    detail = "This log-in has expired or was used already. Press Connect to start again; it is open for 10 minutes."
    return Refusal(RequestRefused(code="invalid_state", detail=detail, partner_id=partner_id))


def other_partner(partner_id: str) -> Refusal:
    """The browser that came back is signed in for another partner than the one whose log-in was begun."""
    detail = (
        "This log-in to Halo was begun for another partner, so nothing was connected. "
        "If you did not begin it yourself, tell Converge. To connect your own Halo, press Connect here."
    )
    return Refusal(RequestRefused(code="other_partner", detail=detail, partner_id=partner_id))


def denied(partner_id: str, code: str, description: str | None) -> Refusal:
    """Halo came back with an error. Its words come from a URL: they are shortened and what is no text is left out."""
    said = ": ".join(text for text in (_plain(code), _plain(description or "")) if text)
    detail = f"Halo did not grant the connection ({said}). Press Connect and approve the request in Halo."
    return Refusal(RequestRefused(code="denied", detail=detail, partner_id=partner_id))


def code_refused(partner_id: str) -> Refusal:
    """Halo did not take the code that it had given."""
    detail = (
        "Halo did not accept the log-in. Press Connect to try again; if that does not help, check that the login "
        "redirect URL of the application is exactly the one shown here. "
        f"{WHERE_IN_HALO}."
    )
    return Refusal(RequestRefused(code="denied", detail=detail, partner_id=partner_id))


def invalid_client(partner_id: str) -> Refusal:
    """Halo does not know the client id."""
    detail = (
        f"Halo does not accept the client id. {WHERE_IN_HALO}, check that its authentication method is "
        "Authorisation Code (Native Application), copy its client id and press Connect again."
    )
    return Refusal(RequestRefused(code="invalid_client", detail=detail, partner_id=partner_id))


def missing_scope(partner_id: str, missing: Sequence[str]) -> Refusal:
    """A permission was not granted without which nothing can be synchronised."""
    detail = (
        f"Halo did not grant these permissions: {', '.join(missing)}. {WHERE_IN_HALO}, switch them on under "
        "Permissions, check that your Halo user has them too, and press Connect again."
    )
    return Refusal(RequestRefused(code="missing_scope", detail=detail, partner_id=partner_id))


def not_connected(partner_id: str) -> Refusal:
    """There is no connection."""
    detail = "Halo is not connected. Press Connect and log in to Halo."
    return Refusal(RequestRefused(code="not_connected", detail=detail, partner_id=partner_id))


def connection_broken(partner_id: str) -> Refusal:
    """There was a connection; a person must make it anew."""
    return Refusal(RequestRefused(code="connection_broken", detail=LOST, partner_id=partner_id))


def halo_unavailable(partner_id: str | None) -> Refusal:
    """A passing failure, in Halo or on our side: trying again helps."""
    return Refusal(UNANSWERABLE.model_copy(update={"partner_id": partner_id}))


def _plain(text: str) -> str:
    """Keep printable characters and single spaces, and not too many of them."""
    kept = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(kept.split())[:_DESCRIPTION_LENGTH]
