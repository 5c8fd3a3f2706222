"""Who may complete an attempt to connect (spec section 10): whoever began it, and nobody else."""

from typing import Literal

from halosync.contracts.connection import CompleteConnection
from halosync.ports.connections import ConnectAttempt


def objection(attempt: ConnectAttempt, request: CompleteConnection) -> Literal["other_partner", "other_session"] | None:
    """Return why this request may not complete the attempt; None if it may.

    Begun in the portal: by the same browser session, acting for that partner. Begun by the API: by the same key, or by
    a person who acts for that partner, has seen partner and tenant, and agreed.
    """
    if request.partner_id != attempt.partner_id:
        return "other_partner"
    if attempt.session is not None:
        same = request.session is not None and bytes.fromhex(request.session) == attempt.session
        return None if same else "other_session"
    key_id = None if request.requested_by is None else request.requested_by.key_id
    same_key = request.session is None and key_id is not None and key_id == attempt.begun_by.key_id
    return None if same_key or request.confirmed else "other_session"
