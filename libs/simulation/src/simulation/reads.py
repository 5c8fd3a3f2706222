"""A double of `halosync.store.reads.ReadStore`, under the same suite (tests/integration/planning)."""

from typing import Literal, TypeVar
from uuid import UUID

from halosync.domain.completeness import rows_after_page
from halosync.domain.guard import Comparison
from halosync.domain.model import Client, SeenLicence
from halosync.ports.reads import ReadProgress, ReadTakenOverError

from simulation.database import Database, Read, Step

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
        rows = {"clients": len(read.clients), "licences": len(read.licences), "complete": 0}[read.list]
        return ReadProgress(
            read_id=read_id,
            partner_id=self._db.partner_id,
            tenant=self._db.tenant,
            list=read.list,
            next_page=read.next_page,
            record_count=read.record_count,
            rows=rows,
            restarts=read.restarts,
        )

    def _fenced(self, progress: ReadProgress) -> Read:
        read = self._db.reads.get(progress.read_id)
        if read is None or (read.list, read.next_page, read.restarts) != (
            progress.list,
            progress.next_page,
            progress.restarts,
        ):
            raise ReadTakenOverError(str(progress.read_id))
        return read

    async def save_clients(self, progress: ReadProgress, record_count: int, clients: list[Client]) -> ReadProgress:
        """As `ReadStore.save_clients`."""

        def effect() -> ReadProgress:
            read = self._fenced(progress)
            return self._keep(
                progress,
                read,
                read.clients,
                {c.id: c for c in clients},
                record_count=record_count,
                following="licences",
            )

        return await self._step(effect)

    async def save_licences(
        self, progress: ReadProgress, record_count: int, licences: list[SeenLicence]
    ) -> ReadProgress:
        """As `ReadStore.save_licences`."""

        def effect() -> ReadProgress:
            read = self._fenced(progress)
            page = {seen.licence.id: seen for seen in licences}
            return self._keep(progress, read, read.licences, page, record_count=record_count, following="complete")

        return await self._step(effect)

    def _keep(
        self,
        progress: ReadProgress,
        read: Read,
        known: dict[int, T],
        page: dict[int, T],
        *,
        record_count: int,
        following: Literal["licences", "complete"],
    ) -> ReadProgress:
        """Keep a page and turn to the next one."""
        new = {number: row for number, row in page.items() if number not in known}
        rows = rows_after_page(
            record_count=record_count,
            first_record_count=read.record_count,
            rows_before=len(known),
            new_rows=len(new),
        )
        known.update(new)
        if rows == record_count:
            read.list, read.next_page, read.record_count = following, 1, None
        else:
            read.next_page, read.record_count = read.next_page + 1, record_count
        return self._progress(progress.read_id, read)

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
            return Comparison(
                clients_before=self._db.clients_known,
                clients_now=len(read.clients),
                known=len(known),
                missing=len(known - observed),
                observed=len(observed),
            )

        return await self._step(effect)
