"""A read of Halo under way, kept page by page, and the snapshot of the last complete one."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from uuid import UUID

import asyncpg

from halosync.domain.completeness import IncompleteReadError, Next, Pages, ReadPage, after_page
from halosync.domain.completeness_by_client import all_clients_read, client_read, pages_of_client, said_of_all
from halosync.domain.guard import Comparison
from halosync.domain.model import Client, SeenLicence
from halosync.ports.permits import Rate
from halosync.ports.reads import HaloPage, ReadProgress, ReadTakenOverError
from halosync.store.limiter import own_rate
from halosync.store.pool import Connection, Pool
from halosync.store.queries import QUERIES


class ReadStore:
    """Keeps reads that are under way. Each page commits with its progress, so a read survives its process.

    Arguments and errors: the Protocol `planner.ports.Reads`.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def begin(self, read_id: UUID, partner_id: str, tenant: str) -> ReadProgress:
        """Begin a read, or say how far it is."""
        row = await QUERIES.begin_read(self._pool, read_id=read_id, partner_id=partner_id, tenant=tenant)
        pages = None if row["pages"] is None else Pages(**row["pages"])
        return ReadProgress(**{**row, "pages": pages})

    async def save_clients(
        self, progress: ReadProgress, pages: Pages, page: HaloPage[Client], most: int
    ) -> ReadProgress:
        """Keep a page of clients; `pages` is what was known when it was asked for, `most` the largest page to ask for.

        Raises:
            IncompleteReadError: the page contradicts the ones before it; nothing was kept.
            ReadTakenOverError: another process has read on.
        """
        clients, ids = page.rows, [c.id for c in page.rows]
        rows = {"ids": ids, "names": [c.name for c in clients], "inactive": [c.inactive for c in clients]}
        if (known := _after(progress, pages, page.record_count, ids, most=most)) is not None:
            return _moved(await QUERIES.save_page_of_clients(self._pool, **_place(progress, known), **rows), known)
        async with self._pool.acquire() as connection, connection.transaction():
            kept = await QUERIES.save_page_of_clients(connection, **_place(progress), **rows)
            new = _added(kept, progress)
            came = ReadPage(page.record_count, ids, new)
            whole = pages.rows + new == page.record_count
            as_known = whole and kept["is_known"] and await _as_known(connection, progress)
            after, following = after_page(pages, came, most=most, by_client=False, as_known=as_known)
            if following is Next.PAGE:
                return await _advance(connection, replace(progress, pages=after))
            return await _advance(connection, replace(progress, list="licences", pages=None))

    async def save_licences(
        self, progress: ReadProgress, pages: Pages, page: HaloPage[SeenLicence], most: int
    ) -> ReadProgress:
        """Keep a page of licences; as `save_clients`."""
        licences = page.rows
        seen = [s.licence for s in licences]
        ids = [x.id for x in seen]
        rows = {
            "ids": ids,
            "client_ids": [x.client_id for x in seen],
            "names": [x.name for x in seen],
            "quantities": [x.quantity for x in seen],
            "prices": [x.price for x in seen],
            "purchase_prices": [x.purchase_price for x in seen],
            "billing_cycles": [x.billing_cycle for x in seen],
            "active": [x.is_active for x in seen],
            "deleted": [s.deleted for s in licences],
            "foreign_marks": [x.foreign_mark for x in seen],
            "licence_types": [x.licence_type for x in seen],
            "stamps": [x.stamp for x in seen],
            "product_skus": [x.product_sku for x in seen],
        }
        if (known := _after(progress, pages, page.record_count, ids, most=most)) is not None:
            return _moved(await QUERIES.save_page_of_licences(self._pool, **_place(progress, known), **rows), known)
        async with self._pool.acquire() as connection, connection.transaction():
            kept = await QUERIES.save_page_of_licences(connection, **_place(progress), **rows)
            new = _added(kept, progress)
            came = ReadPage(page.record_count, ids, new)
            of_all = progress.client_id is None
            whole = of_all and pages.rows + new == page.record_count
            as_known = whole and kept["is_known"] and await _as_known(connection, progress)
            after, following = after_page(pages, came, most=most, by_client=of_all, as_known=as_known)
            if following is Next.PAGE:
                return await _advance(connection, replace(progress, pages=after))
            if following is Next.BY_CLIENT:
                await QUERIES.await_licences(connection, read_id=progress.read_id)
                progress = replace(progress, said=said_of_all(after))
            elif progress.client_id is None:
                return await _advance(connection, replace(progress, list="complete", pages=None))
            else:
                awaits = await QUERIES.awaits_client(connection, read_id=progress.read_id, client_id=progress.client_id)
                client_read(progress.client_id, awaits=awaits)
            return await _next_client(connection, progress, after, most=most)

    async def restart(self, progress: ReadProgress) -> int:
        """Throw the rows away and begin again; return how often that has happened."""
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
        if row is None:
            raise ReadTakenOverError(str(progress.read_id))
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

    async def wanted(self, partner_id: str, read_id: UUID) -> bool:
        """Tell whether somebody still waits for this refresh; it counts as worked on then."""
        return bool(await QUERIES.refresh_wanted(self._pool, partner_id=partner_id, read_id=read_id))

    async def forget(self, read_id: UUID) -> None:
        """Drop a read that is of no more use."""
        await QUERIES.forget_read(self._pool, read_id=read_id)

    async def context(self, partner_id: str) -> tuple[str, Rate | None] | None:
        """Return the partner's tenant and its own rate limit, if it has one; None if it is not connected."""
        row = await QUERIES.refresh_context(self._pool, partner_id=partner_id)
        return None if row is None else (row["tenant"], own_rate(row["rate_requests"], row["rate_window_s"]))

    async def forget_old(self) -> None:
        """Drop what abandoned reads left behind."""
        await QUERIES.forget_old_reads(self._pool)


