"""A double of one tenant's Halo: clients, licences, its own budget and request log, and a history of what it held."""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from halosync.domain.names import name_key
from halosync.halo.read import CLIENTS_PATH, LICENCES_PATH

from simulation.clock import now
from simulation.process import Dice

Answer = tuple[int, Any]
"""Status and body."""


EMPTY_S = 50.0
"""For so long at most lists are empty without a reason: less than the settle time, after which a look is repeated."""


@dataclass(eq=False)
class Halo:
    """The server. Its state changes at the moment a request is applied, whatever becomes of the answer.

    Attributes:
        limit: requests in any window of `window_s` seconds, counted as the requests come in.
        sliding: whether its window slides, or begins at multiples of its length.
        good_rows: what it does with the good rows of a refused array: `none` is applied, or `good` ones are.
        broken_off: writes that their sender, still alive, gave up in the middle.
        names_rows: whether a refusal names the bad rows.
        bad_names: licences that it refuses.
        may_show_nothing: whether it may show empty lists for a while, up to `empty_until`: the very first read cannot
            know better than to believe it.
        may_be_blind: whether its agent may lose all rights for longer, up to `blind_until`: where nothing is known,
            nobody can tell.
    """

    dice: Dice
    limit: int
    window_s: float
    sliding: bool
    good_rows: str = "none"
    names_rows: bool = True
    bad_names: frozenset[str] = frozenset()
    may_show_nothing: bool = False
    may_be_blind: bool = False
    empty_until: float = 0.0
    blind_until: float = 0.0
    clients: dict[int, str] = field(default_factory=dict)
    licences: dict[int, dict[str, Any]] = field(default_factory=dict)
    generation: int = 1
    requests: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    broken_off: int = 0
    twins: list[str] = field(default_factory=list)
    _next_id: int = 1
    _recent: deque[float] = field(default_factory=deque)

    # ------------------------------------------------------------------ the budget

    def admit(self) -> bool:
        """Count a request that has just come in; False if it is over the limit and is answered 429."""
        moment = now()
        self.requests.append(moment)
        since = moment - self.window_s if self.sliding else moment - moment % self.window_s
        while self._recent and (self._recent[0] <= since if self.sliding else self._recent[0] < since):
            self._recent.popleft()
        self._recent.append(moment)
        if len(self._recent) > self.limit:
            self.refused.append(moment)
            return False
        return True

    def foreign(self) -> None:
        """Let somebody else use a request of the same budget."""
        self._recent.append(now())

    def retry_after(self) -> float:
        """Return how long it takes until a request is admitted again, in seconds."""
        if not self._recent:
            return 0.0
        if self.sliding:
            oldest = self._recent[max(len(self._recent) - self.limit, 0)]
            return max(oldest + self.window_s - now(), 0.0)
        return self.window_s - now() % self.window_s

    # ------------------------------------------------------------------ requests

    def handle(self, method: str, path: str, params: Mapping[str, Any], content: bytes | None) -> Answer:
        """Carry out an authorised request."""
        match method, path:
            case "GET", p if p == CLIENTS_PATH:
                rows = [{"id": i, "name": n, "inactive": False} for i, n in self.clients.items()]
                return 200, self._page("clients", rows, params)
            case "GET", p if p == LICENCES_PATH:
                client_id = params.get("client_id")
                rows = [row for row in self.licences.values() if client_id in (None, row["client_id"])]
                return 200, self._page("licences", [dict(row) for row in rows], params)
            case "POST", p if p == LICENCES_PATH:
                return self._post(json.loads(content or b"[]"))
            case "DELETE", p:
                return self._delete(int(p.rsplit("/", 1)[1]))
        return 404, {"Message": "no such resource"}

    def _page(self, key: str, rows: list[dict[str, Any]], params: Mapping[str, Any]) -> dict[str, Any]:
        size, number = int(params["page_size"]), int(params["page_no"])
        page = rows[(number - 1) * size : number * size]
        if number > 1 and self.dice.hits(self.dice.rates.shifted_list):
            page = page[1:]
        if self.may_show_nothing and self.dice.hits(self.dice.rates.empty_list):
            self.empty_until = now() + self.dice.between(0.0, EMPTY_S)
        if now() < self.empty_until or (self.may_be_blind and now() < self.blind_until):
            return {"record_count": 0, key: []}
        return {"record_count": len(rows), key: page}

    def _post(self, rows: list[dict[str, Any]]) -> Answer:
        bad = [index for index, row in enumerate(rows) if row.get("name") in self.bad_names]
        bad += [index for index, row in enumerate(rows) if "id" in row and row["id"] not in self.licences]
        if bad:
            if self.good_rows == "good":
                for index, row in enumerate(rows):
                    if index not in bad:
                        self._store(row)
            words = {f"[{index}].name": ["This licence cannot be changed."] for index in bad}
            return 400, words if self.names_rows else {"Message": "Something is wrong."}
        stored = [dict(self._store(row)) for row in rows]
        return 201, stored if len(stored) > 1 else stored[0]

    def _store(self, row: dict[str, Any]) -> dict[str, Any]:
        if "id" in row:
            self.licences[row["id"]].update(row)
            return self.licences[row["id"]]
        licence_id, self._next_id = self._next_id, self._next_id + 1
        self.licences[licence_id] = {"is_active": True, **row, "id": licence_id}
        self._watch(self.licences[licence_id])
        return self.licences[licence_id]

    def _watch(self, added: dict[str, Any]) -> None:
        """Remember for ever that two licences of one client had one name (invariant I2)."""
        key = (added["client_id"], name_key(added["name"]))
        for row in self.licences.values():
            if row is not added and (row["client_id"], name_key(row["name"])) == key:
                self.twins.append(f"client {key[0]} has {added['name']} twice at {now():.3f} s")

    def _delete(self, licence_id: int) -> Answer:
        if licence_id not in self.licences:
            return 404, {"Message": "not found"}
        del self.licences[licence_id]
        return 200, None

    def apply_later(self, delay_s: float, method: str, path: str, content: bytes | None) -> None:
        """Apply a write whose sender has given up, after `delay_s` seconds."""
        asyncio.get_running_loop().call_later(delay_s, self.handle, method, path, {}, content)

    def seed(self, client_id: int, name: str, quantity: int, price: float = 10.0) -> int:
        """Put a licence in from before the world began, and return its id."""
        row = {"client_id": client_id, "name": name, "count": quantity, "price": price, "billing_cycle": "Monthly"}
        licence_id: int = self._store(row)["id"]
        return licence_id
