"""A double of `halosync.store.reads.ReadStore`, under the same suite (tests/integration/planning)."""

from collections import Counter
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from halosync.domain.completeness import Next, Pages, ReadPage, after_page
from halosync.domain.completeness_by_client import all_clients_read, client_read, pages_of_client, said_of_all
from halosync.domain.guard import Comparison
from halosync.domain.model import Client, SeenLicence
from halosync.domain.page_size import PageSize
from halosync.ports.reads import HaloList, HaloPage, ReadProgress, ReadTakenOverError

from simulation.database import Database, Step
from simulation.rows import Read

T = TypeVar("T")


class MemoryReads:
    """As `ReadStore`."""

    def __init__(self, database: Database, step: Step) -> None:
        self._db = database
        self._step = step

    async def begin(self, read_id: UUID, _partner_id: str, _tenant: str) -> ReadProgress:
        """As `ReadStore.begin`."""
        return await self._step(lambda: self._progress(read_id, self._db.reads.setdefault(read_id, Read())))

    def _progress(self, read_id: UUID, read: Read) -> ReadProgress:
        return ReadProgress(
            read_id=read_id,
            partner_id=self._db.partner_id,
            tenant=self._db.tenant,
            list=read.list,
            client_id=read.client_id,
            said=read.said,
            pages=read.pages,
            step=read.step,
            restarts=read.restarts,
        )

    def _fenced(self, progress: ReadProgress) -> Read:
        read = self._db.reads.get(progress.read_id)
        if read is None or (read.step, read.restarts) != (progress.step, progress.restarts):
            raise ReadTakenOverError(str(progress.read_id))
        return read

    async def save_clients(
        self, progress: ReadProgress, pages: Pages, page: HaloPage[Client], most: int
    ) -> ReadProgress:
        """As `ReadStore.save_clients`."""

        def effect() -> ReadProgress:
            read = self._fenced(progress)
            came = ReadPage(page.record_count, [client.id for client in page.rows], 0)
            after, following = _kept(
                read.clients, came, page.rows, pages, most, by_client=False, as_known=self._clients_as_known
            )
            if following is Next.PAGE:
                read.pages = after
            else:
                read.list, read.pages = "licences", None
            read.step += 1
            return self._progress(progress.read_id, read)

        return await self._step(effect)

    async def save_licences(
        self, progress: ReadProgress, pages: Pages, page: HaloPage[SeenLicence], most: int
    ) -> ReadProgress:
        """As `ReadStore.save_licences`."""

        def effect() -> ReadProgress:
            read = self._fenced(progress)
            of_all = read.client_id is None
            came = ReadPage(page.record_count, [seen.licence.id for seen in page.rows], 0)
            after, following = _kept(
                *(read.licences, came, page.rows, pages, most),
                by_client=of_all,
                as_known=lambda rows: of_all and self._licences_as_known(rows),
            )
            if following is Next.PAGE:
                read.pages = after
            elif following is Next.COMPLETE and of_all:
                read.list, read.pages = "complete", None
            else:
                if following is Next.BY_CLIENT:
                    read.said = said_of_all(after)
                    read.awaited, read.licences = read.licences, {}
                elif read.client_id is not None and self._db.guards.sight:
                    awaits = _of(read.awaited, read.client_id) and not _of(read.licences, read.client_id)
                    client_read(read.client_id, awaits=awaits)
                self._next_client(read, after, most=most)
            read.step += 1
            return self._progress(progress.read_id, read)

        return await self._step(effect)

    def _clients_as_known(self, read: AbstractSet[int]) -> bool:
        return read == self._db.clients_known

    def _licences_as_known(self, read: AbstractSet[int]) -> bool:
        known = self._db.known
        alive = {number for number, licence in known.items() if not licence.removed}
        return self._db.clients_known is not None and alive <= read <= known.keys()

    def _next_client(self, read: Read, before: Pages, *, most: int) -> None:
        if read.client_id is not None:
            read.clients_read.add(read.client_id)
        left = [(_of(read.awaited, number), number) for number in read.clients if number not in read.clients_read]
        if left:
            _, read.client_id = min(left) if self._db.guards.sight else min(left, key=lambda each: each[1])
            read.pages = pages_of_client(before, most=most)
        else:
            strangers = {n: seen for n, seen in read.awaited.items() if seen.licence.client_id not in read.clients}
            awaited = len(read.awaited.keys() - strangers.keys() - read.licences.keys())
            read.licences = {**strangers, **read.licences}
            if self._db.guards.sight:
                all_clients_read(len(read.licences), read.said, awaited=awaited)
            read.list, read.client_id, read.pages = "complete", None, None

    async def restart(self, progress: ReadProgress) -> int:
        """As `ReadStore.restart`."""

        def effect() -> int:
            read = self._db.reads.get(progress.read_id)
            if read is None or read.restarts != progress.restarts:
                raise ReadTakenOverError(str(progress.read_id))
            self._db.reads[progress.read_id] = Read(restarts=progress.restarts + 1)
            return progress.restarts + 1

        return await self._step(effect)

    async def compare(self, progress: ReadProgress) -> Comparison:
        """As `ReadStore.compare`."""

        def effect() -> Comparison:
            read = self._db.reads[progress.read_id]
            known = {licence_id for licence_id, licence in self._db.known.items() if not licence.removed}
            observed = {licence_id for licence_id, seen in read.licences.items() if not seen.deleted}
            had = Counter(self._db.known[licence_id].client_id for licence_id in known)
            have = {read.licences[licence_id].licence.client_id for licence_id in observed}
            by_client = read.said is not None
            emptied = [
                number
                for number, licences in had.items()
                if number in read.clients and number not in have and (by_client or licences > 1)
            ]
            return Comparison(
                clients_before=len(self._db.clients_known or ()),
                clients_now=len(read.clients),
                known=len(known),
                missing=len(known - observed),
                observed=len(observed),
                emptied=len(emptied) if self._db.guards.sight else 0,
                by_client=by_client,
                unshown=max(read.unshown - self._db.unshown, 0) if self._db.guards.sight else 0,
            )

        return await self._step(effect)


def _of(licences: Mapping[int, SeenLicence], client_id: int) -> bool:
    return any(seen.licence.client_id == client_id for seen in licences.values())


def _kept(
    known: dict[int, T],
    page: ReadPage,
    rows: list[T],
    pages: Pages,
    most: int,
    *,
    by_client: bool,
    as_known: Callable[[AbstractSet[int]], bool],
) -> tuple[Pages, Next]:
    """Keep a page, unless it contradicts those before it."""
    behind = reversed(list(zip(page.ids, rows, strict=True)))  # of a row that a page has twice the first one counts
    new = {number: row for number, row in behind if number not in known}
    after, following = after_page(
        *(pages, replace(page, new_rows=len(new))),
        most=most,
        by_client=by_client,
        as_known=pages.rows + len(new) == page.record_count and as_known(known.keys() | new.keys()),
    )
    known.update(new)
    return after, following


class MemoryPageSizes:
    """As `PageSizeStore`."""

    def __init__(self, database: Database, step: Step) -> None:
        self._db = database
        self._step = step

    async def learnt(self, _tenant: str, what: HaloList) -> PageSize | None:
        """As `PageSizeStore.learnt`."""
        return await self._step(lambda: self._db.page_sizes.get(what))

    async def learn(self, _tenant: str, what: HaloList, size: PageSize) -> None:
        """As `PageSizeStore.learn`."""
        await self._step(lambda: self._db.page_sizes.__setitem__(what, size))
