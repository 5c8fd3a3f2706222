"""How a writer shares its places and repeats its work."""

from collections.abc import Sequence
from dataclasses import dataclass

BUSY_WAIT_S = 1.0
"""How long a batch of a tenant that already has its share of this writer waits for another turn."""


@dataclass(frozen=True)
class RetryRules:
    """How work is retried and shared.

    Attributes:
        delays_s: the delay tiers, in seconds.
        max_attempts: after so many an item fails.
        settle_s: how long Halo may still be applying a write whose answer was lost.
        per_tenant: batches of one tenant that this writer works on at a time.
    """

    delays_s: Sequence[float]
    max_attempts: int
    settle_s: float
    per_tenant: int
