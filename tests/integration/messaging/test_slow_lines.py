"""Hosts of `lines_url` that are slow keep the places of their own invoices; everybody else's are taken in meanwhile."""

import json
from types import SimpleNamespace
from typing import Any, cast

import httpx
import planner.app
from devstack.fields import Fields
from devstack.invoice_header import invoice_header
from devstack.wait import until
from faststream.rabbit import RabbitBroker
from halosync.contracts.invoice import InvoiceHeader
from halosync.contracts.invoice_checks import LineChecker
from halosync.domain.delivery import DeliveryRules
from halosync.messaging.connection import connect_options
from halosync.messaging.delivery import Deliveries
from halosync.messaging.publisher import Publisher
from halosync.messaging.topology import INVOICE_READY
from planner.fetch_places import FETCHES_A_HOST, FETCHES_AT_ONCE
from planner.intake import Intake
from planner.lines_fetcher import LinesFetcher
from planner.planning_slots import PlanningSlots
from planner.ports import LinesOf

from tests.integration.invoice_host import Answer, InvoiceHost, running_invoice_host

from .conftest import DELAYS_S, MAX_ATTEMPTS, Outside


class Store:
    """Takes invoices in, and remembers whose."""

    def __init__(self) -> None:
        self.partners: list[str] = []

    async def take_in(self, header: InvoiceHeader, lines: LinesOf) -> bool:
        async for _ in lines(LineChecker(header)):
            pass
        self.partners.append(header.partner_id)
        return True


class NobodysRuns:
    async def start_wanted(self, partner_id: str) -> None:
        """Owe nobody a run."""


def event(partner_id: str, host: InvoiceHost | None = None) -> bytes:
    lines: Fields = {"lines": []} if host is None else {"lines_url": host.url()}
    return json.dumps(invoice_header(partner_id, **lines)).encode()


async def test_two_slow_hosts_keep_nobody_elses_invoices_waiting(
    topology: str, publisher: Publisher, outside: Outside
) -> None:
    deliveries = Deliveries(publisher, DeliveryRules(DELAYS_S, DELAYS_S, MAX_ATTEMPTS))
    broker = RabbitBroker(**connect_options(topology), middlewares=[deliveries.middleware], logger=None)
    store = Store()
    async with (
        running_invoice_host() as first,
        running_invoice_host() as second,
        running_invoice_host() as quick,
        httpx.AsyncClient(trust_env=False) as http,
        broker,
    ):
        hosts = (first, second)
        for host in hosts:
            host.answers(Answer(b"{", promised=1000, stalls=True))
        quick.answers(b"")
        fetcher = LinesFetcher(http, frozenset(host.name for host in (*hosts, quick)))
        intake = Intake(cast("Any", store), NobodysRuns(), fetcher, PlanningSlots())
        use_cases = SimpleNamespace(intake=intake, connection_test=SimpleNamespace(test=None))
        planner.app.build(broker, publisher, planner=cast("Any", use_cases), owed_runs=cast("Any", None))
        await broker.start()

        async def all_places_of_slow_hosts_are_kept() -> bool:
            return all(len(host.asked) == FETCHES_A_HOST for host in hosts)

        for number in range(3 * FETCHES_AT_ONCE):
            await outside.send(event(f"slow-{number}", hosts[number % 2]), INVOICE_READY.name)
        await until(all_places_of_slow_hosts_are_kept, what="fetching from the slow hosts", timeout_s=20)
        await outside.send(event("small"), INVOICE_READY.name)

        async def small_one_is_in() -> bool:
            return store.partners == ["small"]

        await until(small_one_is_in, what="the small invoice", timeout_s=10)
        assert [len(host.asked) for host in hosts] == [FETCHES_A_HOST] * 2
        await outside.holds(INVOICE_READY.name, 0)
