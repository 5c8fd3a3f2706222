"""What becomes of a message once its handler has ended, as arithmetic (architecture section "When something fails").

`messaging/delivery.py` says how a handler ended and carries the decision out; the simulated broker does the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from halosync.domain.retry import delay_tier

PUBLISH_AGAIN_S = 15.0
"""How long to wait before what follows from a delivery is published again, while nothing can be published."""

MOST_PUBLISHING = 60
"""How often it is published again before the message returns to its queue: about 20 minutes, as a try takes up to five
seconds. That is less than the half hour after which RabbitMQ takes a message back by itself. The broker counts returns
(`DELIVERY_LIMIT`). An outage of publishing, such as an alarm that lasts for hours, must not use them up: 50 returns are
most of a day."""


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
    """The handler met a failure of somebody else that goes away by itself, as a host that is slow; `why` names it."""

    why: str


@dataclass(frozen=True, slots=True)
class Outage:
    """A part of our own is away, or does not fit: the database, the broker, a right, the schema.

    That says nothing of the message, so it waits as long as it takes.
    """


@dataclass(frozen=True, slots=True)
class Unprocessable:
    """Nobody can process this message; `reason` says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unpublishable:
    """What follows could not be published, `tries` times by now."""

    tries: int


Ending = Finished | Postponed | PassingFailure | Outage | Unprocessable | Unpublishable


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Forget the message."""


@dataclass(frozen=True, slots=True)
class Redeliver:
    """Publish a copy into the delay tier of `tier_s` seconds.

    It has had `attempts` charged attempts, and has met `outages` of our own in a row.
    """

    tier_s: float
    attempts: int
    outages: int = 0


@dataclass(frozen=True, slots=True)
class MakeDeadLetter:
    """Publish it as a dead letter with its `reason`."""

    reason: str


@dataclass(frozen=True, slots=True)
class PublishAgain:
    """Keep the message, and publish what follows once more in `pause_s` seconds."""

    pause_s: float


@dataclass(frozen=True, slots=True)
class ReturnToQueue:
    """Have the broker deliver the original again."""


NextDelivery = Acknowledge | Redeliver | MakeDeadLetter | PublishAgain | ReturnToQueue


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """The numbers of the decision.

    Attributes:
        delays_s: how long to wait after each passing failure or outage, in seconds; the last one serves all further
            ones.
        tiers_s: the delay tiers that there are, in seconds.
        max_attempts: after so many charged attempts a message becomes a dead letter.
    """

    delays_s: Sequence[float]
    tiers_s: Sequence[float]
    max_attempts: int


def next_delivery(ending: Ending, attempts: int, rules: DeliveryRules, outages: int = 0) -> NextDelivery:
    """Return what becomes of a message that has had `attempts` charged attempts before this delivery.

    `outages` of our own it has met in a row until now; they cost no attempt and end nothing.

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
        case Outage():
            outages = min(max(outages, 0), len(rules.delays_s) - 1)
            return Redeliver(delay_tier(rules.delays_s[outages], rules.tiers_s), attempts, outages + 1)
        case Unprocessable():
            return MakeDeadLetter(ending.reason)
        case Unpublishable():
            return PublishAgain(PUBLISH_AGAIN_S) if ending.tries < MOST_PUBLISHING else ReturnToQueue()
        case _:
            assert_never(ending)


def _again(wait_s: float, attempts: int, rules: DeliveryRules, why: str) -> NextDelivery:
    if attempts >= rules.max_attempts:
        return MakeDeadLetter(f"given up after {attempts} attempts{why}")
    return Redeliver(delay_tier(wait_s, rules.tiers_s), attempts)
