"""Places for fetching lines: few at once, one for a partner, and not all for one host (decision 7).

A host that is slow, or plays dead, keeps the places of its own invoices, and nobody else's.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

FETCHES_AT_ONCE = 6
FETCHES_A_HOST = 3
"""The invoice system has one host for all partners, so one fetch of a host at a time would be too few."""


class NoPlaceError(Exception):
    """The invoice has to come back later: its partner, its host or all places are busy."""


class FetchPlaces:
    """Hands out places; nobody waits in line for one, because who waits keeps others from being looked at."""

    def __init__(self) -> None:
        self._partners: set[str] = set()
        self._hosts: Counter[str] = Counter()

    @contextmanager
    def take(self, partner_id: str, host: str) -> Iterator[None]:
        """Keep a place during the body.

        Raises:
            NoPlaceError: there is none now.
        """
        full = self._hosts.total() >= FETCHES_AT_ONCE or self._hosts[host] >= FETCHES_A_HOST
        if full or partner_id in self._partners:
            raise NoPlaceError(host)
        self._partners.add(partner_id)
        self._hosts[host] += 1
        try:
            yield
        finally:
            self._partners.discard(partner_id)
            self._hosts[host] -= 1
