"""`python -m devstack demo`: the main job on real servers, from an empty machine to licences in Halo.

It ends with exit status 0 only if Halo holds exactly what the sample expects, the counters say so, and a second Sync
finds nothing to do.
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import typer
from halo_sandbox.client import SandboxAdmin
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from devstack.demo_checks import DemoFailedError, compare_run, halo_holds, pages_of
from devstack.fields import Fields
from devstack.log_in import log_in
from devstack.options import StackOptions
from devstack.own_domain import HOST
from devstack.sample import APPLICATION, PARTNER, TENANT, Sample, counters, make_sample
from devstack.sink import EMAIL, Sink, notice_sink
from devstack.stack import Stack
from devstack.up import addresses, until_signalled, with_sink
from devstack.wait import until

_API = f"/v1/partners/{PARTNER}"
_PATIENCE_S = 60.0
_ROWS_SHOWN = 3
_SYNCS = 3


def demo(
    leave: Annotated[bool, typer.Option("--exit", help="End when the result has been checked.")] = False,
    writers: Annotated[int, typer.Option(min=1, help="How many halo-writers to run.")] = 2,
    http_port: Annotated[int | None, typer.Option(help="Where report-api listens; by default a free port.")] = None,
    own_domain: Annotated[bool, typer.Option(help=f"Reach the sandbox at a partner's own domain, {HOST}.")] = False,
) -> None:
    """Show an invoice becoming licences in a sandbox Halo; then stay up until Ctrl-C."""
    console = Console(log_path=False, soft_wrap=True)
    options = StackOptions(
        writers=writers, http_port=http_port, own_domain=own_domain, progress=console.log, durable=False
    )

    with notice_sink() as sink:

        async def show(stack: Stack) -> None:
            await Demo(stack, console, make_sample(), sink).run()
            if leave:
                return
            console.print(addresses(stack, sink))
            console.log("Running until Ctrl-C")
            await asyncio.Event().wait()

        until_signalled(with_sink(options, sink), show, console)


class Demo:
    """The steps of the demonstration."""

    def __init__(self, stack: Stack, console: Console, sample: Sample, sink: Sink | None = None) -> None:
        self._stack = stack
        self._sink = sink
        self._console = console
        self._sample = sample

    async def run(self) -> None:
        """Do it all.

        Raises:
            DemoFailedError: the result is not what the sample expects.
        """
        api_key = await self._partner()
        headers = {"Authorization": f"Bearer {api_key}"}
        sandbox_url = self._stack.sandbox_url or ""
        async with (
            SandboxAdmin(sandbox_url) as halo,
            httpx.AsyncClient(base_url=self._stack.http_url, headers=headers, timeout=30) as api,
        ):
            # It shows a first review, whatever the stack's partners have by default.
            (await api.put(f"{_API}/settings", json={"review_first_sync": True})).raise_for_status()
            if self._sink is not None:
                (await api.post(f"{_API}/webhooks", json={"url": self._sink.url})).raise_for_status()
                person = f"{_API}/people/biller@acme.example"
                (await api.put(person, json={"role": "biller"})).raise_for_status()
            await self._connect(halo, api)
            await self._publish(api)
            asked = await self._sync(api, "Sync")
            await self._show_items(api, asked["run_id"])
            compare_run("the first Sync", asked, "partial", counters(self._sample.asked))
            await self._show_review(api, asked)
            await self._sync_what_was_approved(api, asked["counters"]["held"])
            self._console.log(await halo_holds(halo, self._sample.wanted))
            again = await self._sync(api, "Sync again")
            compare_run("the last Sync", again, "partial", counters(self._sample.again))
            reads = pages_of(len(self._sample.clients)) + pages_of(len(self._sample.wanted))
            used = again["halo_requests"]
            if used > reads:  # fewer: by then it is known that this Halo gives larger pages
                raise DemoFailedError(f"the last Sync used {used} requests instead of at most {reads}")
            self._console.log(f"[green]The last Sync changed nothing: {used} requests, all of them reads[/green]")
            self._console.log(await halo_holds(halo, self._sample.wanted))
            if self._sink is not None:
                await self._until_told(self._sink)
        words = f"\nTo see it in the portal, open {self._stack.http_url}/ and sign in with this API key of {PARTNER}:"
        self._console.print(f"{words}\n{api_key}", highlight=False)

    async def _until_told(self, sink: Sink) -> None:
        async def told() -> bool:
            finished = {one.notice_id for one in sink.arrived if one.type == "run.finished"}
            return len(finished) == _SYNCS and any(one.type == EMAIL for one in sink.arrived)

        await until(told, what="telling the sink of every Sync, and a person by e-mail", timeout_s=_PATIENCE_S)
        types = ", ".join(sorted({one.type for one in sink.arrived}))
        self._console.log(f"The sink was told: {types}. Look at {sink.url}")

    async def _partner(self) -> str:
        self._console.log(f"Adding the partner {PARTNER} and an API key")
        await self._stack.cli("partner", "add", PARTNER, "--name", "Acme MSP")
        created = await self._stack.cli("key", "create", "--partner", PARTNER, "--name", "demo")
        return str(created["api_key"])

    async def _connect(self, halo: SandboxAdmin, api: httpx.AsyncClient) -> None:
        """Register the application in the sandbox, walk through Halo's log-in, and complete it as a program does."""
        redirect = f"{self._stack.http_url}/accounts/"
        await halo.put_tenant(
            TENANT,
            applications=[{"client_id": APPLICATION, "name": "converge", "redirect_uris": [redirect]}],
            clients=self._sample.clients,
            licences=self._sample.licences,
            settings={"addresses": [HOST]},
        )
        if self._stack.own_domain is None:
            answer = await log_in(api, PARTNER, TENANT, APPLICATION)
        else:
            answer = await self._stack.own_domain.log_in(api, PARTNER, APPLICATION)
        answer.raise_for_status()
        state = (await api.get(f"{_API}/connection")).json()
        if state["state"] != "connected":
            raise DemoFailedError(f"the connection is {state['state']}: {state['problem']}")
        self._console.log(f"Connected to the Halo at {state['tenant']}; granted: {', '.join(state['granted_scopes'])}")

    async def _publish(self, api: httpx.AsyncClient) -> None:
        """Publish the invoice as the invoice system does, and wait until it is loaded."""
        event = self._sample.event
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump(event, file, ensure_ascii=False)
            file.flush()
            await self._stack.cli("invoice", "publish", file.name)

        async def loaded() -> bool:
            return bool((await api.get(f"{_API}/invoices")).json()["items"])

        await until(loaded, what="loading the invoice", timeout_s=_PATIENCE_S)
        customers = len({line["customer_id"] for line in event["lines"]})
        self._console.log(f"Invoice {event['invoice_id']}: {len(event['lines'])} lines of {customers} customers")

    async def _show_review(self, api: httpx.AsyncClient, run: Fields) -> None:
        """Show what the first Sync asks about: it would remove or reprice what halosync did not write."""
        found = await api.get(f"{_API}/runs/{run['run_id']}/items", params={"outcome": "held", "limit": 500})
        items = found.json()["items"]
        if {item["reason"] for item in items} != {"first_review"}:
            raise DemoFailedError("the first Sync held something for another reason than the first review")
        prices = sum(item["action"] == "update" for item in items)
        self._console.log(
            f"First review: the selling price of {prices} licences would change and {len(items) - prices} licences "
            f"would be removed; a person approves {len(items)} changes"
        )

    async def _sync_what_was_approved(self, api: httpx.AsyncClient, held: int) -> None:
        approved = await self._sync(api, "Sync, approved", approve_review=held)
        compare_run("the approved Sync", approved, "partial", counters(self._sample.first))

    async def _sync(self, api: httpx.AsyncClient, title: str, **options: int) -> Fields:
        """Start a run, follow it live, and return how it ended."""
        answer = await api.post(f"{_API}/runs", json={"mode": "apply", **options})
        answer.raise_for_status()
        run_id = answer.json()["run_id"]
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console) as progress:
            bar = progress.add_task(title, total=None)
            async for live in _events(api, f"{_API}/runs/{run_id}/events"):
                numbers = live.get("counters", live)
                done = numbers["total"] - numbers["pending"]
                progress.update(bar, total=numbers["total"] or None, completed=done)
        run: Fields = (await api.get(f"{_API}/runs/{run_id}")).json()
        self._console.print(_run_table(title, run))
        return run

    async def _show_items(self, api: httpx.AsyncClient, run_id: str) -> None:
        table = Table(title="The first lines of each outcome", title_justify="left")
        for column in ("Customer", "Product", "Action", "Outcome", "Why"):
            table.add_column(column, overflow="fold")
        for outcome in ("synced", "skipped", "held", "failed"):
            found = await api.get(f"{_API}/runs/{run_id}/items", params={"outcome": outcome, "limit": _ROWS_SHOWN})
            for item in found.json()["items"]:
                product = item["product_code"] or item["licence_name"]
                table.add_row(item["customer_name"], product, item["action"], outcome, item["detail"] or "")
        self._console.print(table)


async def _events(api: httpx.AsyncClient, path: str) -> AsyncIterator[Fields]:
    """Yield what report-api tells of a run, live, until it ends."""
    async with api.stream("GET", path, timeout=httpx.Timeout(30, read=_PATIENCE_S)) as answer:
        answer.raise_for_status()
        async for line in answer.aiter_lines():
            if line.startswith("data:"):
                yield json.loads(line.removeprefix("data:"))


def _run_table(title: str, run: Fields) -> Table:
    table = Table("Counter", title=f"{title}: {run['state']}, {run['halo_requests']} requests to Halo")
    table.title_justify = "left"
    table.add_column("Items", justify="right")
    for name, number in run["counters"].items():
        table.add_row(name, str(number))
    return table
