"""The intake of one planner, with a host that it may fetch from."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
from halosync.store.invoices import InvoiceStore
from halosync.store.partners import PartnerStore
from halosync.store.pool import Pool
from halosync.store.runs import RunStore
from planner.intake import Intake
from planner.lines_fetcher import LinesFetcher
from planner.planning_slots import PlanningSlots

from tests.integration.invoice_host import running_invoice_host

from .desk import PARTNER, Desk


@pytest_asyncio.fixture(loop_scope="session")
async def desk(pool: Pool) -> AsyncIterator[Desk]:
    await PartnerStore(pool).add(PARTNER, "Acme MSP")
    runs = RunStore(pool)
    async with running_invoice_host() as host, httpx.AsyncClient(trust_env=False) as http:
        fetcher = LinesFetcher(http, frozenset({host.name}))
        yield Desk(pool, host, runs, Intake(InvoiceStore(pool), runs, fetcher, PlanningSlots()))
