"""What must hold when a world has come to rest (messaging-facts section 6.4): by Halo's own history and the rows."""

from collections import Counter
from collections.abc import Iterator, Sequence
from html import unescape
from http import HTTPStatus

from halo_sandbox.history import duplicates
from halo_sandbox.settings import TenantSettings
from halosync.domain.model import Action, Outcome, Reason
from halosync.domain.names import name_key
from halosync.domain.states import OPEN_ACTIONS, BatchState

from simulation.halo import Halo
from simulation.services import POISON, Deployment

Wanted = dict[tuple[int, str], int]
"""What Halo must hold in the end: (client, name) → quantity."""


def broken(deployment: Deployment, wanted: Wanted, *, foreign: bool) -> Iterator[str]:
    """Say, one sentence each, which invariants do not hold.

    Args:
        deployment: the world at rest.
        wanted: what Halo must hold.
        foreign: somebody else used the same budget, so that a 429 is nobody's fault.
    """
    yield from _halo(deployment.halo, wanted)
    yield from _rows(deployment)
    yield from _messages(deployment)
    yield from _budget(deployment.halo, foreign=foreign)


def _halo(halo: Halo, wanted: Wanted) -> Iterator[str]:
    for twin in duplicates(halo.tenant.licences.history):
        yield f"I2 a licence twice: client {twin.client_id} has {twin.name} twice at {twin.at:.3f} s"
    held = {(licence.client_id, unescape(licence.name)): licence.count for licence in halo.licences()}
    for key in wanted.keys() - held.keys():
        yield f"I1 a licence is missing: {key}"
    for key in held.keys() - wanted.keys():
        yield f"I1 a licence is too many: {key}"
    for key in held.keys() & wanted.keys():
        if held[key] != wanted[key]:
            yield f"I1 {key} has quantity {held[key]} and not {wanted[key]}"
    if halo.broken_off:
        yield f"shield: {halo.broken_off} writes were broken off by a process that lived on"


def _rows(deployment: Deployment) -> Iterator[str]:
    db = deployment.database
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
        yield from _truth(deployment)
    if db.guards.mark:  # without it, nothing is ever `sending`
        yield from (f"I9 the domain forbids {state} → {following}" for state, following in sorted(db.forbidden))


def _truth(deployment: Deployment) -> Iterator[str]:
    """The newest run says nothing of an item that is not so (spec section 5.5)."""
    db = deployment.database
    newest = max(db.runs.values(), key=lambda run: run.run_id.int)
    held = {(licence.client_id, name_key(unescape(licence.name))): licence for licence in deployment.halo.licences()}
    ids = {licence.id for licence in deployment.halo.licences()}
    for item in db.items.values():
        if item.run_id != newest.run_id:
            continue
        licence = held.get((item.client_id or 0, name_key(unescape(item.licence_name))))
        if item.outcome is Outcome.SYNCED:
            if item.action is Action.DELETE and item.licence_id in ids:
                yield f"I4 item {item.item_id} is deleted by its row and not in Halo"
            elif item.action in {Action.CREATE, Action.UPDATE} and (
                licence is None or item.after is None or licence.count != item.after.quantity
            ):
                yield f"I4 item {item.item_id} is synced by its row and not in Halo"
        elif item.reason == Reason.HALO_UNAVAILABLE and item.action is Action.CREATE and licence is not None:
            yield f"I4 item {item.item_id} failed by its row and is in Halo"


def _messages(deployment: Deployment) -> Iterator[str]:
    db = deployment.database
    planned = [run.invoice_pk for run in db.runs.values()]
    for event_id in range(len(db.invoices)):
        if event_id not in planned:
            yield f"I6 invoice {event_id} was lost"
    for run in db.runs.values():
        if run.state.is_final and run.run_id not in deployment.announced:
            yield f"I6 nobody was told that run {run.run_id.int} has ended"
    for _, body, reason in db.dead_letters:
        if body != POISON:
            yield f"I8 {body} is a dead letter: {reason}"
    if deployment.poisoned and not db.dead_letters:
        yield "I8 the poison was lost"


def _budget(halo: Halo, *, foreign: bool) -> Iterator[str]:
    settings, requests = halo.tenant.settings, halo.tenant.requests.since(0)
    most = _most_in_window([request.monotonic for request in requests], settings)
    if most > settings.rate_requests:
        yield f"I5 {most} requests in a window of {settings.rate_window_s:g} s; {settings.rate_requests} are allowed"
    refused = sum(request.status == HTTPStatus.TOO_MANY_REQUESTS and request.fault is None for request in requests)
    if refused and not foreign:
        yield f"I5 {refused} requests were refused for the limit"


def _most_in_window(times: Sequence[float], settings: TenantSettings) -> int:
    """Return the most requests of ours that any window of the server's kind ever held, by brute force."""
    if settings.rate_window == "fixed":
        return max(Counter(int(moment // settings.rate_window_s) for moment in times).values(), default=0)
    most = first = 0
    for last, moment in enumerate(times):
        while times[first] <= moment - settings.rate_window_s:
            first += 1
        most = max(most, last - first + 1)
    return most
