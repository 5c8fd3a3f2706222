"""How many requests to Halo a run has used."""

from uuid import UUID

from halosync.store.pool import Pool
from halosync.store.queries import QUERIES


class RequestCounter:
    """Adds to a run's `halo_requests`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def count(self, run_id: UUID, requests: int) -> None:
        """Add `requests` to what the run has used."""
        await QUERIES.count_requests(self._pool, run_id=run_id, requests=requests)
