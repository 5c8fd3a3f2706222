"""Random months by planner and writer: billed = in Halo + what the reasons say, always, and certificates say so too."""

from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple

import pytest
from devstack.fields import Fields
from halosync.contracts.invoice_checks import InvalidInvoiceError
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.run_order import RunMode
from halosync.ports.months import Closing
from halosync.ports.run_start import RunNotStartedError
from halosync.store.months import MonthStore

from .conftest import Pipeline
from .parts import PARTNER, TENANT

pytestmark = pytest.mark.integration

STEPS = 8
MONTHS = {"2026-11": "AUD", "2026-12": "USD"}
CYCLES = ("Monthly", "Monthly", "Annual", " monthly")
LINK = """INSERT INTO customer_link (partner_id, customer_id, halo_client_id, excluded) VALUES ($1, $2, $3, $4)
ON CONFLICT (partner_id, customer_id) DO UPDATE SET halo_client_id = $3, excluded = $4"""
CHOICE = "INSERT INTO month_choice VALUES ($1, $2, $3) ON CONFLICT (partner_id, period) DO UPDATE SET invoices = $3"
BILLED = """SELECT coalesce(sum(round(l.quantity * l.unit_price, 2)), 0) FROM invoice_line l
WHERE l.kind = 'recurring' AND l.invoice_pk = ANY (invoices_that_count($1, $2))"""


class Closed(NamedTuple):
    """A month as it was closed, and the lines that it was made of then."""

    period: str
    closing: Closing
    lines: str


LINES = """SELECT md5(string_agg(concat_ws(chr(31), i.revision, l.*), chr(30) ORDER BY l.invoice_pk, l.line_no))
FROM invoice_line l JOIN invoice i USING (invoice_pk) WHERE l.invoice_pk = ANY (invoices_that_count($1, $2))"""