def _place(progress: ReadProgress, after: ReadProgress | None = None) -> dict[str, object]:
    """Return where a read is, and where it is after the page; None: that is only known once the page is stored."""
    there = {"read_id": progress.read_id, "step": progress.step, "restarts": progress.restarts}
    if after is None:
        return {**there, "list": None, "pages": None}
    return {**there, "list": after.list, "pages": None if after.pages is None else asdict(after.pages)}


def _after(
    progress: ReadProgress, pages: Pages, record_count: int, ids: Sequence[int], *, most: int
) -> ReadProgress | None:
    """Return how far a read is after a page, where no row that is stored has a say in it; None where one has.

    All rows of a list's first page are new, and a page without rows brings none.
    """
    new = len(set(ids))
    rows = pages.rows + new
    if progress.client_id is not None or (pages.rows and ids):
        return None
    if rows == record_count and rows > max(pages.fullest, len(ids)):  # several pages: is that what was known before?
        return None
    is_of_licences = progress.list == "licences"
    try:
        after, following = after_page(pages, ReadPage(record_count, ids, new), most=most, by_client=is_of_licences)
    except IncompleteReadError:  # which counts only if nobody else has read on
        return None
    if following is Next.BY_CLIENT:
        return None
    moved = replace(progress, step=progress.step + 1)
    if following is Next.PAGE:
        return replace(moved, pages=after)
    return replace(moved, list="complete" if is_of_licences else "licences", pages=None)


def _moved(kept: asyncpg.Record | None, after: ReadProgress) -> ReadProgress:
    _added(kept, after)
    return after


def _added(kept: asyncpg.Record | None, progress: ReadProgress) -> int:
    """Return how many rows of a page are new; None: the read is not any more where it was."""
    if kept is None:
        raise ReadTakenOverError(str(progress.read_id))
    return int(kept["added"])


async def _as_known(connection: Connection, progress: ReadProgress) -> bool:
    query = QUERIES.clients_as_known if progress.list == "clients" else QUERIES.licences_as_known
    found: bool = await query(connection, read_id=progress.read_id, partner_id=progress.partner_id)
    return found


async def _next_client(connection: Connection, progress: ReadProgress, before: Pages, *, most: int) -> ReadProgress:
    client_id = await QUERIES.client_to_read(connection, read_id=progress.read_id, was_read=progress.client_id)
    if client_id is None:
        awaited = await QUERIES.forget_awaited(connection, read_id=progress.read_id)
        rows = await QUERIES.count_licences_read(connection, read_id=progress.read_id)
        all_clients_read(rows, progress.said, awaited=awaited)
        return await _advance(connection, replace(progress, list="complete", client_id=None, pages=None))
    pages = pages_of_client(before, most=most)
    return await _advance(connection, replace(progress, client_id=client_id, pages=pages))


async def _advance(connection: Connection, progress: ReadProgress) -> ReadProgress:
    after = replace(progress, step=progress.step + 1)
    await QUERIES.advance_read(
        connection,
        read_id=after.read_id,
        list=after.list,
        client_id=after.client_id,
        said=after.said,
        pages=None if after.pages is None else asdict(after.pages),
        step=after.step,
    )
    return after


async def replace_snapshot(connection: Connection, read_id: UUID, partner_id: str, tenant: str) -> None:
    """Make a complete read the snapshot, in the caller's transaction, and drop the read."""
    is_known = await QUERIES.forget_other_tenant(connection, partner_id=partner_id, tenant=tenant)
    if is_known:
        await QUERIES.remember_before(connection, read_id=read_id, partner_id=partner_id)
    await QUERIES.replace_clients(connection, read_id=read_id, partner_id=partner_id)
    await QUERIES.replace_licences(connection, read_id=read_id, partner_id=partner_id)
    if is_known:
        await QUERIES.forget_returned(connection, partner_id=partner_id)
        await QUERIES.forget_with_client(connection, partner_id=partner_id)
    await QUERIES.stamp_snapshot(connection, read_id=read_id, partner_id=partner_id, tenant=tenant)
