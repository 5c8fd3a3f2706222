"""What a plan is made from, and the plan itself: items, batches and orders to the writers, in one transaction."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from uuid import UUID

import asyncpg

from halosync.domain.batching import Batch
from halosync.domain.model import (
    Cleanup,
    Client,
    Licence,
    LicenceState,
    Line,
    LineKind,
    OnDrift,
    Outcome,
    PriceField,
    Removal,
    Traits,
)
from halosync.domain.plan import DeleteGuard, Plan, PlanInput, PlannedItem, PlanSettings
from halosync.domain.review_choices import ReviewOutlook
from halosync.domain.states import ActionState, RunState
from halosync.ports.reads import ReadProgress
from halosync.ports.run_claim import LostClaimError
from halosync.store.batches import issue, write_batches
from halosync.store.item_traces import approved_changes, drift_as_json, restored_licences, undone_run
from halosync.store.links import CustomerLinks, ProductLinks
from halosync.store.pool import Connection, Pool
from halosync.store.queries import QUERIES
from halosync.store.reads import replace_snapshot
from halosync.store.reviews import outlooks_as_json
from halosync.store.runs import end_run, finish_if_done
from halosync.store.unsure_creates import NOTHING_CAME, came_since, found_of, remember, unsure_creates, with_recognised
from halosync.store.written import written_licences

_ITEM_COLUMNS = (
    *("run_id", "seq", "customer_ids", "customer_name", "halo_client_id", "product_code", "licence_name"),
    *("halo_licence_id", "action", "outcome", "reason", "detail"),
    *("before_quantity", "before_price", "before_billing_cycle", "before_active"),
    *("after_quantity", "after_price", "after_billing_cycle", "after_active"),
    *("set_name", "drift", "was_name", "was_other_price", "was_licence_type", "was_asked_name"),
    *("was_product_sku", "restores_licence_id", "undoes_item_id"),
    *("was_owned", "owned_after"),
    *("line_nos", "batch_id", "action_state"),
)


class PlanStore:
    """Loads what a plan depends on and stores the plan."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def settings(self, partner_id: str) -> PlanSettings:
        """Return the partner's settings that shape a plan."""
        row = await QUERIES.plan_settings(self._pool, partner_id=partner_id)
        guard = None
        if row["guard_max_count"] is not None:
            guard = DeleteGuard(row["guard_max_count"], row["guard_max_fraction"])
        return PlanSettings(
            Removal(row["removal"]),
            Cleanup(row["cleanup"]),
            PriceField(row["price_field"]),
            guard,
            adopt_foreign=row["adopt_foreign"],
            billing_cycles=row["billing_cycles"],
            licence_type=row["licence_type"],
            details=row["details"],
            on_drift=OnDrift(row["on_drift"]),
        )

    async def rows(self, read: ReadProgress, invoice_pk: int) -> int:
        """Return how many lines, clients and licences a plan is made from."""
        count: int = await QUERIES.plan_rows(self._pool, read_id=read.read_id, invoice_pk=invoice_pk)
        return count

    async def inputs(
        self,
        read: ReadProgress,
        invoice_pk: int,
        *,
        approve_removals: int | None = None,
        approve_review: int | None = None,
    ) -> PlanInput:
        """Load everything a plan depends on, as one consistent picture of the database."""
        texts: dict[str, str] = {}
        same = texts.setdefault  # equal texts share one object: 100,000 lines have few distinct customers and products
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            partner_id = read.partner_id
            here = {"partner_id": partner_id, "tenant": read.tenant}
            history = [row async for row in QUERIES.licence_history(connection, **here, read_id=read.read_id)]
            settings = await self.settings(partner_id)
            licences = await _licences_read(connection, read, same)
            unsure = await unsure_creates(connection, read)
            found = found_of(unsure, licences, await came_since(connection, read, unsure, licences))
            owned = {row["halo_licence_id"] for row in history if row["owned"]}
            undone = await undone_run(connection, read, licences)
            if undone is not None:
                settings = replace(settings, price_field=undone.price_field)
            return PlanInput(
                lines=[
                    Line(
                        row["line_no"],
                        same(row["customer_id"], row["customer_id"]),
                        same(row["customer_name"], row["customer_name"]),
                        same(row["product_code"], row["product_code"]),
                        LineKind(row["kind"]),
                        row["quantity"],
                        row["unit_price"],
                        same(row["billing_cycle"], row["billing_cycle"]),
                    )
                    async for row in QUERIES.lines_of(connection, invoice_pk=invoice_pk, run_id=read.read_id)
                    if undone is None
                ],
                clients=[Client(*row) async for row in QUERIES.clients_read(connection, read_id=read.read_id)],
                licences=licences,
                customer_links=await CustomerLinks.stored(connection, partner_id),
                product_links={
                    code: name for code, name in (await ProductLinks.stored(connection, partner_id)).items() if name
                },
                settings=settings,
                owned=frozenset(owned | found.recognised.keys()),
                removed=frozenset(row["halo_licence_id"] for row in history if row["removed"])
                | (undone.deleted if undone else frozenset()),
                written=with_recognised(written_licences(history, settings.price_field), found),
                approve_removals=approve_removals,
                owned_by_others=await _ids(QUERIES.written_by_others(connection, **here)),
                kept=await _ids(QUERIES.kept_licences(connection, **here)),
                review_due=await QUERIES.review_due(connection, **here),
                approve_review=approve_review,
                perhaps_created=found.perhaps,
                restored=found.restored | await restored_licences(connection, **here),
                perhaps_restored=found.perhaps_restored,
                approved=await approved_changes(connection, read.read_id),
                undone=None if undone is None else undone.items,
                left_at=frozenset() if undone is None else undone.left_at,
                vanished={
                    number: (client_id, code)
                    async for number, client_id, code in QUERIES.vanished_licences(connection, read_id=read.read_id)
                },
            )

    async def store(
        self,
        read: ReadProgress,
        claim: UUID,
        settings: PlanSettings,
        plan: Plan,
        batches: Sequence[Batch],
        *,
        apply: bool,
        review: Sequence[ReviewOutlook] = (),
    ) -> None:
        """Store a plan: items, batches, the first orders, and the snapshot of Halo it was made from.

        `review` is what the same Sync would do under each choice of the first review, if something waits for that.
        A preview, and a plan without anything to write, ends its run in the same transaction.

        Raises:
            LostClaimError: another planner has the run.
        """
        run_id = read.read_id
        async with self._pool.acquire() as connection, connection.transaction():
            begin = QUERIES.begin_writing if apply else QUERIES.lock_claimed_run
            if await begin(connection, run_id=run_id, claim=claim) is None:
                raise LostClaimError(str(run_id))
            await QUERIES.note_settings(
                connection,
                run_id=run_id,
                removal=settings.removal,
                price_field=settings.price_field,
                licence_type=settings.licence_type,
                details=settings.details,
                review=outlooks_as_json(review) if review else None,
            )
            batch_of = await write_batches(connection, read, batches) if apply else {}
            await connection.copy_records_to_table(
                "item",
                records=(
                    _item(run_id, seq, item, batch_of.get(seq), apply=apply) for seq, item in enumerate(plan.items)
                ),
                columns=_ITEM_COLUMNS,
            )
            unsure = await unsure_creates(connection, read)
            licences = await _licences_read(connection, read, lambda text, _: text) if unsure else []
            await replace_snapshot(connection, read.read_id, read.partner_id, read.tenant)
            await remember(connection, read.partner_id, found_of(unsure, licences, NOTHING_CAME).recognised)
            if apply:
                await QUERIES.accept_edits(connection, run_id=run_id, partner_id=read.partner_id)
                await QUERIES.forget_vanished(
                    connection, partner_id=read.partner_id, licence_ids=list(plan.accepted_deletions)
                )
                await QUERIES.give_back(connection, run_id=run_id, partner_id=read.partner_id)
                if plan.review_done:
                    await QUERIES.review_is_done(connection, partner_id=read.partner_id, tenant=read.tenant)
                await issue(connection, run_id)
                await finish_if_done(connection, run_id)
            else:
                await end_run(connection, run_id, RunState.PREVIEWED)


