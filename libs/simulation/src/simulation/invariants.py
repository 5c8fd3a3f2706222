"""What must hold when a world has come to rest (messaging-facts section 6.4): by Halo's own history and the rows."""

from collections.abc import Iterator

from halosync.domain.model import Action, Outcome, Reason
from halosync.domain.names import name_key
from halosync.domain.states import OPEN_ACTIONS, BatchState

from simulation.halo import Halo
from simulation.services import POISON, Town

Wanted = dict[tuple[int, str], int]
"""What Halo must hold in the end: (client, name) → quantity."""


def broken(town: Town, wanted: Wanted, *, foreign: bool) -> Iterator[str]:
    """Say, one sentence each, which invariants do not hold.

    Args:
        town: the world at rest.
        wanted: what Halo must hold.
        foreign: somebody else used the same budget, so that a 429 is nobody's fault.
    """
    yield from _halo(town.halo, wanted)
    yield from _rows(town)
    yield from _messages(town)
    yield from _budget(town.halo, foreign=foreign)


def _halo(halo: Halo, wanted: Wanted) -> Iterator[str]:
    yield from (f"I2 a licence twice: {twin}" for twin in halo.twins)
    held = {(row["client_id"], row["name"]): row["count"] for row in halo.licences.values()}
    for key in wanted.keys() - held.keys():
        yield f"I1 a licence is missing: {key}"
    for key in held.keys() - wanted.keys():
        yield f"I1 a licence is too many: {key}"
    for key in held.keys() & wanted.keys():
        if held[key] != wanted[key]:
            yield f"I1 {key} has quantity {held[key]} and not {wanted[key]}"
    if halo.broken_off:
        yield f"shield: {halo.broken_off} writes were broken off by a process that lived on"


def _rows(town: Town) -> Iterator[str]:
    db = town.database
    for run in db.runs.values():
        if not run.state.is_final:
            yield f"I3 run {run.run_id.int} is still {run.state}"
    for item in db.items.values():
        if item.action_state in OPEN_ACTIONS or item.outcome is Outcome.PENDING:
            yield f"I3 item {item.item_id} is still {item.action_state}"
    for batch in db.batches.values():
        if batch.state is not BatchState.DONE:
            yield f"I3 batch {batch.batch_id} is still {batch.state}"
    if db.runs:
        yield from _truth(town)
    if db.guards.mark:  # without it, nothing is ever `sending`
        yield from (f"I9 the domain forbids {state} → {following}" for state, following in sorted(db.forbidden))


def _truth(town: Town) -> Iterator[str]:
    """The newest run says nothing of an item that is not so (spec section 5.5)."""
    db = town.database
    newest = max(db.runs.values(), key=lambda run: run.run_id.int)
    held = {(row["client_id"], name_key(row["name"])): row for row in town.halo.licences.values()}
    for item in db.items.values():
        if item.run_id != newest.run_id:
            continue
        row = held.get((item.client_id or 0, name_key(item.licence_name)))
        if item.outcome is Outcome.SYNCED:
            if item.action is Action.DELETE and item.licence_id in town.halo.licences:
                yield f"I4 item {item.item_id} is deleted by its row and not in Halo"
            elif item.action in {Action.CREATE, Action.UPDATE} and (
                row is None or item.after is None or row["count"] != item.after.quantity
            ):
                yield f"I4 item {item.item_id} is synced by its row and not in Halo"
        elif item.reason == Reason.HALO_UNAVAILABLE and item.action is Action.CREATE and row is not None:
            yield f"I4 item {item.item_id} failed by its row and is in Halo"


def _messages(town: Town) -> Iterator[str]:
    db = town.database
    planned = [run.invoice_pk for run in db.runs.values()]
    for event_id in range(len(db.invoices)):
        if event_id not in planned:
            yield f"I6 invoice {event_id} was lost"
    for run in db.runs.values():
        if run.state.is_final and run.run_id not in town.told:
            yield f"I6 nobody was told that run {run.run_id.int} has ended"
    for _, body, reason in db.dead_letters:
        if body != POISON:
            yield f"I8 {body} is a dead letter: {reason}"
    if town.poisoned and not db.dead_letters:
        yield "I8 the poison was lost"


def _budget(halo: Halo, *, foreign: bool) -> Iterator[str]:
    most = _most_in_window(halo)
    if most > halo.limit:
        yield f"I5 {most} requests in a window of {halo.window_s:g} s; {halo.limit} are allowed"
    if halo.refused and not foreign:
        yield f"I5 {len(halo.refused)} requests were refused for the limit"


def _most_in_window(halo: Halo) -> int:
    """Return the most requests of ours that any window of the server's kind ever held, by brute force."""
    times, most, first = halo.requests, 0, 0
    if not halo.sliding:
        counts: dict[int, int] = {}
        for moment in times:
            counts[int(moment // halo.window_s)] = counts.get(int(moment // halo.window_s), 0) + 1
        return max(counts.values(), default=0)
    for last, moment in enumerate(times):
        while times[first] <= moment - halo.window_s:
            first += 1
        most = max(most, last - first + 1)
    return most
