"""What a billing administrator reads of the planner: why a run failed, why a test failed, and what to do next."""

from datetime import datetime
from http import HTTPStatus
from typing import Literal

from halosync.contracts.connection import RequestRefused
from halosync.domain.retry import FailureClass
from halosync.ports.connections import ConnectionView
from halosync.ports.failures import HaloFailure
from halosync.ports.requests import UNANSWERABLE, Refusal

List = Literal["clients", "licences"]

_PERMISSIONS: dict[List, tuple[str, str]] = {
    "clients": ("read customers", "read:customers"),
    "licences": ("read software licences", "read:softwarelicensing"),
}

_WORDS_LENGTH = 200


def read_failed(words: str) -> str:
    """Halo could not be read."""
    return f"Halo could not be read, so nothing was changed. Press Sync to try again. Halo said: {words}"


def read_incomplete(why: str) -> str:
    """Halo's list contradicts itself."""
    return (
        f"Halo's answer was not a complete list ({why}), so nothing was changed. "
        "If somebody is changing licences in Halo right now, wait a little; then press Sync to try again."
    )


def permission_problem(words: str) -> str:
    """Halo does not let us read."""
    return (
        "Halo does not permit this, so nothing was changed. Give the Halo application and the agent who connected it "
        "the permissions to read customers and to read and edit software licensing, then connect again. "
        f"Halo said: {words}"
    )


def internal_error() -> str:
    """Something of ours is wrong; the operator finds the cause with the dead letter."""
    return (
        "Something went wrong in halosync, so nothing was changed. The operator has been told. Press Sync to try again."
    )


def not_connected(partner_id: str, view: ConnectionView) -> Refusal:
    """There is no connection to test, or it no longer serves."""
    if view.state == "broken":
        detail = view.problem or "Halo no longer accepts this connection. Press Connect and log in to Halo again."
        return Refusal(RequestRefused(code="connection_broken", detail=detail, partner_id=partner_id))
    detail = "Halo is not connected. Press Connect and log in to Halo."
    return Refusal(RequestRefused(code="not_connected", detail=detail, partner_id=partner_id))


def connection_lost(partner_id: str, code: str, detail: str) -> Refusal:
    """The connection ended, broke or was changed while it was tested."""
    if code == "connection_broken":
        return Refusal(RequestRefused(code="connection_broken", detail=detail, partner_id=partner_id))
    if code == "other_tenant":
        detail = "The connection was changed while it was tested. Test it again."
        return Refusal(RequestRefused(code="halo_unavailable", detail=detail, partner_id=partner_id))
    return Refusal(RequestRefused(code="not_connected", detail=detail, partner_id=partner_id))


def rate_limited(partner_id: str, retry_at: datetime) -> Refusal:
    """No request may be sent to the tenant now."""
    detail = f"Halo's request limit is used up. Try again at {retry_at:%H:%M} UTC."
    return Refusal(RequestRefused(code="rate_limited", detail=detail, partner_id=partner_id, retry_at=retry_at))


def too_slow(partner_id: str, patience_s: float) -> Refusal:
    """Halo took too long."""
    detail = f"Halo did not answer within {patience_s:.0f} seconds. Please try again in a few minutes."
    return Refusal(RequestRefused(code="halo_unavailable", detail=detail, partner_id=partner_id))


def unreachable(partner_id: str) -> Refusal:
    """A passing failure, in Halo or on our side."""
    return Refusal(UNANSWERABLE.model_copy(update={"partner_id": partner_id}))


def halo_failed(partner_id: str, what: List, failure: HaloFailure) -> Refusal:
    """Return what a failed request of the list `what` means to the partner."""
    status = failure.status
    if failure.failure is FailureClass.UNAUTHORIZED or status == HTTPStatus.FORBIDDEN:
        return _forbidden(partner_id, what, failure.words)
    if failure.failure is FailureClass.TRANSIENT and status != HTTPStatus.OK:
        detail = f"Halo could not be read. Please try again in a few minutes. {_said(failure.words)}"
        return Refusal(RequestRefused(code="halo_unavailable", detail=detail, partner_id=partner_id))
    return _unexpected(partner_id, failure.words)


def contradiction(partner_id: str, what: List, record_count: int, rows: int) -> Refusal:
    """A page whose rows and count cannot both be true."""
    return _unexpected(partner_id, f"it counts {record_count} {what} and shows {rows} on the first page")


def _forbidden(partner_id: str, what: List, words: str) -> Refusal:
    doing, permission = _PERMISSIONS[what]
    detail = (
        f"Halo does not let this connection {doing}. Give the Halo application and the agent who connected it the "
        f"permission {permission}, then press Connect again. {_said(words)}"
    )
    return Refusal(RequestRefused(code="permission_denied", detail=detail, partner_id=partner_id))


def _unexpected(partner_id: str, words: str) -> Refusal:
    detail = (
        "Halo's answer is not what halosync expects. Check that the tenant is that of your Halo; if it is, ask the "
        f"distributor's support. {_said(words)}"
    )
    return Refusal(RequestRefused(code="unexpected_answer", detail=detail, partner_id=partner_id))


def _said(words: str) -> str:
    """Quote Halo: printable characters and single spaces only, and not too many of them."""
    kept = "".join(character if character.isprintable() else " " for character in words)
    return f"Halo's answer: {' '.join(kept.split())[:_WORDS_LENGTH]}"