async def _licences_read(connection: Connection, read: ReadProgress, same: Callable[[str, str], str]) -> list[Licence]:
    return [
        Licence(
            row["halo_licence_id"],
            row["halo_client_id"],
            same(row["name"], row["name"]),
            row["quantity"],
            row["price"],
            row["purchase_price"],
            None if (cycle := row["billing_cycle"]) is None else same(cycle, cycle),
            row["is_active"],
            row["foreign_mark"],
            row["licence_type"],
            row["stamp"],
            row["product_sku"],
        )
        async for row in QUERIES.licences_read(connection, read_id=read.read_id)
    ]


async def _ids(rows: AsyncIterator[asyncpg.Record]) -> frozenset[int]:
    return frozenset([row["halo_licence_id"] async for row in rows])


def _item(run_id: UUID, seq: int, item: PlannedItem, batch_id: int | None, *, apply: bool) -> tuple[object, ...]:
    return (
        *(run_id, seq, list(item.customer_ids), item.customer_name, item.halo_client_id, item.product_code),
        *(item.licence_name, item.halo_licence_id, item.action, item.outcome, item.reason, item.detail),
        *_state(item.before),
        *_state(item.after),
        *(item.set_name, drift_as_json(item.drift), *_traits(item.was), item.restores),
        item.undoes if apply else None,
        *(item.was_owned, item.owned_after, list(item.line_nos), batch_id),
        ActionState.WAITING if item.outcome is Outcome.PENDING else ActionState.NONE,
    )


def _traits(was: Traits | None) -> tuple[object, ...]:
    if was is None:
        return (None, None, None, None, None)
    return (was.name, was.other_price, was.licence_type, was.asked_name, was.product_sku)


def _state(state: LicenceState | None) -> tuple[object, ...]:
    if state is None:
        return (None, None, None, None)
    return (state.quantity, state.price, state.billing_cycle, state.active)
