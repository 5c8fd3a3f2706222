"""What must hold when a world has come to rest (messaging-facts section 6.4): by Halo's own history and the rows."""

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from http import HTTPStatus

from halo_sandbox.history import duplicates
from halo_sandbox.settings import TenantSettings
from halosync.domain.model import Action, Outcome, Reason
from halosync.domain.states import OPEN_ACTIONS, BatchState

from simulation.book import Book
from simulation.expected import Expected, is_as_asked
from simulation.halo import Halo
from simulation.services import POISON, Deployment
from simulation.undo_invariants import by_undos, undos_broken


def broken(deployment: Deployment, expected: Expected, book: Book, *, foreign: bool) -> Iterator[str]:
    """Say, one sentence each, which invariants do not hold.

    Args:
        deployment: the world at rest.
        expected: what Halo must hold.
        book: what was published.
        foreign: somebody else used the same budget, so that a 429 is nobody's fault.
    """
    yield from _halo(deployment.halo, expected)
    yield from _history(deployment.halo, expected, by_undos(deployment))
    yield from undos_broken(deployment, expected)
    yield from _rows(deployment, expected)
    yield from _messages(deployment, book)
    yield from _budget(deployment.halo, foreign=foreign)


def _halo(halo: Halo, expected: Expected) -> Iterator[str]:
    in_halo = {expected.key(licence): licence for licence in halo.licences() if not expected.is_gone(licence)}
    wanted = expected.wishes.keys() | expected.staying.keys()
    for key in wanted - in_halo.keys():
        yield f"I1 a licence is missing: {key}"
    for key in in_halo.keys() - wanted:
        if not expected.may_stay(key):
            yield f"I1 a licence is too many: {key}"
    for key in in_halo.keys() & wanted:
        if in_halo[key].count != expected.quantity(key):
            yield f"I1 {key} has quantity {in_halo[key].count} and not {expected.quantity(key)}"
    if halo.broken_off:
        yield f"shield: {halo.broken_off} writes were broken off by a process that lived on"


def _history(halo: Halo, expected: Expected, undone: Container[int]) -> Iterator[str]:
    """Nothing was there twice, whatever Halo called it, and nothing was removed that was billed all the time.

    But by an undo, whose requests are `undone`: what it may remove is told by `undo_invariants`.
    """
    known = [
        effect._replace(
            before=effect.before and replace(effect.before, name=expected.plain(effect.before.name)),
            after=replace(effect.after, name=expected.plain(effect.after.name)),
        )
        for effect in halo.tenant.licences.history
    ]
    for twin in duplicates(known):
        yield f"I2 a licence twice: client {twin.client_id} has {twin.name} twice at {twin.at:.3f} s"
    for effect in known:
        key = effect.after.client_id, effect.after.name
        if (
            expected.is_gone(effect.after)
            and not (effect.before and expected.is_gone(effect.before))
            and effect.request is not None
            and effect.request not in undone
            and key in (expected.always | expected.staying.keys()) - expected.spared
        ):
            yield f"I10 {key} was removed at {effect.at:.3f} s, and its recurring invoice bills it no more"


def _rows(deployment: Deployment, expected: Expected) -> Iterator[str]:
    db = deployment.database
    for run in db.runs.values():
        currencies = {db.invoices[pk].currency for pk in (run.invoice_pk, *run.further)}
        if len(currencies) > 1:
            yield f"I4 run {run.run_id.int} adds up several currencies: {sorted(currencies)}"
        if not run.state.is_final:
            yield f"I3 run {run.run_id.int} is still {run.state}"
    for item in db.items.values():
        if item.action_state in OPEN_ACTIONS or item.outcome is Outcome.PENDING:
            yield f"I3 item {item.item_id} is still {item.action_state}"
    for batch in db.batches.values():
        if batch.state is not BatchState.DONE:
            yield f"I3 batch {batch.batch_id} is still {batch.state}"
    if db.runs:
        yield from _truth(deployment, expected)
    if db.guards.mark:  # without it, nothing is ever `sending`
        yield from (f"I9 the domain forbids {state} → {following}" for state, following in sorted(db.forbidden))


def _truth(deployment: Deployment, expected: Expected) -> Iterator[str]:
    """The newest run says nothing of an item that is not so (spec section 9, "Verified writes")."""
    db = deployment.database
    newest = max(db.runs.values(), key=lambda run: run.run_id.int)
    there = [licence for licence in deployment.halo.licences() if not expected.is_gone(licence)]
    in_halo = {expected.key(licence): licence for licence in there}
    ids = {licence.id for licence in in_halo.values()}
    for item in db.items.values():
        if item.run_id != newest.run_id:
            continue
        key = (item.client_id or 0, expected.plain(item.licence_name))
        licence, wish = in_halo.get(key), expected.wishes.get(key)
        as_asked = licence is not None and wish is not None and is_as_asked(licence, wish)
        called_as_asked = licence is not None and item.set_name in (None, licence.name)
        if item.outcome is Outcome.SYNCED:
            if item.action is Action.DELETE and item.licence_id in ids:
                yield f"I4 {key} is deleted by its row and is in Halo"
            elif wish is not None and not as_asked:
                yield f"I4 {key} is synced by its row, and Halo has {licence} for {wish}"
        elif item.reason == Reason.NOT_KEPT and as_asked and called_as_asked:
            yield f"I4 {key} was not kept by its row, and Halo has what was asked"
        elif item.reason == Reason.HALO_UNAVAILABLE and item.action is Action.CREATE and licence is not None:
            yield f"I4 {key} failed by its row and is in Halo"


def _messages(deployment: Deployment, book: Book) -> Iterator[str]:
    db = deployment.database
    for invoice in book.published:
        if invoice.wrong is not None:
            if invoice.wrong not in (reason := db.rejected.get(invoice.body(), "nothing")):
                yield f"I6 an invoice was to be refused, for it {invoice.wrong}; it was answered: {reason}"
            continue
        older = any(i.invoice_id == invoice.invoice_id and i.revision > invoice.revision for i in db.invoices)
        if invoice.event_id not in db.inbox and not (older and invoice.body() in db.rejected):
            yield f"I6 invoice {invoice.invoice_id}, revision {invoice.revision}, was lost"
    for run in db.runs.values():
        if run.state.is_final and run.run_id not in deployment.announced:
            yield f"I6 nobody was told that run {run.run_id.int} has ended"
    for _, body, reason in db.dead_letters:
        if body != POISON and body not in db.rejected:
            yield f"I8 {body} is a dead letter: {reason}"
    if deployment.poisoned and not any(body == POISON for _, body, _ in db.dead_letters):
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
    """Return the most requests of ours that any window of the server's kind ever had, by brute force."""
    if settings.rate_window == "fixed":
        return max(Counter(int(moment // settings.rate_window_s) for moment in times).values(), default=0)
    most = first = 0
    for last, moment in enumerate(times):
        while times[first] <= moment - settings.rate_window_s:
            first += 1
        most = max(most, last - first + 1)
    return most
