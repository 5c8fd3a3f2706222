"""A Halo that others have filled and that keeps things its own way (spec section 9); a publisher that means harm."""

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from devstack.errors import NotReadyError
from devstack.faults.case import Case, Step
from devstack.faults.trial import INVOICE_READY, Trial
from devstack.faults.workload import CLIENTS, DELETES, UPDATES, Key, State, Workload
from devstack.fields import Fields

HELD = len(CLIENTS) * (UPDATES + DELETES)
"""What the first review holds: every other price, and every removal."""

FLOOD = 200
PROMPT_S = 60.0
"""Another partner's connection and invoice go through in so many seconds, whatever else is published."""


async def _lose_answers(trial: Trial) -> None:
    """The answer to the second array is lost, and it is applied."""
    await trial.fault("POST", nth=2, drop_after=True)


def _keeping(**settings: object) -> Step:
    async def prepare(trial: Trial) -> None:
        await trial.fault_stack.halo.change_settings(trial.name, warns=True, **settings)
        await _lose_answers(trial)

    return prepare


def _old_price(state: State, before: State | None) -> State:
    return state[0], 0.0 if before is None else before[1], state[2]


def _written(workload: Workload) -> frozenset[Key]:
    return frozenset(key for key, state in workload.wanted.items() if workload.before.get(key) != state)


async def _reviewed_first(trial: Trial) -> None:
    settings = await trial.get("/settings")
    answer = await trial.fault_stack.api.put(
        f"/v1/partners/{trial.name}/settings", json={**settings, "review_first_sync": True}
    )
    answer.raise_for_status()
    await _lose_answers(trial)


async def _break_what_is_approved(trial: Trial) -> None:
    """What was held goes wrong when it is done: an array and a delete lose their answers."""
    await trial.fault_stack.halo.clear_faults(trial.name)
    await trial.fault("POST", nth=1, drop_after=True)
    await trial.fault("DELETE", nth=2, drop_after=True)


async def _flood(trial: Trial) -> None:
    """Publish what nobody can take in, of every kind; meanwhile another partner connects and is billed."""
    await trial.publish_poison([(INVOICE_READY, body) for body in _hostile(trial.name)])
    began = time.monotonic()
    await Trial(trial.fault_stack).open()
    if (took := time.monotonic() - began) > PROMPT_S:
        raise NotReadyError(f"another partner waited {took:.0f} s for the flood")


def _hostile(partner: str) -> Iterator[bytes]:
    """Yield events that are too large, wrong or forged; each is another message, and all name whom they are to hurt."""
    for number in range(FLOOD):
        good = {
            "event_id": str(uuid4()),
            "partner_id": partner,
            "invoice_id": f"EVIL-{number}",
            "revision": 1,
            "period": "2026-11",
            "currency": "AUD",
            "issued_at": "2026-11-06T02:00:00Z",
            "lines": [],
        }
        bad: list[Fields] = [
            {"partner_id": f"nobody-{partner}"},
            {"revision": 10**30},
            {"line_count": 7},
            {"lines": [{"line_id": "1", "product_code": "x" * 100_000}]},
            {"lines": None, "lines_url": "http://169.254.169.254/latest/meta-data"},
            {"lines": [[] for _ in range(20_000)]},
            {"period": "2026-13"},
            {"issued_at": "9999-12-31T23:59:59Z"},
        ]
        yield json.dumps({**good, **bad[number % len(bad)]}).encode()
    yield f"[{partner}".encode() + b"[" * 200_000
    yield f'{{"partner_id": "{partner}", "revision": 1'.encode() + b"0" * 200_000 + b"}"
    yield f'{{"partner_id": "{partner}", "padding": "'.encode() + b"x" * 4_000_000 + b'"}'


def _case(name: str, what: str, prepare: Step, **outcome: Any) -> Case:
    return Case(f"halo-{name}", "Halo", what, prepare, exclusive=False, **outcome)


CASES = (
    _case("renamed", "names are escaped, and an answer is lost", _keeping(kept_names="escaped")),
    _case("renamed-cut", "names are cut, and an answer is lost", _keeping(kept_names="cut")),
    _case(
        "not-kept",
        "prices are ignored, and an answer is lost",
        _keeping(ignored_fields=["price"]),
        ends="partial",
        keeps=_old_price,
        fails=_written,
        again_ends="partial",
    ),
    _case(
        "review",
        "the first review holds, a person approves, and answers are lost each time",
        _reviewed_first,
        repair=_break_what_is_approved,
        ends="partial",
        again={"approve_review": HELD},
        short=True,
    ),
    Case(
        "publisher-hostile",
        "publisher",
        "hundreds of events that are too large, wrong or forged; another partner connects meanwhile",
        inject=_flood,
        exclusive=False,
    ),
)
