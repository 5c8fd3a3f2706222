"""What is no longer kept (spec section 12, "Retention"): retired at once, deleted in small pieces.

Ownership of licences is in `licence_memory` and is never purged: a Sync after a purge does what it would have done
before.
"""

from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from halosync.domain.acts import RETENTION, Act, Actor
from halosync.domain.retention import first_kept_month
from halosync.ports.partners import UnknownPartnerError
from halosync.ports.retention import OpenRunError, Retired, SharedHaloError, StillConnectedError
from halosync.store.audit import record
from halosync.store.partners import PartnerStore
from halosync.store.pool import Connection, Pool
from halosync.store.queries import QUERIES

PREVIEW_DAYS = 14
"""How long the items of previews are kept."""

FINISHED_LETTER_DAYS = 30
"""How long the bodies of dead letters are kept that were replayed or discarded."""

A_PIECE = 5000
"""How many rows are deleted in one transaction: it takes some tens of milliseconds."""

Retire = Callable[[Connection, str], Coroutine[None, None, Retired]]
"""Retires what is to go of a partner that is locked, in the caller's transaction."""


class RetentionStore:
    """Takes away what is no longer kept."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def retire_old(self, months: int, *, by: Actor, only: str | None = None, pretend: bool = False) -> Retired:
        """Retire what is older than `months` months, of every partner or one; it is gone for everybody from now on.

        A partner with an open run is passed over. With `pretend` nothing is changed, only counted.
        """
        before = first_kept_month(datetime.now(UTC).date(), months)

        async def retire(connection: Connection, partner_id: str) -> Retired:
            retired = await _retire_before(connection, partner_id, before)
            detail = {"before": before, "invoices": retired.invoices, "runs": retired.runs}
            if retired.runs or retired.invoices:
                await record(
                    connection, by, Act.DETAILS_PURGED, partner_id=partner_id, subject=partner_id, detail=detail
                )
            return retired

        return await self._retire_each(retire, only, pretend=pretend)

    async def retire_previews(self, days: int = PREVIEW_DAYS) -> Retired:
        """Retire previews that are older than `days`."""

        async def retire(connection: Connection, partner_id: str) -> Retired:
            runs = QUERIES.retire_old_previews(connection, partner_id=partner_id, days=days)
            return await _to_purge(connection, [row["run_id"] async for row in runs], [])

        return await self._retire_each(retire, None, pretend=False)

    async def drop_finished_bodies(self) -> int:
        """Drop the bodies of dead letters that were replayed or discarded a while ago; return of how many."""
        dropped: int = await QUERIES.drop_finished_bodies(self._pool, days=FINISHED_LETTER_DAYS)
        return dropped

    async def retire_due(self, months: int | None) -> None:
        """Retire, or drop, what is always old by now, and what is older than `months`; None: that is kept for good."""
        if months is not None:
            await self.retire_old(months, by=RETENTION)
        await self.retire_previews()
        await self.drop_finished_bodies()

    async def empty(self, *, only: str | None = None) -> int | None:
        """Delete one piece of what is retired; return how many rows it had, None if nothing is left to do.

        Args:
            only: of this partner.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            left = await QUERIES.next_to_purge(connection, partner_id=only)
            if left is None:
                return None
            gone = await _piece(connection, left)
            if gone < A_PIECE:
                await QUERIES.is_purged(connection, purge_id=left["purge_id"])
        return gone

    async def prepare_removal(self, partner_id: str, *, by: Actor) -> Retired:
        """Pause a partner and retire all of it; `empty` and then `remove` it.

        Raises:
            UnknownPartnerError: there is no such partner.
            NotRemovableError: it is connected, has an open run, or shares its Halo.
        """
        await PartnerStore(self._pool).pause(partner_id, by=by)
        async with self._pool.acquire() as connection, connection.transaction():
            await _require_removable(connection, partner_id)
            runs = [row["run_id"] async for row in QUERIES.retire_whole_partner(connection, partner_id=partner_id)]
            rows = QUERIES.retire_whole_partners_invoices(connection, partner_id=partner_id)
            return await _to_purge(connection, runs, [row["invoice_pk"] async for row in rows])

    async def check_removal(self, partner_id: str) -> str:
        """Return the name of a partner that can be removed.

        Raises: as `prepare_removal`.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            return await _require_removable(connection, partner_id)

    async def remove(self, partner_id: str, retired: Retired, *, by: Actor) -> None:
        """Remove a partner that was emptied, with all that is left of it but its audit log.

        Raises: as `prepare_removal`.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            name = await _require_removable(connection, partner_id)
            await QUERIES.remove_partner(connection, partner_id=partner_id)
            detail = {"name": name, "invoices": retired.invoices, "runs": retired.runs}
            await record(connection, by, Act.PARTNER_REMOVED, partner_id=partner_id, subject=partner_id, detail=detail)

    async def _retire_each(self, retire: Retire, only: str | None, *, pretend: bool) -> Retired:
        partners = [only] if only else [each.partner_id for each in await PartnerStore(self._pool).list()]
        if only and not await PartnerStore(self._pool).exists(only):
            raise UnknownPartnerError(only)
        retired = Retired()
        for partner_id in partners:
            async with self._pool.acquire() as connection:
                transaction = connection.transaction()
                await transaction.start()
                try:
                    retired += await _retire_locked(connection, partner_id, retire)
                except BaseException:
                    await transaction.rollback()
                    raise
                await (transaction.rollback() if pretend else transaction.commit())
        return retired


