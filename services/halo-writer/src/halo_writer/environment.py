"""The writer's environment, and the numbers in it that its use cases go by."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from halosync.domain.array_size import ArraySizeBounds
from halosync.domain.page_size import PageSizeBounds
from halosync.ports.permits import Rate
from halosync.runtime.settings import HaloSettings, ProcessSettings
from pydantic import Field


@dataclass(frozen=True, kw_only=True)
class WriterRules:
    """What the writer's use cases go by.

    Attributes:
        worker: the name of this process in the rows that it marks.
        array_sizes: how many rows an array of writes has.
        page_sizes: how many rows a page of Halo's lists is asked to have.
        rate: the limit of a tenant whose partner has none of its own.
        delays_s: the waits before another attempt, in seconds, rising; the last one serves all further attempts.
        max_attempts: after so many an item fails.
        settle_s: how long Halo may still be applying a write whose answer was lost, in seconds.
        per_tenant: batches of one tenant that this writer works on at a time.
    """

    worker: str
    array_sizes: ArraySizeBounds
    page_sizes: PageSizeBounds
    rate: Rate
    delays_s: Sequence[float]
    max_attempts: int
    settle_s: float
    per_tenant: int


class WriterSettings(ProcessSettings, HaloSettings):
    """What a writer needs (spec section 8)."""

    batches_at_once: int = Field(default=32, ge=1, le=500, description="Batches that this writer works on at a time")
    batches_per_tenant: int = Field(default=4, ge=1, le=100, description="How many of them may be of one tenant")

    @property
    def rules(self) -> WriterRules:
        """What the use cases go by; `worker` is a name that people recognise."""
        return WriterRules(
            worker=f"{socket.gethostname()}:{os.getpid()}",
            array_sizes=self.array_sizes,
            page_sizes=self.page_sizes,
            rate=Rate(self.halo_rate_requests, self.halo_rate_window_s),
            delays_s=self.retry_delays_s,
            max_attempts=self.retry_max_attempts,
            settle_s=self.halo_settle_s,
            per_tenant=self.batches_per_tenant,
        )
