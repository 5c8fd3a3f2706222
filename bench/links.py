"""How long the Customers tab takes with 5,000 customers and 5,000 clients, beside the bare read of what it shows.

Real are Postgres, the stores and the use cases; half of the customers match by name and half need a person. Measured
are seconds of this process' processor and of the clock, medians of the rounds. A page or an answer of the type-ahead
that takes more than LIMIT_S of the processor lets somebody who links customers wait.
"""

import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from uuid import uuid4

from devstack.postgres import postgres
from halosync.domain.acts import Actor
from halosync.domain.plan import CustomerLink
from halosync.ports.links import LinkChange
from halosync.store.links import CustomerLinks
from halosync.store.migrate import migrate
from halosync.store.partners import PartnerStore
from halosync.store.pool import Pool, open_pool
from report_api.links.changes import file_rows, read_file
from report_api.links.customers import CUSTOMERS
from report_api.links.kind import Standing
from report_api.links.list_page import View, link_table
from report_api.links.pages.lists import choices
from report_api.links.service import Linking
from report_api.web.csv_export import cell
from row import Effort, Figure, Found, Row, WrongEndError

LIMIT_S = 0.8
PAGES = {
    "first page, all unmatched": View(),
    "a page without suggestions": View(show=Standing.NAME, page=7),
    "searched": View(q="woodgrove 12"),
}
TYPE_AHEAD = "the type-ahead"
PARTNER, BY = "big", Actor("bench")
BILLED = ("recurring", Decimal(1), Decimal(10), "Monthly")
WORDS = [
    *(
        "alpha",
        "beta",
        "gamma",
        "northwind",
        "contoso",
        "fabrikam",
        "traders",
        "systems",
        "solutions",
        "group",
        "health",
    ),
    *("dental", "legal", "global", "data", "cloud", "services", "holdings", "partners", "tailspin", "wingtip", "works"),
    *("woodgrove", "adventure", "fourth", "coffee"),
]


def names(number: int) -> list[str]:
    chance = random.Random(number)
    return [f"{' '.join(chance.choices(WORDS, k=chance.randint(2, 4)))} {n}" for n in range(number)]


async def load(pool: Pool, number: int) -> None:
    await PartnerStore(pool).add(PARTNER, "Big")
    invoice_pk = await pool.fetchval(
        "INSERT INTO invoice (partner_id, invoice_id, revision, event_id, period, currency, issued_at, line_count,"
        " total) VALUES ($1, 'INV', 1, $2, '2026-11', 'AUD', now(), $3, 1) RETURNING invoice_pk",
        PARTNER,
        uuid4(),
        number * 4,
    )
    await pool.execute("INSERT INTO halo_snapshot VALUES ($1, 'big', now())", PARTNER)
    every = names(number)
    lines = [
        (invoice_pk, n, str(n), f"C-{n % number}", every[n % number], f"P-{n // number}", "Product", *BILLED)
        for n in range(number * 4)
    ]
    async with pool.acquire() as connection:
        await connection.copy_records_to_table("invoice_line", records=lines)
        clients = [(PARTNER, n, name if n % 2 else f"{name} pty ltd", False) for n, name in enumerate(every)]
        await connection.copy_records_to_table("halo_client", records=clients)


class Times:
    """How long what takes, in the middle."""

    def __init__(self) -> None:
        self.seconds: dict[str, dict[str, float]] = {}

    async def take(self, what: str, ask: Callable[[], Awaitable[object]], rounds: int) -> None:
        took: list[tuple[float, float]] = []
        for _ in range(rounds):
            began = time.process_time(), time.perf_counter()
            await ask()
            took.append((time.process_time() - began[0], time.perf_counter() - began[1]))
        processor, clock = (statistics.median(each) for each in zip(*took, strict=True))
        self.seconds[what] = {"processor": processor, "clock": clock}
        print(f"  {what}: {processor:.3f} s of the processor, {clock:.3f} s", flush=True)


async def measure(number: int, rounds: int) -> dict[str, dict[str, float]]:
    times = Times()
    async with postgres(None) as running:
        url = await running.create_database("bench")
        await migrate(url)
        pool = await open_pool(url, max_size=2)
        await load(pool, number)
        store = CustomerLinks(pool)
        await times.take("the bare read", lambda: store.picture(PARTNER), rounds)

        async def shown(view: View) -> None:
            picture = await store.picture(PARTNER)
            await asyncio.to_thread(link_table, CUSTOMERS, picture, view)

        async def type_ahead() -> None:
            picture = await store.picture(PARTNER)
            await asyncio.to_thread(choices, CUSTOMERS, picture, "C-0", "northw")

        for what, view in PAGES.items():
            await times.take(what, partial(shown, view), rounds)
        await times.take(TYPE_AHEAD, type_ahead, rounds)
        await files(store, number, times, rounds)
        await pool.close()
    return times.seconds


async def files(store: CustomerLinks, number: int, times: Times, rounds: int) -> None:
    """A file that links every customer anew, read and applied."""
    picture = await store.picture(PARTNER)
    rows = [{**row, "halo_client_id": (n + 1) % number} for n, row in enumerate(file_rows(CUSTOMERS, picture))]
    lines = [
        ",".join(CUSTOMERS.columns),
        *(",".join(cell(row[name]) for name in CUSTOMERS.columns) for row in rows),
    ]
    content = "\n".join(lines).encode()

    async def read() -> list[LinkChange[CustomerLink]]:
        return await asyncio.to_thread(read_file, CUSTOMERS, content, picture)

    await times.take("reading a file of all customers", read, rounds)
    changes = await read()
    linking = Linking(CUSTOMERS, store)
    await times.take("applying a file of all customers", lambda: linking.apply(PARTNER, changes, BY), 1)
    links = (await store.picture(PARTNER)).links
    if not changes or any(links[each.key] != each.after or each.after == CustomerLink() for each in changes):
        raise WrongEndError("the file was not applied")


def measure_row(effort: Effort) -> Found:
    """Measure the Customers tab."""
    number = effort.of(5_000, 500)
    seconds = asyncio.run(measure(number, effort.turns))
    waits = (*PAGES, TYPE_AHEAD)
    figures = [
        Figure(f"{what}: of the processor", each["processor"], LIMIT_S if what in waits else None, unit="s")
        for what, each in seconds.items()
    ]
    return Found(figures, {"customers": number, "seconds": seconds}, rounds=effort.turns)


ROW = Row(
    name="links",
    what="the Customers tab with 5,000 customers and 5,000 clients",
    against="the bare read of what it shows",
    to_reach="0.8 s of the processor for a page",
    measure=measure_row,
    first_s=15,
    round_s=4,
    compared=False,
)
