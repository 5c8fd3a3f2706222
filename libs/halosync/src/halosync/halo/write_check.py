"""What a real Halo does with writes, tried out on a client that was made for it (halo-api sections 3 to 5).

Only the operator's `halosync halo check --write-test` does that. It touches no client that has a licence already, and
removes what it made, also after a failure. The findings name nothing of the partner's.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any

from halosync.domain.foreign_marks import FOREIGN_MARKS
from halosync.halo import rows
from halosync.halo.read import LICENCES_PATH
from halosync.ports.conformance import Finding, RawAnswer, Verdict
from halosync.ports.failures import HaloFailure, UnreadableRowError

Send = Callable[[str, str, Mapping[str, str | int] | None, bytes | None], Awaitable[RawAnswer]]
"""Sends a method, path, parameters and body."""

STAMP = "0123456789ab"
NAME = "halosync check & test"
"""What the licences are called: Halo may change such a name."""

MOST_ROWS, TRIES, PAUSE_S = 100, 3, 1.0
"""Of the client; how often cleaning up is tried, and the seconds between."""

_OK = range(200, 300)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class NotForTestsError(ValueError):
    """The client is not one that was made for a test; the message says why. Nothing was written."""


class WriteCheck:
    """Creates, changes and deletes licences of one client and looks at what becomes of them.

    Call `clean_up` at the end, however it ends.
    """

    def __init__(self, send: Send, client_id: int) -> None:
        self._send = send
        self._client_id = client_id
        self._began = False
        self._left_before: frozenset[int] = frozenset()

    async def begin(self) -> None:
        """Make sure that the client is there for tests alone.

        Raises:
            NotForTestsError: it has licences, or Halo does not show its own ones alone.
            HaloFailure: no answer.
        """
        found = await self._licences()
        if others := [row for row in found.values() if _is_active(row) or STAMP not in str(row.get("notes"))]:
            raise NotForTestsError(
                f"client {self._client_id} has {len(others)} licences. Make a client for this test that has none"
            )
        self._began, self._left_before = True, frozenset(found)

    async def clean_up(self) -> list[int] | None:
        """Delete what was made; return the ids of what is still there, None if Halo does not say it."""
        left: list[int] | None = []
        for attempt in range(TRIES if self._began else 0):
            try:
                for licence_id, row in (await self._made()).items():
                    if _is_active(row) or attempt == 0:  # Halo may show as inactive what it has deleted
                        await self._send("DELETE", f"{LICENCES_PATH}/{licence_id}", None, None)
                left = [number for number, row in (await self._made()).items() if _is_active(row)]
            except (HaloFailure, NotForTestsError):
                left = None
            if left == []:
                return left
            await asyncio.sleep(PAUSE_S)
        return left

    async def _made(self) -> dict[int, dict[str, Any]]:
        return {number: row for number, row in (await self._licences()).items() if number not in self._left_before}

    async def findings(self) -> AsyncIterator[Finding]:
        """Yield one finding after the other; stops where a create does not work at all.

        Raises:
            HaloFailure: no answer.
        """
        answer = await self._post([self._new(NAME)])
        found = await self._licences()
        yield _of_single(answer, len(found))
        if len(found) != 1:
            return
        [(licence_id, created)] = found.items()
        for finding in _of_created(created):
            yield finding
        for fact, change in _CHANGES:
            yield await self._changed(licence_id, fact, change)
        yield _of_unsent(created, (await self._licences()).get(licence_id, {}))
        yield await self._several()
        yield await self._one_bad()
        yield await self._deleted(licence_id)

    async def _post(self, elements: list[dict[str, Any]]) -> RawAnswer:
        return await self._send("POST", LICENCES_PATH, None, json.dumps(elements).encode())

    def _new(self, name: str, **fields: Any) -> dict[str, Any]:
        row = {"client_id": self._client_id, "name": name, "count": 2, "price": 10, "billing_cycle": "Monthly"}
        return {**row, "notes": f"[halosync {STAMP}]", **fields}

    async def _licences(self) -> dict[int, dict[str, Any]]:
        """Return the client's licences by their ids, without those that Halo calls deleted; as `_shown`."""
        return {number: row for number, row in (await self._shown()).items() if not _is_set(row, "deleted")}

    async def _shown(self) -> dict[int, dict[str, Any]]:
        """Return what Halo shows of the client's licences, by their ids.

        Raises:
            NotForTestsError: Halo shows those of others, too.
            HaloFailure: no answer.
        """
        query: dict[str, str | int] = {
            "pageinate": "true",
            "page_size": MOST_ROWS,
            "page_no": 1,
            "includeinactive": "true",
        }
        answer = await self._send("GET", LICENCES_PATH, {**query, "client_id": self._client_id}, None)
        shown = _json(answer)
        if answer.status not in _OK or not isinstance(shown, dict) or not isinstance(shown.get("licences") or [], list):
            raise NotForTestsError(f"Halo answered {answer.status} when asked for the licences of the client")
        found = [row for row in shown.get("licences") or [] if isinstance(row, dict)]
        if any(str(row.get("client_id")) != str(self._client_id) for row in found):
            raise NotForTestsError("Halo shows licences of other clients when it is asked for those of this one")
        return {int(row["id"]): row for row in found if "id" in row}

    async def _changed(self, licence_id: int, fact: str, change: Mapping[str, Any]) -> Finding:
        answer = await self._post([{"id": licence_id, "client_id": self._client_id, **change}])
        after = (await self._licences()).get(licence_id, {})
        [(field, asked)] = change.items()
        if _said(field, after.get(field)) == _said(field, asked):
            return Finding(f"write: {fact}", "kept", Verdict.ASSUMED)
        if answer.status not in _OK:
            return Finding(f"write: {fact}", f"refused with status {answer.status}", Verdict.TOLERATED)
        warned = ", with a warning" if b"_warning" in answer.body else ", without a word"
        return Finding(f"write: {fact}", f"kept as {_said(field, after.get(field))}{warned}", Verdict.TOLERATED)

    async def _several(self) -> Finding:
        fact, before = "write: an array of three", await self._licences()
        answer = await self._post([self._new(f"{NAME} {number}") for number in range(3)])
        made = len(await self._licences()) - len(before)
        shown = _json(answer)
        if answer.status not in _OK:
            return Finding(fact, f"refused with status {answer.status}; {made} were made", Verdict.TOLERATED)
        if made != 3:
            return Finding(fact, f"{made} were made, although it was answered {answer.status}", Verdict.NEW)
        if not isinstance(shown, list) or len(shown) != 3:
            return Finding(fact, "made, and not answered by an array of three", Verdict.TOLERATED)
        return Finding(fact, "made, and answered by an array", Verdict.ASSUMED)

    async def _one_bad(self) -> Finding:
        fact, before = "write: a bad row among good ones", await self._licences()
        answer = await self._post([self._new(f"{NAME} good"), self._new(f"{NAME} bad", count="many")])
        made = len(await self._licences()) - len(before)
        if answer.status in _OK:
            return Finding(fact, f"taken with status {answer.status}; {made} were made", Verdict.NEW)
        named = "names the row" if b"[1]" in answer.body else "names no row"
        kept = {0: "nothing was written", 1: "the good row was written"}.get(made, f"{made} were written")
        said = f"status {answer.status}, {named}; {kept}"
        return Finding(fact, said, Verdict.ASSUMED if made in {0, 1} else Verdict.NEW)

    async def _deleted(self, licence_id: int) -> Finding:
        fact = "write: a delete"
        answer = await self._send("DELETE", f"{LICENCES_PATH}/{licence_id}", None, None)
        still = (await self._shown()).get(licence_id)
        if still is None:
            return Finding(fact, f"gone, answered {answer.status}", Verdict.ASSUMED)
        if _is_set(still, "deleted") or not _is_active(still):
            shown = "deleted" if _is_set(still, "deleted") else "inactive"
            return Finding(fact, f"shown as {shown} then", Verdict.TOLERATED)
        return Finding(fact, f"answered {answer.status}, and it is still there", Verdict.TOLERATED)


