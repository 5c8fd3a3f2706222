"""What an undo is about, and whether it can be: asked for like any other run (spec section 11, "Undo")."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from halosync.domain.states import RunState
from halosync.ports.run_start import (
    NoRunError,
    NotConnectedError,
    NothingToUndoError,
    OtherTenantError,
    PurgedError,
    RunInProgressError,
)
from halosync.store.pool import Connection
from halosync.store.queries import QUERIES


async def invoices_to_undo(connection: Connection, partner_id: str, run_id: UUID) -> Sequence[asyncpg.Record]:
    """Return the invoices of the run that is to be undone, as `month_of_run` gives them, its first one first.

    Raises:
        NoRunError: the partner has no such run.
        RunInProgressError: it has not ended.
        PurgedError: what it did is no longer known in detail.
        NothingToUndoError: it has changed nothing.
        NotConnectedError: the partner's Halo is not connected.
        OtherTenantError: another Halo is.
    """
    run = await QUERIES.run_to_undo(connection, run_id=run_id, partner_id=partner_id)
    if run is None:
        raise NoRunError(str(run_id))
    if not RunState(run["state"]).is_final:
        raise RunInProgressError(run_id)
    if run["purged"]:
        raise PurgedError(str(run_id))
    if not run["changed"]:
        raise NothingToUndoError(str(run_id))
    if run["same_halo"] is None:
        raise NotConnectedError(partner_id)
    if not run["same_halo"]:
        raise OtherTenantError(str(run_id))
    return [row async for row in QUERIES.invoices_of_run(connection, run_id=run_id)]
