"""What a plan is made from, and the plan itself: items, batches and orders to the writers, in one transaction."""

from collections.abc import Sequence
from uuid import UUID

from halosync.domain.batching import Batch
from halosync.domain.model import Action, LicenceState, Outcome, Traits
from halosync.domain.plan import Plan, PlanInput, PlannedItem, PlanSettings
from halosync.domain.review_choices import ReviewOutlook
from halosync.domain.states import ActionState, RunState
from halosync.ports.reads import ReadProgress
from halosync.ports.run_claim import LostClaimError
from halosync.store.batches import write_batches
from halosync.store.item_traces import drift_as_json
from halosync.store.plan_inputs import licences_read, plan_inputs, settings_of
from halosync.store.pool import Connection, Pool
from halosync.store.queries import QUERIES
from halosync.store.reads import replace_snapshot
from halosync.store.reviews import outlooks_as_json
from halosync.store.runs import end_run, finish_if_done
from halosync.store.unsure_creates import NOTHING_CAME, found_of, remember, unsure_creates

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
        return settings_of(await QUERIES.plan_settings(self._pool, partner_id=partner_id))

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
        approvals = {"approve_removals": approve_removals, "approve_review": approve_review}
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            return await plan_inputs(connection, read, invoice_pk, **approvals)

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
            begin = QUERIES.begin_writing if apply else QUERIES.begin_preview
            has_written: bool | None = await begin(
                connection,
                run_id=run_id,
                claim=claim,
                removal=settings.removal,
                price_field=settings.price_field,
                licence_type=settings.licence_type,
                details=settings.details,
                review=outlooks_as_json(review) if review else None,
            )
            if has_written is None:
                raise LostClaimError(str(run_id))
            batch_of = await write_batches(connection, read, batches) if apply else {}
            await connection.copy_records_to_table(
                "item",
                records=(
                    _item(run_id, seq, item, batch_of.get(seq), apply=apply) for seq, item in enumerate(plan.items)
                ),
                columns=_ITEM_COLUMNS,
            )
            unsure = await unsure_creates(connection, read) if has_written else ()
            licences = await licences_read(connection, read, lambda text, _: text) if unsure else []
            await replace_snapshot(connection, read.read_id, read.partner_id, read.tenant)
            await remember(connection, read.partner_id, found_of(unsure, licences, NOTHING_CAME).recognised)
            if apply:
                await self._apply(connection, read, plan)
                if not batches:
                    await finish_if_done(connection, run_id)
            else:
                await end_run(connection, run_id, RunState.PREVIEWED)

    async def _apply(self, connection: Connection, read: ReadProgress, plan: Plan) -> None:
        """Carry out what a plan says of licences without writing them; only what it says is asked of the database."""
        whose = {"run_id": read.read_id, "partner_id": read.partner_id}
        unchanged = [item for item in plan.items if item.action is Action.UNCHANGED]
        if any(item.drift for item in unchanged):
            await QUERIES.accept_edits(connection, **whose)
        if plan.accepted_deletions:
            deletions = list(plan.accepted_deletions)
            await QUERIES.forget_vanished(connection, partner_id=read.partner_id, licence_ids=deletions)
        if not all(item.owned_after for item in unchanged):
            await QUERIES.give_back(connection, **whose)
        if plan.review_done:
            await QUERIES.review_is_done(connection, partner_id=read.partner_id, tenant=read.tenant)


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
