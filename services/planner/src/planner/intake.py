"""Taking in invoices: from the event's bytes to stored lines, or to a rejection that names field and line."""

from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

import structlog
from halosync.contracts.checking import InvalidInvoiceError, LineChecker, read_event
from halosync.contracts.invoice import InvoiceHeader, InvoiceLine

from planner.lines_fetcher import LinesFetcher, in_turns
from planner.planning_slots import SMALL_BYTES, PlanningSlots

log = structlog.get_logger(__name__)


class Invoices(Protocol):
    """Where invoices are kept."""

    async def take_in(self, header: InvoiceHeader, lines: Callable[[LineChecker], AsyncIterator[InvoiceLine]]) -> bool:
        """Store an invoice with its lines; False if this event was taken in before."""

    async def reject(self, error: InvalidInvoiceError, body: bytes) -> None:
        """Answer an invoice that could not be taken in; `body` is the message."""


class Starter(Protocol):
    """Starts the runs that auto_sync owes."""

    async def start_wanted(self, partner_id: str) -> Any:
        """Start the run that auto_sync owes the partner, if any."""


class Intake:
    """Takes in `invoice.ready.v1` events.

    Args:
        invoices: where they are kept.
        starter: starts the runs that auto_sync owes.
        fetcher: fetches lines from `lines_url`.
        slots: one is taken while the lines of an invoice are worked on; planning takes its own from them too. None is
            taken while lines are fetched, which takes as long as their host likes.
    """

    def __init__(
        self, invoices: Invoices, starter: Starter, fetcher: LinesFetcher, slots: PlanningSlots | None = None
    ) -> None:
        self._invoices = invoices
        self._starter = starter
        self._fetcher = fetcher
        self._slots = slots or PlanningSlots()

    async def take_in(self, body: bytes) -> None:
        """Take in one event.

        Raises:
            InvalidInvoiceError: it cannot be taken in; the answer has been written.
        """
        try:
            header = await self._stored(body)
        except InvalidInvoiceError as error:
            await self._invoices.reject(error, body)
            raise
        await self._starter.start_wanted(header.partner_id)

    async def _stored(self, body: bytes) -> InvoiceHeader:
        async with self._slots.take(large=len(body) > SMALL_BYTES):
            header, raw_lines = read_event(body)
            if raw_lines is not None:
                stored = await self._invoices.take_in(header, lambda checker: _each(checker, raw_lines))
        if raw_lines is None:
            async with self._fetcher.fetched(header) as from_file, self._slots.take(large=True):
                stored = await self._invoices.take_in(header, from_file)
        log.info("invoice taken in", invoice_id=header.invoice_id, revision=header.revision, first_time=stored)
        return header


async def _each(checker: LineChecker, raw_lines: list[Any]) -> AsyncIterator[InvoiceLine]:
    async for line in in_turns(checker.check(raw_lines)):
        yield line