_CHANGES: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("a quantity of 0.5", {"count": 0.5}),
    ("a price of 10.125", {"price": 10.125}),
    ("another billing cycle", {"billing_cycle": "Annual"}),
    ("switching off", {"is_active": False}),
    ("switching on", {"is_active": True}),
)
"""Updates of one field each."""


def _of_single(answer: RawAnswer, made: int) -> Finding:
    fact, shown = "write: an array of one", _json(answer)
    if answer.status not in _OK or made != 1:
        return Finding(fact, f"answered {answer.status}; {made} were made", Verdict.NEW)
    bare = isinstance(shown, dict) and "id" in shown
    how = "the bare licence" if bare else "an array" if isinstance(shown, list) else "something else"
    return Finding(fact, f"made, and answered by {how}", Verdict.ASSUMED if bare else Verdict.TOLERATED)


def _of_created(row: Mapping[str, Any]) -> list[Finding]:
    name = row.get("name")
    kept = (
        Finding("write: the name", "kept", Verdict.ASSUMED)
        if name == NAME
        else Finding("write: the name", f"kept as {name!r}", Verdict.TOLERATED)  # ours, and nobody's secret
    )
    stamped = f"[halosync {STAMP}]" in str(row.get("notes") or "")
    notes = "kept" if stamped else "not shown in lists: our licences are not known by their stamps"
    try:
        rows.licence(row, 1, FOREIGN_MARKS)
        read = Finding("write: the row of a new licence", "understood", Verdict.ASSUMED)
    except UnreadableRowError:
        read = Finding("write: the row of a new licence", "not understood", Verdict.NEW)
    return [kept, Finding("write: notes", notes, Verdict.ASSUMED if stamped else Verdict.TOLERATED), read]


def _of_unsent(created: Mapping[str, Any], now: Mapping[str, Any]) -> Finding:
    """Say what became of the fields that none of the updates had."""
    fact, lost = (
        "write: fields that are not sent",
        [name for name in ("name", "notes") if created.get(name) != now.get(name)],
    )
    return Finding(fact, f"changed: {', '.join(lost)}", Verdict.NEW) if lost else Finding(fact, "kept", Verdict.ASSUMED)


def _is_active(row: Mapping[str, Any]) -> bool:
    return str(row.get("is_active")).lower() not in {"false", "0"}


def _is_set(row: Mapping[str, Any], field: str) -> bool:
    return str(row.get(field)).lower() in {"true", "1"}


def _said(field: str, value: Any) -> str:
    """Return a value for comparing and for the report: numbers by their amount, words without regard to case."""
    if field in {"count", "price"}:
        try:
            return f"{rows.number(value) or Decimal(0):f}"
        except ValueError:
            return "something else"
    return str(value).strip().lower()


def _json(answer: RawAnswer) -> Any:
    try:
        return json.loads(answer.body.removeprefix(_BYTE_ORDER_MARK))
    except ValueError:
        return None
