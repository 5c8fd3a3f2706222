"""How often what breaks. Every number is a probability for one chance to break, unless its name says otherwise."""

from dataclasses import dataclass, replace
from random import Random
from typing import Any


@dataclass(frozen=True)
class FaultRates:
    """The faults of one world.

    Attributes:
        kill: a process dies (`kill -9`), at every step it takes.
        freeze: a process is stopped (SIGSTOP) at a step, for `freeze_s` seconds.
        freeze_s: shortest and longest stop, in seconds.
        database: a statement fails, half the time after it was committed.
        broker_crash_per_s: the broker dies and comes back, for each second.
        drop_per_s: a process loses its connection to the broker, for each second.
        lose: an order to work is lost on its way to its queue.
        double: a message is delivered twice.
        delay: a message is overtaken by later ones.
        unconfirmed: a publish is not confirmed; half the time the broker has the message all the same.
        hop: a queue is not there at the moment when a delay tier hands a message over.
        refused_connection: Halo takes no connection; nothing was sent.
        unanswered: a write or read gets no answer.
        applied: of unanswered writes, so many are applied.
        late: of the applied ones, so many are applied late, up to the settle time after the request came.
        late_share: how much of the settle time a late application may take.
        slow: Halo takes up to half a minute to answer.
        server_error: Halo answers 5xx, half the time after applying.
        locked: Halo answers a write with 409 or 423: another user has the licence open.
        log_in_page: Halo leads a write to its log-in.
        closed: Halo answers 503 and says for how long.
        too_many: Halo answers 429 although the budget is not used up.
        foreign_per_s: requests of somebody else on the same budget, for each second.
        revoke_per_s: Halo revokes the access token, for each second.
        empty_list: Halo shows empty lists with status 200, for some seconds.
        blind_per_s: the agent loses its rights, for each second: until it has them again, every list is empty.
        person_per_s: a person removes a licence in Halo, for each second.
        shifted_list: a list changes while it is read.
    """

    kill: float = 0.0
    freeze: float = 0.0
    freeze_s: tuple[float, float] = (20.0, 120.0)
    database: float = 0.0
    broker_crash_per_s: float = 0.0
    drop_per_s: float = 0.0
    lose: float = 0.0
    double: float = 0.0
    delay: float = 0.0
    unconfirmed: float = 0.0
    hop: float = 0.0
    refused_connection: float = 0.0
    unanswered: float = 0.0
    applied: float = 0.5
    late: float = 0.3
    late_share: float = 0.99
    slow: float = 0.0
    server_error: float = 0.0
    too_many: float = 0.0
    foreign_per_s: float = 0.0
    revoke_per_s: float = 0.0
    empty_list: float = 0.0
    blind_per_s: float = 0.0
    person_per_s: float = 0.0
    shifted_list: float = 0.0
    locked: float = 0.0
    log_in_page: float = 0.0
    closed: float = 0.0


NONE = FaultRates()

EVERYTHING = FaultRates(
    kill=0.004,
    freeze=0.003,
    freeze_s=(1.0, 240.0),
    database=0.004,
    broker_crash_per_s=0.0005,
    drop_per_s=0.002,
    lose=0.08,
    double=0.08,
    delay=0.1,
    unconfirmed=0.03,
    hop=0.05,
    refused_connection=0.03,
    unanswered=0.06,
    slow=0.05,
    server_error=0.05,
    too_many=0.02,
    foreign_per_s=0.02,
    revoke_per_s=0.002,
    empty_list=0.02,
    blind_per_s=0.0005,
    person_per_s=0.002,
    shifted_list=0.02,
    locked=0.03,
    log_in_page=0.03,
    closed=0.02,
)

_REFUSALS = ("locked", "log_in_page", "closed")
"""Drawn after everything else: the draws before them stay."""

MEASURED = FaultRates(
    kill=0.02 / 12,
    freeze=0.005 / 12,
    refused_connection=0.01,
    unanswered=0.03,
    applied=0.5,
    late=0.3,
)
"""The rates of messaging-facts section 4 for one attempt of a create; an attempt takes about twelve steps."""


def drawn_rates(dice: Random) -> FaultRates:
    """Draw a world's rates: each kind of fault is absent in half of the worlds, else up to twice as frequent."""
    changes: dict[str, Any] = {}
    for name, usual in vars(EVERYTHING).items():
        if isinstance(usual, float) and name not in {"applied", "late", "late_share", *_REFUSALS}:
            changes[name] = 0.0 if dice.random() < 0.5 else usual * dice.uniform(0.2, 2.0)
    changes |= dict.fromkeys(_REFUSALS, 0.0)
    return replace(EVERYTHING, applied=dice.choice([0.0, 0.5, 1.0]), late=dice.choice([0.0, 0.3, 0.9]), **changes)


def with_refusals(rates: FaultRates, dice: Random) -> FaultRates:
    """Draw how often Halo refuses what it would take a little later (spec section 9, "A request that fails whole")."""
    usual = {name: getattr(EVERYTHING, name) for name in _REFUSALS}
    drawn: dict[str, Any] = {
        name: 0.0 if dice.random() < 0.5 else each * dice.uniform(0.2, 2.0) for name, each in usual.items()
    }
    return replace(rates, **drawn)
