"""The planner's handlers: they translate between messages and use cases, nothing more."""

from uuid import UUID

from faststream.rabbit import Channel, RabbitBroker
from halosync.contracts.connection import ConnectionEstablished, TestConnection
from halosync.contracts.invoice_checks import InvalidInvoiceError
from halosync.contracts.run import HaloRefreshRequested, RunFinished, RunRequested
from halosync.messaging.endings import Later, Poison, TryAgain
from halosync.messaging.publisher import Publisher
from halosync.messaging.replies import answer_requests
from halosync.messaging.requests import raw_body
from halosync.messaging.topology import (
    CONNECTION_ESTABLISHED,
    CONNECTION_TEST,
    HALO_REFRESH,
    INVOICE_READY,
    RUN_FINISHED,
    RUN_REQUESTED,
)

from planner.assembly import Planner
from planner.intake import Intake
from planner.ports import FetchFailedError, OwedRuns

INVOICES_AT_ONCE = 12
"""Half of them at most are kept by slow hosts (`FETCHES_AT_ONCE`), two by large invoices; small ones find a place."""

RUNS_AT_ONCE = 32
"""Reading is waiting for Halo, page by page; what needs memory waits for `PlanningSlots`."""

REFRESHES_AT_ONCE = 32
"""A partner has one open refresh, so these are of as many partners: one whose Halo is slow keeps one of them."""

TESTS_AT_ONCE = 16
"""A test is two small requests and mostly waiting: a Halo that does not answer must not hold up the others' tests."""


def build(
    broker: RabbitBroker,
    publisher: Publisher,
    *,
    planner: Planner,
    owed_runs: OwedRuns,
) -> None:
    """Register the planner's handlers on `broker`; answers to requests go out by `publisher`."""
    answer_requests(
        broker, publisher, CONNECTION_TEST, TestConnection, planner.connection_test.test, at_once=TESTS_AT_ONCE
    )

    @broker.subscriber(INVOICE_READY.declaration(), channel=Channel(prefetch_count=INVOICES_AT_ONCE), decoder=raw_body)
    async def on_invoice_ready(body: bytes) -> None:
        wait_s = await _taken_in(planner.intake, body)
        if wait_s is not None:
            raise Later(wait_s)

    @broker.subscriber(RUN_REQUESTED.declaration(), channel=Channel(prefetch_count=RUNS_AT_ONCE))
    async def on_run_requested(message: RunRequested) -> None:
        wait_s = await planner.run_planner.advance(message.run_id)
        if wait_s is not None:
            raise Later(wait_s)

    @broker.subscriber(HALO_REFRESH.declaration(), channel=Channel(prefetch_count=REFRESHES_AT_ONCE))
    async def on_halo_refresh(message: HaloRefreshRequested) -> None:
        read_id: UUID = message.read_id
        next_turn = await planner.snapshot_refresh.advance(message.partner_id, read_id)
        if next_turn is not None:
            wait_s, charged = next_turn
            raise Later(wait_s, charged=charged)

    # A run that auto_sync owes waits for the partner's connection, or for the run that goes on to end.
    @broker.subscriber(CONNECTION_ESTABLISHED.declaration(), channel=Channel(prefetch_count=RUNS_AT_ONCE))
    async def on_connection_established(message: ConnectionEstablished) -> None:
        await owed_runs.start_wanted(message.partner_id)

    @broker.subscriber(RUN_FINISHED.declaration(), channel=Channel(prefetch_count=RUNS_AT_ONCE))
    async def on_run_finished(message: RunFinished) -> None:
        await owed_runs.start_wanted(message.partner_id)


async def _taken_in(intake: Intake, body: bytes) -> float | None:
    try:
        return await intake.take_in(body)
    except InvalidInvoiceError as error:
        raise Poison(str(error)) from error
    except FetchFailedError as error:
        raise TryAgain(str(error)) from error
