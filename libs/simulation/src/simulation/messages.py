"""A message of the simulated broker, and who works on it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from simulation.process import Process

Handler = Callable[[Any], Awaitable[float | None]]
"""Works on a message; returns in how many seconds it wants to see it again, None when it is done."""


@dataclass(frozen=True)
class Envelope:
    """A message, how many charged attempts it has had, and how many outages of our own it has met in a row.

    A message is doubled once at most, by an accident of the wire: copies of copies would fill a world that waits.
    """

    queue: str
    body: Any
    attempts: int = 0
    doubled: bool = False
    outages: int = 0


@dataclass(eq=False)
class Consumer:
    """A process' consumer of one queue. `epoch` grows with each connection: an ack belongs to one."""

    process: Process
    queue: str
    handler: Handler
    prefetch: int
    epoch: int = 0
    unacked: dict[int, Envelope] = field(default_factory=dict)
    handlers: dict["asyncio.Task[None]", None] = field(default_factory=dict)
