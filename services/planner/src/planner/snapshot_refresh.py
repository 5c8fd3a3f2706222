"""Reading Halo again without a run, for the pages that link customers and products."""

from uuid import UUID

import structlog
from halosync.domain.completeness import IncompleteReadError
from halosync.domain.guard import shrunk
from halosync.domain.retry import FailureClass
from halosync.observability.waiting import Waiting
from halosync.ports.failures import HaloFailure
from halosync.ports.permits import NoPermit, Rate
from halosync.ports.reads import ReadProgress, ReadTakenOverError
from halosync.ports.tokens import AuthAwayError, ConnectionLostError, TokenUnavailableError
from halosync.runtime.read_access import Caller

from planner.halo_read import HaloRead
from planner.ports import Plans, Snapshots

log = structlog.get_logger(__name__)
waits = Waiting(log)

RETRY_S = 30.0

TURN_S = 5.0
"""A refresh reads for a shorter turn than a run, so that the next partner's page comes soon."""


class SnapshotRefresh:
    """Refreshes the snapshot of a partner's Halo, a turn at a time."""

    def __init__(self, *, snapshots: Snapshots, plans: Plans, halo_read: HaloRead, default_rate: Rate) -> None:
        self._snapshots = snapshots
        self._plans = plans
        self._halo_read = halo_read
        self._default_rate = default_rate

    async def advance(self, partner_id: str, read_id: UUID) -> tuple[float, bool] | None:
        """Read for a turn; return (seconds until the next one, whether that counts as an attempt), None at the end.

        An order of which nobody needs the answer ends here: a partner has one open refresh (spec section 10). A refresh
        that fails for good, or reads less than is known, changes nothing and is only logged: the next run
        reads for itself and tells the partner.
        """
        context = await self._snapshots.context(partner_id)
        if context is None or not await self._snapshots.wanted(partner_id, read_id):
            await self._snapshots.forget(read_id)
            return None
        return await self._turn(partner_id, read_id, *context)

    async def _turn(self, partner_id: str, read_id: UUID, tenant: str, rate: Rate | None) -> tuple[float, bool] | None:
        # A person waits for the page, so this goes before what a run reads and writes.
        who = Caller(partner_id, tenant, rate or self._default_rate, None, interactive=True)
        try:
            progress = await self._halo_read.turn(read_id, who, turn_s=TURN_S)
        except (NoPermit, AuthAwayError) as pause:
            return _told(read_id, partner_id, pause.wait_s, pause.waits_for, pause.why), False
        except ReadTakenOverError:
            return None
        except (TokenUnavailableError, HaloFailure, IncompleteReadError, ConnectionLostError) as error:
            if _passing(error):
                return _told(read_id, partner_id, RETRY_S, "Halo to answer", str(error)), True
            log.warning("refresh failed", partner_id=partner_id, why=str(error))
            await self._snapshots.forget(read_id)
            return None
        if progress.list != "complete":
            return 0.0, False
        await self._keep(progress)
        return None

    async def _keep(self, progress: ReadProgress) -> None:
        guard = (await self._plans.settings(progress.partner_id)).delete_guard
        why = shrunk(await self._snapshots.compare(progress), guard)
        if why is None:
            await self._snapshots.keep_as_snapshot(progress)
        else:
            log.warning("refresh saw too little", partner_id=progress.partner_id, why=why)
            await self._snapshots.forget(progress.read_id)


def _told(read_id: UUID, partner_id: str, wait_s: float, waits_for: str, why: str) -> float:
    waits.tell(waits_for, why=why, wait_s=wait_s, partner_id=partner_id, read_id=read_id)
    return wait_s


def _passing(error: Exception) -> bool:
    if isinstance(error, HaloFailure):
        return error.failure is FailureClass.TRANSIENT
    return isinstance(error, TokenUnavailableError)
