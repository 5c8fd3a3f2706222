"""How ready partners are for a month: what the invoice team asks before and after it publishes (reads only)."""

from collections.abc import Sequence

from halosync.domain.remedy import SKIPS_NEEDING_ATTENTION
from halosync.ports.readiness import PartnerReadiness
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES

_OPEN_SKIPS = sorted(SKIPS_NEEDING_ATTENTION)


class ReadinessStore:
    """Reads how ready partners are."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self, *, period: str | None = None, after: str | None = None, most: int
    ) -> Sequence[PartnerReadiness]:
        """Return partners by id, those behind the id `after`; `period`, YYYY-MM, None: the newest of each."""
        rows = QUERIES.readiness_page(self._pool, period=period, after=after or "", most=most, open_skips=_OPEN_SKIPS)
        return [PartnerReadiness(**row) async for row in rows]