class Story:
    """What happens to a partner, drawn from a seed."""

    def __init__(self, pipeline: Pipeline, seed: int, *, adding: bool) -> None:
        self.pipeline, self.dice, self.adding = pipeline, Random(seed), adding
        self.published = 0
        self.closed: list[Closed] = []

    def lines(self) -> list[Fields]:
        """Draw the lines of an invoice: some are of one product, some of nobody's, some are no licences."""
        others = (
            {"customer_id": "C-9", "customer_name": "Nobody's"},
            {"customer_id": "C-2", "customer_name": "Fabrikam"},
        )
        return [
            {
                "product_code": f"P-{self.dice.randint(1, 3)}",
                "quantity": self.dice.choice([str(self.dice.randint(0, 9)), "2.5", str(self.dice.randint(100, 4000))]),
                "unit_price": f"{self.dice.randint(0, 9_999) / 1000}",
                "kind": self.dice.choice(["recurring", "recurring", "recurring", "usage"]),
                "billing_cycle": self.dice.choice(CYCLES),
                **self.dice.choice([{}, {}, *others]),
            }
            for _ in range(self.dice.randint(1, 5))
        ]

    async def publish(self) -> None:
        """An invoice, a revision of it, or one that replaces it; `adding`: one more, which counts with the others."""
        self.published += 1
        period = self.dice.choice(list(MONTHS))
        of = await self.pipeline.pool.fetch(
            "SELECT invoice_id, revision FROM invoice WHERE period = $1 AND superseded_by IS NULL", period
        )
        header: Fields = {"invoice_id": f"INV-{self.published}", "period": period}
        header["issued_at"] = (datetime(2027, 1, 5, tzinfo=UTC) + timedelta(minutes=self.published)).isoformat()
        kind = "new" if self.adding else self.dice.choice(["new", "revision", "replacement"])
        if of and kind == "revision":
            last = self.dice.choice(of)
            header |= {"invoice_id": last["invoice_id"], "revision": last["revision"] + 1}
        elif of and kind == "replacement":
            header["replaces"] = self.dice.choice(of)["invoice_id"]
        with suppress(InvalidInvoiceError):
            currency = self.dice.choice([*[MONTHS[period]] * 4, "NZD"])
            await self.pipeline.invoice(self.lines(), currency=currency, **header)
        choice = "together" if self.adding else self.dice.choice(["together", "newest"])
        await self.pipeline.pool.execute(CHOICE, PARTNER, period, choice)

    async def run(self) -> None:
        """A Sync, also of an older invoice, an undo of any run, or a preview of one."""
        options: Fields = {}
        runs = await self.pipeline.pool.fetch("SELECT run_id FROM run WHERE mode IN ('apply', 'undo')")
        if self.dice.random() < 0.3:
            invoices = await self.pipeline.pool.fetch("SELECT invoice_id FROM invoice WHERE superseded_by IS NULL")
            options = {"invoice_id": self.dice.choice(invoices)["invoice_id"], "allow_older": True}
        elif runs and self.dice.random() < 0.5:
            mode = self.dice.choice([RunMode.UNDO, RunMode.UNDO, RunMode.UNDO_PREVIEW])
            options = {"mode": mode, "undoes": self.dice.choice(runs)["run_id"]}
        with suppress(RunNotStartedError):
            await self.pipeline.sync(**options)

    async def edit(self) -> None:
        """Somebody edits a licence in Halo."""
        if licences := list((await self.pipeline.licences()).values()):
            number = self.dice.choice(licences)["id"]
            await self.pipeline.sandbox.admin.change_licence(TENANT, number, count=float(self.dice.randint(0, 9)))

    async def change(self) -> None:
        """The partner changes a setting or a link, or its Halo another thing than what it is told."""
        what, value = self.dice.choice(
            [
                ("price_field", self.dice.choice(["price", "purchase_price", "none"])),
                ("removal", self.dice.choice(["delete", "deactivate", "zero"])),
                ("billing_cycles", self.dice.choice([{}, {"Annual": "Yearly"}])),
                ("on_drift", self.dice.choice(["overwrite", "hold"])),
                ("guard_max_count", self.dice.choice([0, 10])),
                ("link", self.dice.choice([1, 2])),
                ("exclude", None),
                ("kept_prices", self.dice.choice(["as_sent", "cents"])),
                ("kept_counts", self.dice.choice(["as_sent", "whole"])),
            ]
        )
        if what in {"link", "exclude"}:
            await self.pipeline.pool.execute(LINK, PARTNER, "C-9", value, what == "exclude")
        elif what.startswith("kept_"):
            await self.pipeline.sandbox.admin.change_settings(TENANT, **{what: value})
        else:
            await self.pipeline.pool.execute(f"UPDATE partner SET {what} = $1", value)

    async def close(self) -> None:
        """A person accepts all that keeps a month open, and closes it."""
        months = MonthStore(self.pipeline.pool)
        period = self.dice.choice(list(MONTHS))
        for row in await months.items(PARTNER, period, most=1000):
            if row.wants_word and row.note is None:
                await months.accept(PARTNER, period, row.item_key, f"Right: {row.reason}", by=COMMAND_LINE)
        if (month := await months.month(PARTNER, period)) is None:
            return
        stood = month.closing is not None
        closing = await months.close(PARTNER, period, seen=month.reconciliation.accepted, by=COMMAND_LINE)
        assert closing is not None
        if not stood:
            lines = await self.pipeline.pool.fetchval(LINES, PARTNER, period)
            self.closed.append(Closed(period, closing, str(lines)))
            await certifies(self.pipeline, period, closing)


MIXED = [(seed, False) for seed in range(10)]
ADDING = [(seed, True) for seed in (21, 43)]
"""The story is of invoices alone, each synchronised before the next one comes; in both two runs know a licence."""


