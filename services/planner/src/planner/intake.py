"""Taking in invoices: from the event's bytes to stored lines, or to a rejection that names field and line."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractContextManager
from itertools import islice

import structlog
from halosync.contracts.checked_line import CheckedLine
from halosync.contracts.invoice import InvoiceHeader
from halosync.contracts.invoice_checks import InvalidInvoiceError, read_event
from halosync.observability.tracing import Span, of_invoice
from halosync.observability.waiting import Waiting

from planner.fetch_places import NoPlaceError
from planner.planning_slots import SMALL_BYTES, PlanningSlots
from planner.ports import Invoices, LinesSource, OwedRuns

log = structlog.get_logger(__name__)
waits = Waiting(log)

LINES_A_TURN = 200

FETCH_WAIT_S = 5.0
"""In how many seconds an invoice comes back that found no place for fetching its lines."""

CROWDED_WAIT_S = 5.0
"""In how many seconds a large invoice comes back that would have waited behind other large work."""


class Intake:
    """Takes in `invoice.ready.v1` events.

    Args:
        invoices: where they are kept.
        owed_runs: starts the runs that auto_sync owes.
        lines: has the lines of those that name a `lines_url`.
        slots: one is taken while the lines of an invoice are worked on; planning takes its own from them too. None is
            taken while lines are fetched, which takes as long as their host likes.

    An invoice that would have to stand in line comes back later instead, so that small ones overtake it.
    """

    def __init__(self, invoices: Invoices, owed_runs: OwedRuns, lines: LinesSource, slots: PlanningSlots) -> None:
        self._invoices = invoices
        self._owed_runs = owed_runs
        self._lines = lines
        self._slots = slots

    async def take_in(self, body: bytes) -> float | None:
        """Take in one event; return in how many seconds it is to come again, None if it is done with.

        Raises:
            InvalidInvoiceError: it cannot be taken in; the answer has been written.
        """
        large = len(body) > SMALL_BYTES
        if large and self._slots.crowded:
            return _told(CROWDED_WAIT_S, "a slot to work in", "other large plans and invoices stand in line already")
        try:
            header = await self._stored(body, large=large)
        except NoPlaceError:
            return _told(FETCH_WAIT_S, "a place to fetch lines", "all of them are taken, or all that one host may have")
        except InvalidInvoiceError as error:
            await self._invoices.reject(error, body)
            raise
        await self._owed_runs.start_wanted(header.partner_id)
        return None

    async def _stored(self, body: bytes, *, large: bool) -> InvoiceHeader:
        async with self._slots.take(large=large):
            header, raw_lines = read_event(body)
            if raw_lines is not None:
                with _traced(header):
                    stored = await self._invoices.take_in(header, lambda checker: in_turns(checker.check(raw_lines)))
        if raw_lines is None:
            with _traced(header):
                async with self._lines.fetched(header) as from_file, self._slots.take(large=True):
                    stored = await self._invoices.take_in(header, from_file)
        log.info("invoice taken in", invoice_id=header.invoice_id, revision=header.revision, first_time=stored)
        return header


def _told(wait_s: float, waits_for: str, why: str) -> float:
    waits.tell(waits_for, why=why, wait_s=wait_s, **structlog.contextvars.get_contextvars())
    return wait_s


def _traced(header: InvoiceHeader) -> AbstractContextManager[Span]:
    return of_invoice("take in an invoice", header.partner_id, header.invoice_id, header.revision)


async def in_turns(lines: Iterable[CheckedLine]) -> AsyncIterator[Sequence[CheckedLine]]:
    """Yield lines, some at a time, and let the rest of the process have its turn in between: many take seconds."""
    left = iter(lines)
    while turn := list(islice(left, LINES_A_TURN)):
        yield turn
        await asyncio.sleep(0)
