"""A double of `halosync.store.plans.PlanStore`, under the same suite (tests/integration/planning)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from halosync.domain.approvals import change_of
from halosync.domain.batching import Batch as PlannedBatch
from halosync.domain.licences import state_of
from halosync.domain.line_numbers import line_offset
from halosync.domain.model import Action, LastWritten, Line, Outcome, Reason, SeenLicence, WrittenLicence
from halosync.domain.plan import Plan, PlanInput, PlanSettings
from halosync.domain.review_choices import ReviewOutlook
from halosync.domain.states import RunState
from halosync.ports.reads import ReadProgress
from halosync.ports.run_claim import LostClaimError
from halosync.store.unsure_creates import with_recognised

from simulation.clock import now
from simulation.database import Database, Step
from simulation.rows import KnownLicence, Read
from simulation.unsure_creates import unsure_creates
from simulation.vanished import forget_returned, remembered, vanished_licences


class MemoryPlans:
    """As `PlanStore`."""

    def __init__(self, database: Database, step: Step) -> None:
        self._db = database
        self._step = step
        self._recognised: dict[UUID, Mapping[int, WrittenLicence]] = {}

    async def settings(self, _partner_id: str) -> PlanSettings:
        """As `PlanStore.settings`."""
        return self._db.settings

    async def rows(self, read: ReadProgress, invoice_pk: int) -> int:
        """As `PlanStore.rows`."""

        def effect() -> int:
            rows = self._db.reads.get(read.read_id, Read())
            return len(self._lines(read, invoice_pk)) + len(rows.clients) + len(rows.licences)

        return await self._step(effect)

    def _lines(self, read: ReadProgress, invoice_pk: int) -> list[Line]:
        """Return the lines of all invoices of a run, with numbers of their own."""
        invoices = [self._db.invoices[pk] for pk in (invoice_pk, *self._db.runs[read.read_id].further)]
        return [
            replace(line, line_no=line.line_no + line_offset(place)) if place else line
            for place, invoice in enumerate(invoices)
            for line in invoice.lines
        ]

    async def inputs(
        self,
        read: ReadProgress,
        invoice_pk: int,
        *,
        approve_removals: int | None = None,
        approve_review: int | None = None,
    ) -> PlanInput:
        """As `PlanStore.inputs`."""

        def effect() -> PlanInput:
            rows = self._db.reads.get(read.read_id, Read())
            run = self._db.runs[read.read_id]
            found = unsure_creates(self._db, rows)
            memory = remembered(self._db, rows)
            owned = {number for number, licence in memory.items() if licence.owned}
            self._recognised[read.read_id] = found.recognised
            return PlanInput(
                lines=self._lines(read, invoice_pk) if run.undoes is None else [],
                clients=list(rows.clients.values()),
                licences=[seen.licence for seen in rows.licences.values() if not seen.deleted],
                settings=self._db.settings,
                owned=frozenset(owned | found.recognised.keys()),
                kept=frozenset(self._db.kept),
                owned_by_others=frozenset(self._db.written_by_others),
                removed=self._removed(run.undoes, memory),
                written=with_recognised(self._written(memory), found),
                approve_removals=approve_removals,
                review_due=self._db.guards.review and self._db.review_first_sync and not self._db.reviewed,
                approve_review=approve_review,
                approved=frozenset(change_of(self._db.as_recorded(self._db.items[number])) for number in run.approved),
                undone=None if run.undoes is None else self._db.done_by(run.undoes),
                left_at=frozenset() if run.undoes is None else self._left_at(run.undoes),
                unsure_since=frozenset() if run.undoes is None else self._unsure_since(run.undoes),
                perhaps_created=found.perhaps,
                restored=found.restored | self._restored(),
                perhaps_restored=found.perhaps_restored,
                vanished=vanished_licences(self._db, rows),
            )

        return await self._step(effect)

    def _removed(self, undone: UUID | None, memory: Mapping[int, KnownLicence]) -> frozenset[int]:
        """Return what halosync has deleted: what is still known, and of a run to undo all of it."""
        known = {number for number, licence in memory.items() if licence.removed}
        deletes = {
            item.licence_id
            for item in self._db.items.values()
            if item.action is Action.DELETE and item.outcome is Outcome.SYNCED and item.after is None
        }
        theirs = {item.halo_licence_id for item in self._db.done_by(undone)} if undone is not None else set()
        return frozenset(known | {number for number in deletes & theirs if number is not None})

    def _left_at(self, undone: UUID) -> frozenset[int]:
        """Return the clients at which a run has left licences; as the query `left_by_run`."""
        stays = {Outcome.HELD, Outcome.SKIPPED}
        return frozenset(
            item.client_id
            for item in self._db.items.values()
            if item.run_id == undone
            and item.client_id is not None
            and item.licence_id is not None
            and (item.after is not None or item.outcome in stays)
        )

    def _unsure_since(self, undone: UUID) -> frozenset[int]:
        """Return the licences that a later run has perhaps changed instead of a run; as `unsure_since_run`."""
        items = self._db.items.values()
        unsure = {
            item.licence_id: item.item_id
            for item in items
            if item.run_id == undone
            and item.licence_id is not None
            and item.reason == Reason.OUTCOME_UNKNOWN
            and item.action in {Action.UPDATE, Action.DELETE}
        }
        later = [item for run_id in self._db.runs if run_id.int > undone.int for item in self._db.done_by(run_id)]
        sent = {(item.halo_licence_id, item.undoes == unsure.get(item.halo_licence_id or 0)) for item in later}
        return frozenset(number for number in unsure if (number, False) in sent)

    def _restored(self) -> dict[int, int]:
        """As `store.item_traces.restored_licences`."""
        return {
            item.planned.restores: item.licence_id
            for item in self._db.items.values()
            if item.planned.restores is not None
            and item.licence_id is not None
            and item.action is Action.CREATE
            and (item.outcome is Outcome.SYNCED or item.reason in {Reason.OUTCOME_UNKNOWN, Reason.NOT_KEPT})
        }

    def _written(self, memory: Mapping[int, KnownLicence]) -> dict[int, WrittenLicence]:
        known = memory if self._db.guards.names else {}
        return {number: licence.written for number, licence in known.items()}

    def _known(self, seen: SeenLicence, memory: Mapping[int, KnownLicence]) -> KnownLicence:
        """What is known of a licence after a complete read; a removed one stays so while it is inactive."""
        client_id = seen.licence.client_id
        before = memory.get(seen.licence.id, KnownLicence(client_id, first_seen=now()))
        return replace(before, client_id=client_id, removed=before.removed and not seen.licence.is_active)

    def _accept_edits(self, plan: Plan, rows: Read) -> None:
        """What somebody edited to what the invoice wants is what halosync would have written; as `accept_edits`."""
        for item in plan.items:
            known = self._db.known.get(item.halo_licence_id or 0)
            if item.drift and item.action is Action.UNCHANGED and known is not None and known.written.last is not None:
                licence = rows.licences[item.halo_licence_id or 0].licence
                field = known.written.last.price_field
                last = LastWritten(licence.name, state_of(licence, field), field)
                self._db.known[licence.id] = replace(known, written=replace(known.written, last=last))

    def _give_back(self, plan: Plan) -> None:
        """What an undo finds as it was before the run is whose it was before; as `give_back`."""
        for item in plan.items:
            known = self._db.known.get(item.halo_licence_id or 0)
            if item.action is Action.UNCHANGED and not item.owned_after and known is not None:
                self._db.known[item.halo_licence_id or 0] = replace(known, owned=False)

    async def store(
        self,
        read: ReadProgress,
        claim: UUID,
        settings: PlanSettings,  # noqa: ARG002 - the name is the protocol's
        plan: Plan,
        batches: Sequence[PlannedBatch],
        *,
        apply: bool,
        review: Sequence[ReviewOutlook] = (),
    ) -> None:
        """As `PlanStore.store`.

        Raises:
            ValueError: for a preview; no simulated run asks for one.
        """
        if not apply:
            raise ValueError("a simulated run applies")

        def effect() -> None:
            run = self._db.runs[read.read_id]
            if run.claim != claim or run.state is not RunState.PLANNING:
                raise LostClaimError(str(run.run_id))
            self._db.move_run(run, RunState.WRITING)
            run.claim, run.wrote, run.review = None, True, tuple(review)
            batch_of = {}
            for planned in batches:
                batch = self._db.new_batch(run.run_id, planned.kind)
                batch_of.update(dict.fromkeys(planned.indexes, batch.batch_id))
            for seq, item in enumerate(plan.items):
                self._db.new_item(run.run_id, item, batch_of.get(seq))
            rows = self._db.reads.pop(read.read_id)
            self._db.vanished = vanished_licences(self._db, rows)
            self._db.clients_known, self._db.unshown = frozenset(rows.clients), rows.unshown
            memory = self._db.missing | self._db.known
            shown = [seen for seen in rows.licences.values() if not seen.deleted]
            self._db.known = {seen.licence.id: self._known(seen, memory) for seen in shown}
            self._db.missing = {number: of for number, of in memory.items() if number not in self._db.known}
            forget_returned(self._db)
            self._accept_edits(plan, rows)
            for number in plan.accepted_deletions:
                self._db.vanished.pop(number, None)
            if run.undoes is not None:
                self._give_back(plan)
            for number, written in self._recognised.pop(read.read_id, {}).items():
                if self._db.known[number].written.product_code is None:
                    self._db.known[number] = replace(self._db.known[number], owned=True, written=written)
            run.writing_at = now()  # after what the read showed became known
            run.unreviewed = self._db.guards.review and self._db.review_first_sync and not self._db.reviewed
            self._db.reviewed |= plan.review_done
            self._db.on_planned()
            self._db.issue(run.run_id)
            self._db.finish_if_done(run.run_id)

        await self._step(effect)
