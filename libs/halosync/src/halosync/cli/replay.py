"""Sending dead letters back to their queues, at a bounded rate (messaging-facts section 2.3)."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from rich.progress import Progress

from halosync.messaging.publisher import NotPublishedError, Publisher
from halosync.messaging.topology import READY
from halosync.store.dead_letters import DeadLetterStore, OpenedLetter

GIVE_UP_AFTER = 5
"""After this many refusals in a row replaying stops: the broker is in trouble, not one queue missing."""


class CutLetterError(RuntimeError):
    """Only the beginning of the body was kept, so it cannot be sent again as it was."""


@dataclass
class Replayed:
    """What became of the dead letters that were to be replayed."""

    replayed: list[int] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    not_tried: list[int] = field(default_factory=list)


class Pace:
    """Lets at most `rate` turns a second begin. A turn that took long is not made up for by a burst."""

    def __init__(
        self,
        rate: float,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._interval_s = 1 / rate
        self._now = now
        self._pause = pause
        self._due: float | None = None

    async def turn(self) -> None:
        """Wait for the next turn; the first comes at once."""
        if self._due is not None and self._due > self._now():
            await self._pause(self._due - self._now())
        self._due = self._now() + self._interval_s


@dataclass(frozen=True)
class Replayer:
    """Replays dead letters. `corrected` is a body to send in place of the original one."""

    store: DeadLetterStore
    publisher: Publisher
    pace: Pace
    corrected: bytes | None = None

    async def replay(self, dead_letter_ids: Sequence[int], bar: Progress) -> Replayed:
        """Replay them in order, at the pace; whoever else replays the same ones, each is sent once."""
        outcome = Replayed()
        in_a_row = 0
        task = bar.add_task("replaying", total=len(dead_letter_ids))
        for position, number in enumerate(dead_letter_ids):
            if in_a_row == GIVE_UP_AFTER:
                outcome.not_tried = list(dead_letter_ids[position:])
                break
            await self.pace.turn()
            try:
                done = await self.store.replay(number, self._send)
            except CutLetterError as error:
                outcome.failed[number] = str(error)
            except NotPublishedError as error:
                outcome.failed[number] = str(error)
                in_a_row += 1
            else:
                (outcome.replayed if done else outcome.skipped).append(number)
                in_a_row = 0
            bar.advance(task)
        return outcome

    async def _send(self, letter: OpenedLetter) -> None:
        """Publish to the queue where it died and nowhere else, so that other listeners do not hear it twice.

        The body keeps its ids, by which consumers know what they have done. The headers begin anew: the count of
        attempts that killed it must not kill it again.

        Raises:
            CutLetterError: its body is not whole, and there is no corrected one.
        """
        if letter.is_cut and self.corrected is None:
            raise CutLetterError(
                "only the beginning of its body was kept, because it was too large; have it published again, smaller"
            )
        await self.publisher.publish(
            letter.body if self.corrected is None else self.corrected,
            exchange=READY,
            routing_key=letter.queue,
            message_type=letter.message_type,
            headers={"halosync-replay-of": letter.dead_letter_id},
        )
