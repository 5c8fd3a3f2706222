"""Reading clients and licences, page by page (halo-api sections 2 and 3)."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import TypeVar

from halosync.domain.foreign_marks import FOREIGN_MARKS
from halosync.domain.model import Client, SeenLicence
from halosync.domain.retry import FailureClass
from halosync.halo import rows
from halosync.halo.transport import HaloTransport
from halosync.ports.failures import HaloFailure
from halosync.ports.reads import HaloPage

CLIENTS_PATH = "/api/Client"
LICENCES_PATH = "/api/SoftwareLicence"

_MOST_ROWS = 2**31 - 1
"""What Postgres can count; more is no Halo."""

T = TypeVar("T")


class HaloReader:
    """Reads pages. Every call is one request; the caller holds a permit for it.

    `page_size` is that of a page for which the caller names none. `foreign_marks` are the fields by which other
    integrations mark the licences that are theirs.
    """

    def __init__(
        self, transport: HaloTransport, page_size: int, foreign_marks: tuple[str, ...] = FOREIGN_MARKS
    ) -> None:
        self._transport = transport
        self._page_size = page_size
        self._licence = partial(rows.licence, foreign_marks=foreign_marks)
        self.total_timeout_s = transport.total_timeout_s

    async def clients(self, tenant: str, token: str, page_no: int, *, page_size: int | None = None) -> HaloPage[Client]:
        """Return a page of all clients, inactive ones too.

        Raises:
            HaloFailure: no answer, no success, or not the expected list; `UnreadableRowError` for a row of it.
        """
        answer = await self._page(tenant, token, CLIENTS_PATH, self._query(page_no, page_size))
        return HaloPage(*_rows(answer, "clients", rows.client, page_no))

    async def licences(
        self, tenant: str, token: str, page_no: int, *, client_id: int | None = None, page_size: int | None = None
    ) -> HaloPage[SeenLicence]:
        """Return a page of all licences, inactive ones too, of one client or of all.

        Raises:
            HaloFailure: no answer, no success, or not the expected list; `UnreadableRowError` for a row of it.
        """
        query = self._query(page_no, page_size)
        if client_id is not None:
            query["client_id"] = client_id
        answer = await self._page(tenant, token, LICENCES_PATH, query)
        return HaloPage(*_rows(answer, "licences", self._licence, page_no))

    def _query(self, page_no: int, page_size: int | None) -> dict[str, str | int]:
        # Without pageinate=true (Halo's spelling) the paging parameters are silently ignored.
        return {
            "pageinate": "true",
            "page_size": page_size or self._page_size,
            "page_no": page_no,
            "includeinactive": "true",
        }

    async def _page(self, tenant: str, token: str, path: str, query: dict[str, str | int]) -> object:
        return await self._transport.send(tenant, token, "GET", path, params=query)


def _rows(answer: object, key: str, parse: Callable[[object, int], T], page_no: int) -> tuple[int, list[T]]:
    """Take the rows out of a list's envelope; anything that is not surely a list is a failed read."""
    if not isinstance(answer, dict):
        raise _no_list(key, f"it is {_kind(answer)}")
    try:
        record_count = rows.whole(answer.get("record_count"), _MOST_ROWS)
    except ValueError as error:
        raise _no_list(key, f"its record_count is {error}") from None
    if record_count is None:
        raise _no_list(key, "it has no record_count")
    if key not in answer:
        raise _no_list(key, f"it has no {key}")
    found = answer[key]
    if found is None and (record_count == 0 or page_no > 1):  # a page behind the end
        found = []
    if not isinstance(found, list):
        raise _no_list(key, f"its {key} are {_kind(found)}")
    return record_count, [parse(row, position) for position, row in enumerate(found, start=1)]


def _no_list(key: str, why: str) -> HaloFailure:
    words = f"Halo's list of {key} could not be understood: {why}"
    return HaloFailure(FailureClass.TRANSIENT, words, status=HTTPStatus.OK)


def _kind(value: object) -> str:
    return "null" if value is None else f"of the type {type(value).__name__}"
