"""Reading clients and licences, page by page (halo-api sections 2 and 3)."""

from decimal import Decimal
from http import HTTPStatus
from typing import Any, TypeVar

from halosync.domain.model import Client, Licence, SeenLicence
from halosync.domain.retry import FailureClass
from halosync.halo.transport import HaloTransport
from halosync.ports.failures import HaloFailure
from halosync.ports.reads import HaloPage

CLIENTS_PATH = "/api/Client"
LICENCES_PATH = "/api/SoftwareLicence"

NO_CLIENT = 0
"""The client of a licence that Halo shows with none; a licence without the field at all is a failed read."""

_MOST_ROWS, _MOST_ID = 2**31 - 1, 2**63 - 1
"""What Postgres can count and number; more is no Halo."""

T = TypeVar("T")


class HaloReader:
    """Reads pages. Every call is one request; the caller holds a permit for it."""

    def __init__(self, transport: HaloTransport, page_size: int) -> None:
        self._transport = transport
        self._page_size = page_size
        self.total_timeout_s = transport.total_timeout_s

    async def clients(self, tenant: str, token: str, page_no: int) -> HaloPage[Client]:
        """Return a page of all clients, inactive ones too.

        Raises:
            HaloFailure: no answer, no success, or not the expected list.
        """
        answer = await self._page(tenant, token, CLIENTS_PATH, page_no, {})
        return HaloPage(*_rows(answer, "clients", _client))

    async def licences(
        self, tenant: str, token: str, page_no: int, *, client_id: int | None = None
    ) -> HaloPage[SeenLicence]:
        """Return a page of all licences, inactive ones too, of one client or of all.

        Raises:
            HaloFailure: no answer, no success, or not the expected list.
        """
        narrowed: dict[str, str | int] = {} if client_id is None else {"client_id": client_id}
        answer = await self._page(tenant, token, LICENCES_PATH, page_no, narrowed)
        return HaloPage(*_rows(answer, "licences", _licence))

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


def _rows(answer: Any, key: str, parse: Any) -> tuple[int, list[Any]]:
    """Take the rows out of a list's envelope; anything that is not surely a list is a failed read."""
    try:
        record_count = _whole(answer["record_count"], _MOST_ROWS)
        rows = [parse(_object(row)) for row in _list(answer[key])]
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise HaloFailure(
            FailureClass.TRANSIENT,
            f"Halo's list of {key} could not be understood: {type(error).__name__} {error}",
            status=HTTPStatus.OK,
        ) from None
    return record_count, rows


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{type(value).__name__} is no list")
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{type(value).__name__} is no object")
    return value


def _client(row: dict[str, Any]) -> Client:
    return Client(id=_whole(row["id"]), name=_text(row["name"]), inactive=_flag(row.get("inactive"), default=False))


def _licence(row: dict[str, Any]) -> SeenLicence:
    cycle = row.get("billing_cycle")
    licence = Licence(
        id=_whole(row["id"]),
        client_id=NO_CLIENT if row["client_id"] is None else _whole(row["client_id"]),
        name=_text(row.get("name")),
        quantity=_decimal(row.get("count")),
        price=_decimal(row.get("price")),
        purchase_price=_decimal(row.get("purchase_price")),
        billing_cycle=None if cycle is None else _text(cycle),
        is_active=_flag(row.get("is_active"), default=True),
    )
    return SeenLicence(licence, deleted=_flag(row.get("deleted"), default=False))


def _whole(value: Any, most: int = _MOST_ID) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is no whole number")
    if abs(value) > most:
        raise ValueError(f"a number of {value.bit_length()} bits is too large")
    return value


def _text(value: Any) -> str:
    """Return a name as it is shown and stored: none is empty, and Postgres holds no NUL."""
    return "" if value is None else str(value).replace("\0", "\ufffd")


def _flag(value: Any, *, default: bool) -> bool:
    if value is None:
        return default
    if value not in (True, False):  # 1 and 0 are taken too; a word such as "false" would count as true
        raise TypeError(f"{value!r} is neither true nor false")
    return bool(value)


def _decimal(value: Any) -> Decimal | None:
    """Turn Halo's number into a decimal by its shortest text, which is the double's exact identity."""
    if value is None:
        return None
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError(f"{value!r} is no number")
    return number
