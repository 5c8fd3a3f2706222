"""The licences that the check of writes makes: which are its own, and that they go. It touches no other one."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from html import unescape
from http import HTTPStatus
from typing import Any

from halosync.domain.listing import counted
from halosync.halo.read import LICENCES_PATH
from halosync.halo.rows import HaloRow
from halosync.ports.conformance import RawAnswer

Send = Callable[[str, str, Mapping[str, str | int] | None, bytes | None], Awaitable[RawAnswer]]
"""Sends a method, path, parameters and body."""

STAMP = "0123456789ab"
NAME = "halosync check & test"
"""What the licences are called: Halo may change such a name."""

MOST_ROWS, TRIES, PAUSE_S = 100, 3, 1.0
"""Of the client; how often cleaning up is tried, and the seconds between."""

OK = range(200, 300)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class NotForTestsError(ValueError):
    """The client is not one that was made for a test, or Halo does not show it well; the message says why."""


class OwnLicences:
    """The licences of one client, and which of them this check has made: by their ids in the answers, or by our marks.

    `others` are the ids of licences that came to the client meanwhile and are not ours.
    """

    def __init__(self, send: Send, client_id: int) -> None:
        self._send = send
        self._client_id = client_id
        self._began = False
        self._left_before: frozenset[int] = frozenset()
        self._made, self._seen, self._deleted = set[int](), set[int](), set[int]()
        self._asked = 0
        self.others: set[int] = set()

    async def begin(self) -> None:
        """Make sure that the client is there for tests alone.

        Raises:
            NotForTestsError: it has licences, or Halo does not show its own ones alone, and all of them.
            HaloFailure: no answer.
        """
        shown = await self._all_shown()
        active = [row for row in shown.values() if not is_set(row, "deleted")]
        if others := [row for row in active if is_active(row) or STAMP not in str(row.get("notes"))]:
            raise NotForTestsError(
                f"client {self._client_id} has {counted(len(others), 'licence')}. Make a client for this test that has"
                " none"
            )
        self._began, self._left_before = True, frozenset(shown)

    async def create(self, elements: list[HaloRow]) -> RawAnswer:
        """Create licences and keep the ids that the answer names; without an answer each of them may be there.

        Raises:
            HaloFailure: no answer.
        """
        self._asked += len(elements)
        answer = await self._send("POST", LICENCES_PATH, None, json.dumps(elements).encode())
        if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            self._asked -= len(elements)  # what of a refused array is there all the same, the list shows
        if answer.status in OK:
            said = json_of(answer)
            rows = said if isinstance(said, list) else [said]
            self._made |= {row["id"] for row in rows if self._is_id(row)} - self._left_before
        return answer

    def _is_id(self, row: object) -> bool:
        if not isinstance(row, dict) or str(row.get("client_id", self._client_id)) != str(self._client_id):
            return False
        return isinstance(row.get("id"), int)

    async def delete(self, licence_id: int) -> RawAnswer:
        """Delete one of ours."""
        answer = await self._send("DELETE", f"{LICENCES_PATH}/{licence_id}", None, None)
        if answer.status in OK or answer.status == 404:
            self._deleted.add(licence_id)
        return answer

    async def shown(self) -> dict[int, HaloRow]:
        """Return what Halo shows of ours, by their ids; errors as `begin`."""
        rows = {number: row for number, row in (await self._all_shown()).items() if number not in self._left_before}
        self._made |= {number for number, row in rows.items() if _is_marked(row)}
        self._seen |= self._made & rows.keys()
        self.others = (self.others | rows.keys()) - self._made
        return {number: row for number, row in rows.items() if number in self._made}

    async def _all_shown(self) -> dict[int, HaloRow]:
        paging: dict[str, str | int] = {"pageinate": "true", "page_size": MOST_ROWS, "page_no": 1}
        asked = {**paging, "includeinactive": "true", "client_id": self._client_id}
        answer = await self._send("GET", LICENCES_PATH, asked, None)
        said = json_of(answer)
        rows = said.get("licences") if isinstance(said, dict) else None
        if answer.status not in OK or not isinstance(rows, list):
            raise NotForTestsError(f"Halo answered {answer.status} when asked for the licences of the client")
        if said.get("record_count") != len(rows) or not all(isinstance(row, dict) and "id" in row for row in rows):
            raise NotForTestsError("Halo does not show all licences of the client, or does not count them")
        if any(str(row.get("client_id")) != str(self._client_id) for row in rows):
            raise NotForTestsError("Halo shows licences of other clients when it is asked for those of this one")
        return {int(row["id"]): row for row in rows}

    async def clean_up(self) -> list[int] | None:
        """Delete what was made; return the ids of what was not seen to go.

        None: there may be some that neither an answer has named nor the list shows.
        """
        left: list[int] | None = []
        for _ in range(TRIES if self._began else 0):
            left = None
            with suppress(Exception):  # whatever happens, the others are to go, and a person to be told
                left = await self._deleted_all()
            if left == []:
                return left
            await asyncio.sleep(PAUSE_S)
        return left

    async def _deleted_all(self) -> list[int] | None:
        shown = dict[int, HaloRow]()
        with suppress(Exception):  # what the answers named goes whatever the list shows
            shown = await self.shown()
        for number in sorted(self._made):
            if number not in self._deleted or is_active(shown.get(number, {"is_active": False})):
                with suppress(Exception):
                    await self.delete(number)
        shown = await self.shown()
        there = {number for number, row in shown.items() if is_active(row) and not is_set(row, "deleted")}
        left = sorted(there | (self._made - (self._seen & self._deleted)))
        return left if left or len(self._made) >= self._asked else None


def _is_marked(row: HaloRow) -> bool:
    return STAMP in str(row.get("notes")) or unescape(str(row.get("name"))).startswith(NAME)


def is_active(row: HaloRow) -> bool:
    """Tell whether a row is that of an active licence."""
    return str(row.get("is_active")).lower() not in {"false", "0"}


def is_set(row: HaloRow, field: str) -> bool:
    """Tell whether a row's flag is set."""
    return str(row.get(field)).lower() in {"true", "1"}


def json_of(answer: RawAnswer) -> Any:
    """Return what an answer says, None if it is no JSON."""
    try:
        return json.loads(answer.body.removeprefix(_BYTE_ORDER_MARK))
    except ValueError:
        return None
