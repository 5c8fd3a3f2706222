"""Reading clients and licences, page by page (halo-api sections 2 and 3)."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

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

    `foreign_marks` are the fields by which other integrations mark the licences that are theirs.
    """

    def __init__(
        self, transport: HaloTransport, page_size: int, foreign_marks: tuple[str, ...] = FOREIGN_MARKS
    ) -> None:
        self._transport = transport
        self._page_size = page_size
        self._licence = partial(rows.licence, foreign_marks=foreign_marks)
        self.total_timeout_s = transport.total_timeout_s

    async def clients(self, tenant: str, token: str, page_no: int) -> HaloPage[Client]:
        """Return a page of all clients, inactive ones too.

        Raises:
            HaloFailure: no answer, no success, or not the expected list; `UnreadableRowError` for a row of it.
        """
        answer = await self._page(tenant, token, CLIENTS_PATH, page_no, {})
        return HaloPage(*_rows(answer, "clients", rows.client))

    async def licences(
        self, tenant: str, token: str, page_no: int, *, client_id: int | None = None
    ) -> HaloPage[SeenLicence]:
        """Return a page of all licences, inactive ones too, of one client or of all.

        Raises:
            HaloFailure: no answer, no success, or not the expected list; `UnreadableRowError` for a row of it.
        """
        narrowed: dict[str, str | int] = {} if client_id is None else {"client_id": client_id}
        answer = await self._page(tenant, token, LICENCES_PATH, page_no, narrowed)
        return HaloPage(*_rows(answer, "licences", self._licence))

    async def _page(self, tenant: str, token: str, path: str, page_no: int, narrowed: dict[str, str | int]) -> Any:
        # Without pageinate=true (Halo's spelling) the paging parameters are silently ignored.
        params: dict[str, str | int] = {
            "pageinate": "true",
            "page_size": self._page_size,
            "page_no": page_no,
            "includeinactive": "true",
            **narrowed,
        }
        return await self._transport.send(tenant, token, "GET", path, params=params)


def _rows(answer: Any, key: str, parse: Callable[[Any, int], T]) -> tuple[int, list[T]]:
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
    if found is None and record_count == 0:
        found = []
    if not isinstance(found, list):
        raise _no_list(key, f"its {key} are {_kind(found)}")
    return record_count, [parse(row, position) for position, row in enumerate(found, start=1)]


def _no_list(key: str, why: str) -> HaloFailure:
    words = f"Halo's list of {key} could not be understood: {why}"
    return HaloFailure(FailureClass.TRANSIENT, words, status=HTTPStatus.OK)


def _kind(value: Any) -> str:
    return "null" if value is None else f"of the type {type(value).__name__}"
