"""A double of `halosync.store.actions.ActionStore`, under the same suite (tests/integration/actions)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from halosync.domain.model import (
    NamedState,
    Outcome,
    Reason,
    Traits,
)
from halosync.domain.states import OPEN_ACTIONS, ActionState, BatchState
from halosync.ports.batch_work import AppliedAction, BatchAtWork, FailedAction, HaloAnswer, OpenAction
from halosync.store.actions import SWEEP_GRACE_S
from halosync.store.batches import ISSUE_GRACE_S

from simulation.clock import now
from simulation.open_actions import MemoryOpenActions
from simulation.results import marked, record
from simulation.rows import Batch

_NO_IDS: Mapping[int, int] = MappingProxyType({})


class MemoryActions(MemoryOpenActions):
    """What the writers read and write. Each method is one step, all of it or nothing."""

    async def look_again(self, marks: dict[int, int], *, settle_s: float) -> None:
        """As `ActionStore.look_again`."""

        def effect() -> None:
            for item in marked(self._db, marks):
                self._db.move_action(item, ActionState.UNKNOWN)
                item.unseen = True
                item.settle_at = now() + (settle_s if self._db.guards.belief else 0.0)

        await self._step(effect)

    async def mark_sending(
        self, item_ids: Sequence[int], *, worker: str, send_s: float, answer_s: float, settle_s: float
    ) -> dict[int, int]:
        """As `ActionStore.mark_sending`."""
        return await self._step(lambda: self._mark(item_ids, send_s + answer_s + settle_s, worker))

    def _mark(self, item_ids: Sequence[int], settle_s: float, _worker: str) -> dict[int, int]:
        marks = {}
        for item in map(self._db.items.__getitem__, item_ids):
            run = self._db.runs[item.run_id]
            if item.action_state is not ActionState.WAITING or run.cancelled or run.error_code is not None:
                continue
            item.mark_no += 1
            item.attempts += 1
            item.unseen, item.answer = False, None
            item.settle_at = now() + settle_s
            if self._db.guards.mark:
                self._db.move_action(item, ActionState.SENDING)
            marks[item.item_id] = item.mark_no
        return marks

    async def unmark(self, marks: dict[int, int], *, charged: bool) -> None:
        """As `ActionStore.unmark`."""

        def effect() -> None:
            for item in marked(self._db, marks):
                self._db.move_action(item, ActionState.WAITING)
                item.settle_at = None
                item.attempts -= 0 if charged else 1

        await self._step(effect)

    async def mark_unknown(
        self,
        marks: dict[int, int],
        *,
        settle_s: float,
        answer: HaloAnswer | None = None,
        licence_ids: Mapping[int, int] = _NO_IDS,
    ) -> None:
        """As `ActionStore.mark_unknown`."""
        await self._step(lambda: self._unknown(marks, settle_s, answer, licence_ids))

    def _unknown(
        self,
        marks: dict[int, int],
        settle_s: float,
        answer: HaloAnswer | None,
        licence_ids: Mapping[int, int] = _NO_IDS,
    ) -> None:
        for item in marked(self._db, marks, frozenset({ActionState.SENDING})):
            self._db.move_action(item, ActionState.UNKNOWN)
            item.settle_at = min(item.settle_at or now(), now() + settle_s)
            item.answer = answer
            item.licence_id = item.licence_id or licence_ids.get(item.item_id)

    async def note_failures(self, batch_id: int, failures: int) -> None:
        """As `ActionStore.note_failures`."""
        await self._step(lambda: setattr(self._db.batches[batch_id], "failures", failures))

    async def note_success(self, batch_id: int) -> None:
        """As `ActionStore.note_success`."""

        def effect() -> None:
            batch = self._db.batches[batch_id]
            batch.failures, batch.refused_generation = 0, None

        await self._step(effect)

    async def note_refused_token(self, batch_id: int, generation: int) -> None:
        """As `ActionStore.note_refused_token`."""
        await self._step(lambda: setattr(self._db.batches[batch_id], "refused_generation", generation))

    async def refuse(
        self,
        batch: BatchAtWork,
        marks: dict[int, int],
        named: Sequence[int],
        *,
        settle_s: float = 0.0,
        answer: HaloAnswer | None = None,
    ) -> None:
        """As `ActionStore.refuse`."""

        def effect() -> None:
            self._db.batches[batch.batch_id].refused_rows = frozenset(named)
            self._unknown(marks, settle_s, answer)
            rest = [i for i in self._db.items_of(batch.batch_id) if i.action_state is ActionState.WAITING]
            if rest:
                new = self._db.new_batch(batch.run_id, batch.kind, BatchState.ISSUED)
                for item in rest:
                    item.batch_id = new.batch_id
                self._db.emit("licence.actions.v1", new.batch_id)

        await self._step(effect)

    async def withdraw(self, batch: BatchAtWork) -> None:
        """As `ActionStore.withdraw`."""

        def effect() -> None:
            self._db.withdraw(batch.run_id, Outcome.SKIPPED, Reason.RUN_CANCELLED)
            self._db.finish_if_done(batch.run_id)

        await self._step(effect)

    async def redeliver_later(self, batch_id: int, wait_s: float) -> None:
        """As `ActionStore.redeliver_later`."""
        await self._step(lambda: setattr(self._db.batches[batch_id], "redeliver_at", now() + wait_s + ISSUE_GRACE_S))

    async def adopt(self, action: OpenAction, licence_id: int, was: NamedState | None = None) -> None:
        """As `ActionStore.adopt`."""

        def effect() -> None:
            for item in marked(self._db, {action.item_id: action.mark_no}):
                self._db.move_action(item, ActionState.WAITING)
                item.licence_id, item.settle_at = licence_id, None
                if was is not None:
                    item.before = was[1]
                    item.planned = replace(item.planned, was=item.planned.was or Traits(was[0]))

        await self._step(effect)

    async def record(
        self,
        batch: BatchAtWork,
        applied: Sequence[AppliedAction],
        failed: Sequence[FailedAction] = (),
        *,
        requests: int = 0,
    ) -> None:
        """As `ActionStore.record`."""

        def effect() -> None:
            record(self._db, applied, failed)
            self._db.runs[batch.run_id].halo_requests += requests
            self._close(batch)

        await self._step(effect)

    def _close(self, batch: BatchAtWork) -> None:
        row = self._db.batches[batch.batch_id]
        of_batch = self._db.items_of(batch.batch_id)
        if row.state is not BatchState.DONE and not any(item.action_state in OPEN_ACTIONS for item in of_batch):
            self._db.move_batch(row, BatchState.DONE)
            self._db.issue(batch.run_id)
            self._db.finish_if_done(batch.run_id)

    async def split(self, batch: BatchAtWork, parts: Sequence[dict[int, int]]) -> None:
        """As `ActionStore.split`."""

        def effect() -> None:
            for part in parts:
                new = self._db.new_batch(batch.run_id, batch.kind, BatchState.ISSUED)
                for item in marked(self._db, part, frozenset({ActionState.WAITING})):
                    if item.batch_id == batch.batch_id:
                        item.batch_id = new.batch_id
                self._db.emit("licence.actions.v1", new.batch_id)
            self._close(batch)

        await self._step(effect)

    async def lose_connection(self, batch: BatchAtWork, code: str, error: str) -> None:
        """As `ActionStore.lose_connection`."""

        def effect() -> None:
            run = self._db.runs[batch.run_id]
            run.error_code, run.error = run.error_code or code, run.error or error
            self._db.withdraw(batch.run_id, Outcome.FAILED, Reason.CONNECTION_LOST)
            for item in self._db.items.values():
                settled = (item.settle_at or 0.0) <= now()
                if item.run_id == batch.run_id and (
                    item.action_state is ActionState.UNKNOWN or (item.action_state is ActionState.SENDING and settled)
                ):
                    self._db.settled_at = max(self._db.settled_at, item.settle_at or 0.0)
                    self._db.move_action(item, ActionState.WITHDRAWN)
                    item.outcome, item.reason = Outcome.FAILED, Reason.OUTCOME_UNKNOWN
            self._db.close_batches(batch.run_id)
            self._db.finish_if_done(batch.run_id)

        await self._step(effect)

    async def close_if_done(self, batch: BatchAtWork) -> None:
        """As `ActionStore.close_if_done`."""
        await self._step(lambda: self._close(batch))

    def is_due(self) -> bool:
        """Tell whether a batch is with the writers and has been silent for too long."""
        return bool(self._due())

    def _due(self) -> list[Batch]:
        of_writers = [each for each in self._db.batches.values() if each.state is BatchState.ISSUED]
        return [each for each in of_writers if each.redeliver_at <= now()]

    async def redeliver_due(self) -> int:
        """As `ActionStore.redeliver_due`."""

        def effect() -> int:
            due = self._due()
            for batch in due:
                batch.redeliver_at = now() + SWEEP_GRACE_S
                self._db.emit("licence.actions.v1", batch.batch_id)
            return len(due)

        return await self._step(effect)
