"""A host of invoices, and who fetches from it."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
from planner.lines_fetcher import LinesFetcher

from tests.integration.invoice_host import running_invoice_host

from .desk import Desk


@pytest_asyncio.fixture(loop_scope="session")
async def desk() -> AsyncIterator[Desk]:
    # The client would follow redirects: that they are refused is the fetcher's own doing.
    async with running_invoice_host() as host, httpx.AsyncClient(follow_redirects=True, trust_env=False) as http:
        desk = Desk(host, LinesFetcher(http, frozenset({host.name, f"localhost:{host.port}", "invoices.example"})))

        async def note(request: httpx.Request) -> None:
            desk.asked.append(str(request.url))

        http.event_hooks = {"request": [note]}
        yield desk
