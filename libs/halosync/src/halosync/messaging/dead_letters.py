"""The collector: every dead letter comes here, and is kept where an operator can see it (spec section 5.7).

A dead letter that fails here has nowhere else to go, so nothing is judged and nothing is refused: while it cannot be
stored it stays with the broker, unacknowledged, and storing is tried again.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import structlog
from faststream.rabbit import Channel, RabbitBroker
from faststream.rabbit.message import RabbitMessage
from tenacity import RetryCallState, retry, retry_if_exception_type, wait_exponential_jitter

from halosync.messaging.requests import whole_message
from halosync.messaging.topology import DEAD_LETTERS

log = structlog.get_logger(__name__)

AT_ONCE = 10
"""How many dead letters are stored at the same time; bodies can be megabytes."""

_TIER_PREFIX = "halosync.delay."
_UNKNOWN_QUEUE = "unknown"


class Keep(Protocol):
    """Keeps a dead letter and returns its number; `halosync.store.dead_letters.DeadLetterStore.keep`."""

    async def __call__(
        self, *, queue: str, message_type: str, reason: str, body: bytes, headers: Mapping[str, object]
    ) -> int:
        """Keep it; keeping the same one again is harmless."""
        ...


def collect_dead_letters(broker: RabbitBroker, keep: Keep) -> None:
    """Register the collector on `broker`, on a channel of its own: it must not wait for other work, nor delay it."""

    async def collect(delivered: Any) -> None:
        message: RabbitMessage = delivered
        queue, reason = origin(message.headers)
        await persistently(
            queue=queue,
            message_type=message.raw_message.type or "",
            reason=reason,
            body=message.body,
            headers=message.headers,
        )

    persistently = retry(
        # Any failure: raising would make a dead letter of a dead letter, round and round.
        retry=retry_if_exception_type(Exception),
        wait=wait_exponential_jitter(multiplier=0.2, max=15.0),
        before_sleep=_complain,
    )(keep)
    broker.subscriber(
        DEAD_LETTERS.declaration(), channel=Channel(prefetch_count=AT_ONCE), no_reply=True, decoder=whole_message
    )(collect)


def _complain(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.error(
        "a dead letter waits to be stored", error=f"{type(error).__name__}: {error}", attempt=state.attempt_number
    )


def origin(headers: Mapping[str, object]) -> tuple[str, str]:
    """Return the queue where a message died and why.

    Our own dead letters say both (`messaging/delivery.py`). Those that the broker made say it in `x-death`, newest
    death first; a death in a delay tier is only the end of a wait. Whatever the headers hold, there is an answer.
    """
    queue, reason = headers.get("halosync-queue"), headers.get("halosync-reason")
    if isinstance(queue, str) and queue:
        return queue, reason if isinstance(reason, str) and reason else "no reason was given"
    history = headers.get("x-death")
    for death in history if isinstance(history, Sequence) and not isinstance(history, (str, bytes)) else ():
        place = death.get("queue") if isinstance(death, Mapping) else None
        if isinstance(place, str) and place and not place.startswith(_TIER_PREFIX):
            return place, f"given up by the broker: {_cause(death.get('reason'))}"
    first = headers.get("x-first-death-queue")
    if isinstance(first, str) and first:
        return first, f"given up by the broker: {_cause(headers.get('x-first-death-reason'))}"
    return _UNKNOWN_QUEUE, "arrived without saying where from or why"


_CAUSES = {
    "delivery_limit": "a worker died or broke off at every delivery (delivery_limit)",
    "rejected": "refused without a reason (rejected)",
    "expired": "nobody took it in time (expired)",
    "maxlen": "its queue was full (maxlen)",
}


def _cause(reason: object) -> str:
    return _CAUSES.get(str(reason), str(reason))
