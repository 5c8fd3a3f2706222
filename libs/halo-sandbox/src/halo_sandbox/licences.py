"""The licences of one tenant: what is there, in which lists, and how it came about."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from halo_sandbox.clock import SYSTEM_CLOCK, Clock
from halo_sandbox.history import Effect
from halo_sandbox.index import ListIndex, ListKey
from halo_sandbox.model import Licence


class LicenceStore:
    """Licences by id. A stored licence is never changed but replaced, so that history needs no copies."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self.history: list[Effect] = []
        self._rows: dict[int, Licence] = {}
        self._index = ListIndex()
        self._gone: set[int] = set()
        self._unlisted: list[tuple[float, int]] = []
        self._unlisted_ids: set[int] = set()
        self._next_id = 1

    def __len__(self) -> int:
        """How many licences there are, without the deleted ones."""
        return sum(not licence.deleted for licence in self._rows.values())

    def get(self, licence_id: int) -> Licence | None:
        """The licence, unless it never was or is gone."""
        return None if licence_id in self._gone else self._rows.get(licence_id)

    def ever(self) -> Sequence[Licence]:
        """Every licence that ever was, as it is or was last."""
        return list(self._rows.values())

    def listed(self, key: ListKey) -> Sequence[int]:
        """The ids that a list shows now, ascending; not a copy."""
        while self._unlisted and self._unlisted[0][0] <= self._clock.monotonic():
            _, licence_id = heapq.heappop(self._unlisted)
            self._unlisted_ids.discard(licence_id)
            self._index.move(licence_id, before=(), after=self._lists_of(self._rows[licence_id]))
        return self._index.ids(key)

    def number_from(self, licence_id: int) -> None:
        """Give no new licence a smaller id: those below it were, even if they are forgotten."""
        self._next_id = max(self._next_id, licence_id)

    def create(self, fields: Mapping[str, Any], *, request: int | None, lag_s: float = 0) -> Licence:
        """Add a licence; an id that is given must be new.

        Args:
            fields: Names and checked values.
            request: The request that does it, None for a person.
            lag_s: Seconds until lists show it.

        Raises:
            ValueError: the id is taken.
        """
        licence_id = fields.get("id", self._next_id)
        if licence_id in self._rows:
            raise ValueError(f"licence {licence_id} exists already")
        licence = Licence(**{**fields, "id": licence_id})
        self._next_id = max(self._next_id, licence_id + 1)
        if lag_s:
            heapq.heappush(self._unlisted, (self._clock.monotonic() + lag_s, licence_id))
            self._unlisted_ids.add(licence_id)
        self._record("create", None, licence, request)
        return licence

    def update(self, licence: Licence, fields: Mapping[str, Any], *, request: int | None) -> Licence:
        """Change the given fields, and no others. Making a deleted licence active undoes its deletion."""
        changed = replace(licence, **fields)
        if changed.is_active and changed.deleted:
            changed = replace(changed, deleted=False)
        self._record("update", licence, changed, request)
        return changed

    def delete(self, licence: Licence, *, request: int | None, still_listed: bool) -> Licence:
        """Delete softly: the row stays, marked and inactive; lists of inactive rows keep it where asked to."""
        deleted = replace(licence, is_active=False, deleted=True)
        before = self._lists_of(licence)
        if not still_listed:
            self._gone.add(licence.id)
        self._record("delete", licence, deleted, request, before=before)
        return deleted

    def _lists_of(self, licence: Licence) -> tuple[ListKey, ...]:
        if licence.id in self._gone or licence.id in self._unlisted_ids:
            return ()
        every = (ListKey(None, include_inactive=True), ListKey(licence.client_id, include_inactive=True))
        if not licence.is_active:
            return every
        return (*every, ListKey(None, include_inactive=False), ListKey(licence.client_id, include_inactive=False))

    def _record(
        self,
        effect: Literal["create", "update", "delete"],
        old: Licence | None,
        new: Licence,
        request: int | None,
        before: tuple[ListKey, ...] | None = None,
    ) -> None:
        if before is None:
            before = () if old is None else self._lists_of(old)
        self._rows[new.id] = new
        self._index.move(new.id, before=before, after=self._lists_of(new))
        self.history.append(Effect(len(self.history) + 1, self._clock.wall(), request, effect, old, new))