async def _retire_locked(connection: Connection, partner_id: str, retire: Retire) -> Retired:
    # Two statements: what the lock has waited for is seen by the second.
    if not await QUERIES.lock_to_purge(connection, partner_id=partner_id):
        return Retired(busy=(partner_id,))
    if await QUERIES.open_run(connection, partner_id=partner_id):
        return Retired(busy=(partner_id,))
    return await retire(connection, partner_id)


async def _retire_before(connection: Connection, partner_id: str, before: str) -> Retired:
    horizon = await QUERIES.purge_horizon(connection, partner_id=partner_id, before=before)
    since = {"partner_id": partner_id, "horizon": horizon["at"]}
    await QUERIES.purge_resolved_creates(connection, **since)
    runs = [row["run_id"] async for row in QUERIES.retire_old_runs(connection, **since)]
    invoices = QUERIES.retire_old_invoices(connection, **since, period=horizon["period"])
    return await _to_purge(connection, runs, [row["invoice_pk"] async for row in invoices])


async def _to_purge(connection: Connection, run_ids: Sequence[UUID], invoice_pks: Sequence[int]) -> Retired:
    await QUERIES.add_to_purge(connection, run_ids=run_ids, invoice_pks=invoice_pks)
    return Retired(len(invoice_pks), len(run_ids))


async def _piece(connection: Connection, left: asyncpg.Record) -> int:
    """Take away up to a piece of a run, or of an invoice; fewer than that: nothing is left of it."""
    if left["invoice_pk"] is not None:
        lines: int = await QUERIES.purge_lines(connection, invoice_pk=left["invoice_pk"], most=A_PIECE)
        return lines
    run_id = left["run_id"]
    await QUERIES.purge_approved(connection, run_id=run_id)
    gone: int = await QUERIES.purge_item_lines(connection, run_id=run_id, most=A_PIECE)
    gone += await QUERIES.purge_items(connection, run_id=run_id, most=A_PIECE - gone)
    gone += await QUERIES.purge_batches(connection, run_id=run_id, most=A_PIECE - gone)
    return gone


async def _require_removable(connection: Connection, partner_id: str) -> str:
    name: str | None = await QUERIES.lock_to_remove(connection, partner_id=partner_id)
    if name is None:
        raise UnknownPartnerError(partner_id)
    row = await QUERIES.partner_to_remove(connection, partner_id=partner_id)
    if (run_id := await QUERIES.open_run(connection, partner_id=partner_id)) is not None:
        raise OpenRunError(run_id)
    if row["connection"] == "connected":
        raise StillConnectedError(partner_id)
    if row["shares_with"] is not None:
        raise SharedHaloError(row["shares_with"])
    return name
