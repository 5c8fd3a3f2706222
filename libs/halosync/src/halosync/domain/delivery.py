"""What becomes of a message once its handler has ended, as arithmetic (architecture section "When something fails").

`messaging/delivery.py` says how a handler ended and carries the decision out; the simulated broker does the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from halosync.domain.retry import delay_tier

RETURN_PAUSE_S = 15.0
"""How long a message is kept back before it returns to its queue: the broker counts returns (`DELIVERY_LIMIT`), and an
outage of publishing, such as an alarm that lasts a quarter of an hour, must not use them up."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The handler has done its work."""


@dataclass(frozen=True, slots=True)
class Postponed:
    """The handler wants the message again in about `wait_s` seconds; `charged` counts it as an attempt."""

    wait_s: float
    charged: bool = False


@dataclass(frozen=True, slots=True)
class PassingFailure:
    """The handler met a failure of our own parts that goes away by itself; `why` names it."""

    why: str


@dataclass(frozen=True, slots=True)
class Unprocessable:
    """Nobody can process this message; `reason` says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unpublishable:
    """Neither a copy nor a dead letter of the message can be published."""


Ending = Finished | Postponed | PassingFailure | Unprocessable | Unpublishable


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Forget the message."""


@dataclass(frozen=True, slots=True)
class Redeliver:
    """Publish a copy into the delay tier of `tier_s` seconds; it has had `attempts` charged attempts."""

    tier_s: float
    attempts: int


@dataclass(frozen=True, slots=True)
class MakeDeadLetter:
    """Publish it as a dead letter with its `reason`."""

    reason: str


@dataclass(frozen=True, slots=True)
class ReturnToQueue:
    """Have the broker deliver the original again, after a pause of `pause_s` seconds."""

    pause_s: float


NextDelivery = Acknowledge | Redeliver | MakeDeadLetter | ReturnToQueue


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """The numbers of the decision.

    Attributes:
        delays_s: how long to wait after each passing failure, in seconds; the last one serves all further ones.
        tiers_s: the delay tiers that there are, in seconds.
        max_attempts: after so many charged attempts a message becomes a dead letter.
    """

    delays_s: Sequence[float]
    tiers_s: Sequence[float]
    max_attempts: int


def next_delivery(ending: Ending, attempts: int, rules: DeliveryRules) -> NextDelivery:
    """Return what becomes of a message that has had `attempts` charged attempts before this delivery.

    Raises:
        ValueError: there are no delays or no tiers.
    """
    if not rules.delays_s:
        raise ValueError("There must be at least one retry delay.")
    attempts = min(max(attempts, 0), rules.max_attempts)  # whoever publishes a message writes its header as they like
    match ending:
        case Finished():
            return Acknowledge()
        case Postponed():
            return _again(ending.wait_s, attempts + ending.charged, rules, "")
        case PassingFailure():
            delay_s = rules.delays_s[min(attempts, len(rules.delays_s) - 1)]
            return _again(delay_s, attempts + 1, rules, f": {ending.why}")
        case Unprocessable():
            return MakeDeadLetter(ending.reason)
        case Unpublishable():
            return ReturnToQueue(RETURN_PAUSE_S)
        case _:
            assert_never(ending)


def _again(wait_s: float, attempts: int, rules: DeliveryRules, why: str) -> NextDelivery:
    if attempts >= rules.max_attempts:
        return MakeDeadLetter(f"given up after {attempts} attempts{why}")
    return Redeliver(delay_tier(wait_s, rules.tiers_s), attempts)