@pytest.mark.parametrize(("seed", "adding"), MIXED + ADDING)
async def test_every_month_adds_up_after_every_step(pipeline: Pipeline, seed: int, adding: bool) -> None:
    there = {"client_id": 1, "name": "P-2", "count": 5.0, "price": 4.0, "billing_cycle": "Monthly"}
    await pipeline.sandbox.admin.add_licences(TENANT, there, {**there, "name": "OLD"})
    if adding:
        await pipeline.pool.execute("UPDATE partner SET guard_max_count = 0, guard_max_fraction = 0")
    story = Story(pipeline, seed, adding=adding)
    await story.publish()
    everything = [story.publish, story.run, story.run, story.run, story.change, story.edit, story.close]
    steps = [[story.run], [story.publish]] * (STEPS // 2) if adding else [everything] * STEPS
    for choices in steps:
        await story.dice.choice(choices)()
        for period in MONTHS:
            await adds_up(pipeline, period)
    await story.close()
    await are_kept(pipeline, story.closed)


async def certifies(pipeline: Pipeline, period: str, closing: Closing) -> None:
    """Compare a certificate with the month that it is of: its sums, and each exception with who accepted it."""
    month, zero = await MonthStore(pipeline.pool).month(PARTNER, period), Decimal(0)
    assert month is not None
    assert month.closing is not None, "it is closed by that"
    said = closing.certificate
    totals = {
        name: sum((Decimal(each[name]) for each in said["totals"]), zero)
        for name in ("billed", "in_halo", "explained", "unexplained")
    }
    assert totals["billed"] == await pipeline.pool.fetchval(BILLED, PARTNER, period)
    assert (totals["unexplained"], totals["billed"]) == (zero, totals["in_halo"] + totals["explained"])
    exceptions = said["exceptions"]
    differ = sum((Decimal(each["billed"]) - Decimal(each["in_halo"]) for each in exceptions), zero)
    assert differ == totals["billed"] - totals["in_halo"], "all that differs is named"
    rows = await MonthStore(pipeline.pool).items(PARTNER, period, most=1000)
    open_ones = {row.item_key for row in rows if row.wants_word}
    assert open_ones <= {each["item_key"] for each in exceptions}
    for each in exceptions:
        if each["item_key"] in open_ones:
            assert (each["note"], each["accepted_by"]) == (f"Right: {each['reason']}", COMMAND_LINE.name)
    counted = {(each.invoice.invoice_id, each.invoice.revision) for each in month.invoices if each.counts}
    assert {(each["invoice_id"], each["revision"]) for each in said["invoices"]} == counted


async def are_kept(pipeline: Pipeline, closed: list[Closed]) -> None:
    """See that no certificate has changed, and that a fingerprint is the same for the same lines alone."""
    months = MonthStore(pipeline.pool)
    for each in closed:
        kept = await months.closing(PARTNER, each.period, number=each.closing.number)
        assert kept is not None
        assert kept.certificate == each.closing.certificate
    for one in closed:
        for other in closed:
            same = one.closing.certificate["fingerprint"] == other.closing.certificate["fingerprint"]
            assert same == ((one.period, one.lines) == (other.period, other.lines))


async def adds_up(pipeline: Pipeline, period: str) -> None:
    """Compare a month's sums with each other, and what is billed with its lines."""
    month = await MonthStore(pipeline.pool).month(PARTNER, period)
    if month is None:
        return
    assert {each.invoice.currency for each in month.invoices if each.counts} == {month.currency}
    found, zero = month.reconciliation, Decimal(0)
    for total in found.totals:
        assert (total.unexplained, total.billed) == (zero, total.in_halo + total.explained)
    billed, in_halo = (sum((getattr(t, name) for t in found.totals), zero) for name in ("billed", "in_halo"))
    assert billed == await pipeline.pool.fetchval(BILLED, PARTNER, period)
    assert billed - in_halo == sum((each.amount for each in found.reasons), zero)
    assert sum((each.difference for each in found.customers), zero) == billed - in_halo
    for customer in found.customers:
        assert customer.difference == sum((each.amount for each in customer.reasons), zero)
    rows = await MonthStore(pipeline.pool).items(PARTNER, period, most=1000)
    assert sum((row.difference for row in rows), zero) == billed - in_halo
    things: dict[int, set[str]] = defaultdict(set)
    restored = await pipeline.pool.fetch("SELECT licence_id, is_now FROM newest_restored($1)", PARTNER)
    is_now: dict[int, int] = {row["licence_id"]: row["is_now"] for row in restored}
    for row in rows:
        if row.halo_licence_id is not None:
            things[is_now.get(row.halo_licence_id, row.halo_licence_id)].add(row.item_key)
    assert all(len(keys) == 1 for keys in things.values()), "what a licence holds counts once"
