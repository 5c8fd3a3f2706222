"""What a real Halo does with writes, tried out on a client that was made for it (halo-api sections 3 to 5).

Only the operator's `halosync halo check --write-test` does that. It touches no client that has a licence already, and
removes what it made, also after a failure. The findings name nothing of the partner's.
"""

import json
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal

from halosync.domain.foreign_marks import FOREIGN_MARKS
from halosync.halo import rows
from halosync.halo.read import LICENCES_PATH
from halosync.halo.write_check_licences import (
    NAME,
    OK,
    STAMP,
    NotForTestsError,
    OwnLicences,
    Send,
    is_active,
    is_set,
    json_of,
)
from halosync.ports.conformance import Finding, RawAnswer, Verdict
from halosync.ports.failures import UnreadableRowError

__all__ = ["NotForTestsError", "Send", "WriteCheck"]


class WriteCheck:
    """Creates, changes and deletes licences of one client and looks at what becomes of them.

    Call `clean_up` at the end, however it ends.
    """

    def __init__(self, send: Send, client_id: int) -> None:
        self._send = send
        self._client_id = client_id
        self._own = OwnLicences(send, client_id)

    async def begin(self) -> None:
        """As `OwnLicences.begin`."""
        await self._own.begin()

    async def clean_up(self) -> list[int] | None:
        """As `OwnLicences.clean_up`."""
        return await self._own.clean_up()

    @property
    def others(self) -> list[int]:
        """The ids of licences that came to the client meanwhile and were left alone."""
        return sorted(self._own.others)

    async def findings(self) -> AsyncIterator[Finding]:
        """Yield one finding after the other; stops where a create does not work at all.

        Raises:
            HaloFailure: no answer.
        """
        answer = await self._own.create([self._new(NAME)])
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

    async def _post(self, elements: list[dict[str, object]]) -> RawAnswer:
        return await self._send("POST", LICENCES_PATH, None, json.dumps(elements).encode())

    def _new(self, name: str, **fields: object) -> dict[str, object]:
        row = {"client_id": self._client_id, "name": name, "count": 2, "price": 10, "billing_cycle": "Monthly"}
        return {**row, "notes": f"[halosync {STAMP}]", **fields}

    async def _licences(self) -> dict[int, dict[str, object]]:
        """Return our licences by their ids, without those that Halo calls deleted; as `OwnLicences.shown`."""
        return {number: row for number, row in (await self._own.shown()).items() if not is_set(row, "deleted")}

    async def _changed(self, licence_id: int, fact: str, change: Mapping[str, object]) -> Finding:
        answer = await self._post([{"id": licence_id, "client_id": self._client_id, **change}])
        after = (await self._licences()).get(licence_id, {})
        [(field, asked)] = change.items()
        if _said(field, after.get(field)) == _said(field, asked):
            return Finding(f"write: {fact}", "kept", Verdict.ASSUMED)
        if answer.status not in OK:
            return Finding(f"write: {fact}", f"refused with status {answer.status}", Verdict.TOLERATED)
        warned = ", with a warning" if b"_warning" in answer.body else ", without a word"
        return Finding(f"write: {fact}", f"kept as {_said(field, after.get(field))}{warned}", Verdict.TOLERATED)

    async def _several(self) -> Finding:
        fact, before = "write: an array of three", await self._licences()
        answer = await self._own.create([self._new(f"{NAME} {number}") for number in range(3)])
        made = len(await self._licences()) - len(before)
        shown = json_of(answer)
        if answer.status not in OK:
            return Finding(fact, f"refused with status {answer.status}; {made} were made", Verdict.TOLERATED)
        if made != 3:
            return Finding(fact, f"{made} were made, although it was answered {answer.status}", Verdict.NEW)
        if not isinstance(shown, list) or len(shown) != 3:
            return Finding(fact, "made, and not answered by an array of three", Verdict.TOLERATED)
        return Finding(fact, "made, and answered by an array", Verdict.ASSUMED)

    async def _one_bad(self) -> Finding:
        fact, before = "write: a bad row among good ones", await self._licences()
        answer = await self._own.create([self._new(f"{NAME} good"), self._new(f"{NAME} bad", count="many")])
        made = len(await self._licences()) - len(before)
        if answer.status in OK:
            return Finding(fact, f"taken with status {answer.status}; {made} were made", Verdict.NEW)
        named = "names the row" if b"[1]" in answer.body else "names no row"
        kept = {0: "nothing was written", 1: "the good row was written"}.get(made, f"{made} were written")
        said = f"status {answer.status}, {named}; {kept}"
        return Finding(fact, said, Verdict.ASSUMED if made in {0, 1} else Verdict.NEW)

    async def _deleted(self, licence_id: int) -> Finding:
        fact = "write: a delete"
        answer = await self._own.delete(licence_id)
        still = (await self._own.shown()).get(licence_id)
        if still is None:
            return Finding(fact, f"gone, answered {answer.status}", Verdict.ASSUMED)
        if is_set(still, "deleted") or not is_active(still):
            shown = "deleted" if is_set(still, "deleted") else "inactive"
            return Finding(fact, f"shown as {shown} then", Verdict.TOLERATED)
        return Finding(fact, f"answered {answer.status}, and it is still there", Verdict.TOLERATED)


_CHANGES: tuple[tuple[str, Mapping[str, object]], ...] = (
    ("a quantity of 0.5", {"count": 0.5}),
    ("a price of 10.125", {"price": 10.125}),
    ("another billing cycle", {"billing_cycle": "Annual"}),
    ("switching off", {"is_active": False}),
    ("switching on", {"is_active": True}),
)
"""Updates of one field each."""


def _of_single(answer: RawAnswer, made: int) -> Finding:
    fact, shown = "write: an array of one", json_of(answer)
    if answer.status not in OK or made != 1:
        return Finding(fact, f"answered {answer.status}; {made} were made", Verdict.NEW)
    bare = isinstance(shown, dict) and "id" in shown
    how = "the bare licence" if bare else "an array" if isinstance(shown, list) else "something else"
    return Finding(fact, f"made, and answered by {how}", Verdict.ASSUMED if bare else Verdict.TOLERATED)


def _of_created(row: Mapping[str, object]) -> list[Finding]:
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


def _of_unsent(created: Mapping[str, object], now: Mapping[str, object]) -> Finding:
    """Say what became of the fields that none of the updates had."""
    fact, lost = (
        "write: fields that are not sent",
        [name for name in ("name", "notes") if created.get(name) != now.get(name)],
    )
    return Finding(fact, f"changed: {', '.join(lost)}", Verdict.NEW) if lost else Finding(fact, "kept", Verdict.ASSUMED)


def _said(field: str, value: object) -> str:
    """Return a value for comparing and for the report: numbers by their amount, words without regard to case."""
    if field in {"count", "price"}:
        try:
            return f"{rows.number(value) or Decimal(0):f}"
        except ValueError:
            return "something else"
    return str(value).strip().lower()
