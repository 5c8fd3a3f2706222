"""A read of Halo under way, kept page by page, and the snapshot of the last complete one."""

from typing import Any
from uuid import UUID

import asyncpg

from halosync.domain.completeness import rows_after_page
from halosync.domain.guard import Comparison
from halosync.domain.model import Client, SeenLicence
from halosync.ports.permits import Rate
from halosync.ports.reads import ListName, ReadProgress, ReadTakenOverError
from halosync.store.limiter import own_rate
from halosync.store.queries import QUERIES, Connection


class ReadStore:
    """Keeps reads that are under way. Each page commits with its progress, so a read survives its process."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def begin(self, read_id: UUID, partner_id: str, tenant: str) -> ReadProgress:
        """Begin a read, or say how far it is."""
        row = await QUERIES.begin_read(self._pool, read_id=read_id, partner_id=partner_id, tenant=tenant)
        return ReadProgress(**row)

    async def save_clients(self, progress: ReadProgress, record_count: int, clients: list[Client]) -> ReadProgress:
        """Keep a page of clients.

        Raises:
            IncompleteReadError: the page contradicts the ones before it; nothing was kept.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await _fence(connection, progress)
            new = await QUERIES.save_page_of_clients(
                connection,
                read_id=progress.read_id,
                ids=[c.id for c in clients],
                names=[c.name for c in clients],
                inactive=[c.inactive for c in clients],
            )
            return await _advance(connection, progress, record_count, new, "licences")

    async def save_licences(
        self, progress: ReadProgress, record_count: int, licences: list[SeenLicence]
    ) -> ReadProgress:
        """Keep a page of licences.

        Raises:
            IncompleteReadError: the page contradicts the ones before it; nothing was kept.
        """
        seen = [s.licence for s in licences]
        async with self._pool.acquire() as connection, connection.transaction():
            await _fence(connection, progress)
            new = await QUERIES.save_page_of_licences(
                connection,
                read_id=progress.read_id,
                ids=[x.id for x in seen],
                client_ids=[x.client_id for x in seen],
                names=[x.name for x in seen],
                quantities=[x.quantity for x in seen],
                prices=[x.price for x in seen],
                purchase_prices=[x.purchase_price for x in seen],
                billing_cycles=[x.billing_cycle for x in seen],
                active=[x.is_active for x in seen],
                deleted=[s.deleted for s in licences],
                foreign_marks=[x.foreign_mark for x in seen],
                licence_types=[x.licence_type for x in seen],
            )
            return await _advance(connection, progress, record_count, new, "complete")

    async def restart(self, progress: ReadProgress) -> int:
        """Throw the rows away and begin again; return how often that has happened.

        Raises:
            ReadTakenOverError: another process has restarted it.
        """
        restarts: int | None = await QUERIES.restart_read(
            self._pool, read_id=progress.read_id, restarts=progress.restarts
        )
        if restarts is None:
            raise ReadTakenOverError(str(progress.read_id))
        return restarts

    async def compare(self, progress: ReadProgress) -> Comparison:
        """Compare a complete read with what is known of the same tenant."""
        row = await QUERIES.compare_with_snapshot(
            self._pool, read_id=progress.read_id, partner_id=progress.partner_id, tenant=progress.tenant
        )
        return Comparison(**row)

    async def keep_as_snapshot(self, progress: ReadProgress) -> None:
        """Make a complete read the partner's snapshot (a refresh that no run asked for).

        A read that began before a run had written all it would is dropped: it does not know what halosync wrote.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.lock_partner(connection, partner_id=progress.partner_id)
            if await QUERIES.written_since(connection, read_id=progress.read_id, partner_id=progress.partner_id):
                await QUERIES.forget_read(connection, read_id=progress.read_id)
                return
            await replace_snapshot(connection, progress.read_id, progress.partner_id, progress.tenant)

    async def forget(self, read_id: UUID) -> None:
        """Drop a read that is of no more use."""
        await QUERIES.forget_read(self._pool, read_id=read_id)

    async def context(self, partner_id: str) -> tuple[str, Rate | None] | None:
        """Return the partner's tenant and its own rate limit, if it has one; None if it is not connected."""
        row = await QUERIES.refresh_context(self._pool, partner_id=partner_id)
        return None if row is None else (row["tenant"], own_rate(row))

    async def forget_old(self) -> None:
        """Drop what abandoned reads left behind."""
        await QUERIES.forget_old_reads(self._pool)


async def _fence(connection: Connection, progress: ReadProgress) -> None:
    held = await QUERIES.lock_read(
        connection,
        read_id=progress.read_id,
        list=progress.list,
        next_page=progress.next_page,
        restarts=progress.restarts,
    )
    if held is None:
        raise ReadTakenOverError(str(progress.read_id))


async def _advance(
    connection: Connection, progress: ReadProgress, record_count: int, new: int, next_list: ListName
) -> ReadProgress:
    rows = rows_after_page(
        record_count=record_count, first_record_count=progress.record_count, rows_before=progress.rows, new_rows=new
    )
    done = rows == record_count
    after = ReadProgress(
        read_id=progress.read_id,
        partner_id=progress.partner_id,
        tenant=progress.tenant,
        list=next_list if done else progress.list,
        next_page=1 if done else progress.next_page + 1,
        record_count=None if done else record_count,
        rows=0 if done else rows,
        restarts=progress.restarts,
    )
    await QUERIES.advance_read(
        connection,
        read_id=after.read_id,
        list=after.list,
        next_page=after.next_page,
        record_count=after.record_count,
        rows=after.rows,
    )
    return after


async def replace_snapshot(connection: Connection, read_id: UUID, partner_id: str, tenant: str) -> None:
    """Make a complete read the snapshot, in the caller's transaction, and drop the read."""
    await QUERIES.forget_other_tenant(connection, partner_id=partner_id, tenant=tenant)
    await QUERIES.replace_clients(connection, read_id=read_id, partner_id=partner_id)
    await QUERIES.replace_licences(connection, read_id=read_id, partner_id=partner_id)
    await QUERIES.stamp_snapshot(connection, partner_id=partner_id, tenant=tenant)
    await QUERIES.forget_read(connection, read_id=read_id)
