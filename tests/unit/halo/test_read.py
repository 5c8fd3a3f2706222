"""A list from Halo is understood completely or it is a failed read; nothing is guessed (spec section 5.4)."""

import json
from decimal import Decimal
from typing import Any

import httpx
import pytest
from halosync.domain.model import Client
from halosync.domain.retry import FailureClass
from halosync.halo.read import HaloReader
from halosync.halo.rows import NO_CLIENT
from halosync.halo.transport import HaloTransport
from halosync.ports.failures import HaloFailure, UnreadableRowError

CLIENT = {"id": 7, "name": "Contoso", "inactive": False, "colour": "#fff"}
LICENCE: dict[str, Any] = {
    "id": 70,
    "client_id": 7,
    "name": "MS-365-BP",
    "count": 12,
    "price": 31.5,
    "purchase_price": None,
    "billing_cycle": "Monthly",
    "is_active": True,
    "deleted": False,
    "vendor": "x",
}


class Halo:
    """Answers every request with what it was told to, and remembers the requests."""

    def __init__(self) -> None:
        self.body = b""
        self.requests: list[httpx.Request] = []
        self.transport = HaloTransport("https://{tenant}.halo.example/", 1.0)
        self.transport._http = httpx.AsyncClient(transport=httpx.MockTransport(self._handle), trust_env=False)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, content=self.body)

    def answers(self, answer: object) -> None:
        self.body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()


@pytest.fixture(scope="module")
def halo() -> Halo:
    return Halo()


@pytest.fixture
def reader(halo: Halo) -> HaloReader:
    halo.requests.clear()
    return HaloReader(halo.transport, page_size=50)


def licences(*rows: object) -> dict[str, Any]:
    return {"record_count": len(rows), "licences": list(rows)}


def clients(*rows: object) -> dict[str, Any]:
    return {"record_count": len(rows), "clients": list(rows)}


async def test_a_page_is_asked_for_in_halos_spelling(reader: HaloReader, halo: Halo) -> None:
    halo.answers(clients())
    await reader.clients("acme", "token", 3)
    halo.answers(licences())
    await reader.licences("acme", "token", 1, client_id=7)
    paging = {"pageinate": "true", "page_size": "50", "includeinactive": "true"}
    first, second = halo.requests
    assert (str(first.url.copy_with(query=None)), dict(first.url.params)) == (
        "https://acme.halo.example/api/Client",
        {**paging, "page_no": "3"},
    )
    assert first.headers["Authorization"] == "Bearer token"
    assert second.url.path == "/api/SoftwareLicence"
    assert dict(second.url.params) == {**paging, "page_no": "1", "client_id": "7"}


async def test_a_page_of_licences(reader: HaloReader, halo: Halo) -> None:
    halo.answers({"record_count": 120, "licences": [LICENCE]})
    page = await reader.licences("acme", "token", 1)
    (seen,) = page.rows
    assert (page.record_count, seen.deleted) == (120, False)
    licence = seen.licence
    assert (licence.id, licence.client_id, licence.name, licence.is_active) == (70, 7, "MS-365-BP", True)
    assert (licence.quantity, licence.price, licence.purchase_price) == (Decimal(12), Decimal("31.5"), None)


@pytest.mark.parametrize(
    ("value", "number"),
    [(0.1, "0.1"), (1e-7, "1E-7"), (12.0, "12"), ("12.50", "12.5"), (0, "0"), (-3, "-3"), (1e300, "1E300")],
)
async def test_a_number_is_its_shortest_decimal(reader: HaloReader, halo: Halo, value: float, number: str) -> None:
    halo.answers(licences(LICENCE | {"count": value}))
    assert (await reader.licences("acme", "token", 1)).rows[0].licence.quantity == Decimal(number)


async def test_what_halo_leaves_out_is_unset_and_not_zero(reader: HaloReader, halo: Halo) -> None:
    halo.answers(licences({"id": 70, "client_id": 7}))
    (seen,) = (await reader.licences("acme", "token", 1)).rows
    licence = seen.licence
    assert (licence.quantity, licence.price, licence.purchase_price, licence.billing_cycle) == (None,) * 4
    assert (licence.name, licence.is_active, seen.deleted) == ("", True, False)


async def test_a_licence_of_nobody_is_no_clients(reader: HaloReader, halo: Halo) -> None:
    halo.answers(licences(LICENCE | {"client_id": None}))
    assert (await reader.licences("acme", "token", 1)).rows[0].licence.client_id == NO_CLIENT


async def test_odd_texts_are_taken_as_they_can_be_stored(reader: HaloReader, halo: Halo) -> None:
    halo.answers(licences(LICENCE | {"name": "a\0b", "billing_cycle": "c\0"}, LICENCE | {"name": None}))
    first, second = (await reader.licences("acme", "token", 1)).rows
    assert (first.licence.name, first.licence.billing_cycle, second.licence.name) == ("a\ufffdb", "c\ufffd", "")
    halo.answers(clients(CLIENT | {"name": None}, CLIENT | {"name": "\0"}, CLIENT | {"inactive": None}))
    rows = (await reader.clients("acme", "token", 1)).rows
    assert [row.name for row in rows] == ["", "\ufffd", "Contoso"]
    assert [row.inactive for row in rows] == [False, False, False]


@pytest.mark.parametrize("value", ["70", " 70 ", 70.0, "70.0"], ids=repr)
async def test_a_number_as_text_is_that_number(reader: HaloReader, halo: Halo, value: object) -> None:
    halo.answers(licences(LICENCE | {"id": value, "client_id": value, "count": value, "price": value, "type": value}))
    licence = (await reader.licences("acme", "token", 1)).rows[0].licence
    assert (licence.id, licence.client_id, licence.licence_type) == (70, 70, 70)
    assert (licence.quantity, licence.price) == (Decimal(70), Decimal(70))


@pytest.mark.parametrize(
    ("value", "flag"), [("false", False), ("False", False), ("0", False), (0, False), (" true", True)]
)
async def test_a_flag_as_text_is_that_flag(reader: HaloReader, halo: Halo, value: object, flag: bool) -> None:
    halo.answers(licences(LICENCE | {"is_active": value, "deleted": value}))
    (seen,) = (await reader.licences("acme", "token", 1)).rows
    assert (seen.licence.is_active, seen.deleted) == (flag, flag)


async def test_status_is_not_looked_at(reader: HaloReader, halo: Halo) -> None:
    halo.answers(licences(LICENCE | {"status": "Active"}, LICENCE | {"id": 71, "status": {"id": 1}}))
    assert len((await reader.licences("acme", "token", 1)).rows) == 2


async def test_an_absent_field_is_like_null(reader: HaloReader, halo: Halo) -> None:
    halo.answers(clients({"id": 7}))
    assert (await reader.clients("acme", "token", 1)).rows == [Client(7, "")]
    halo.answers(licences({"id": 70}))
    assert (await reader.licences("acme", "token", 1)).rows[0].licence.client_id == NO_CLIENT


async def test_marks_of_other_integrations_type_and_notes(halo: Halo) -> None:
    reader = HaloReader(halo.transport, 50, ("snowid", "azure_connection_id"))
    row = LICENCE | {"azure_connection_id": 4, "snowid": "0", "type": 1, "notes": "Ours\n[halosync 0123456789ab]"}
    halo.answers(licences(row, LICENCE | {"external_link_id": 9, "type": "subscription", "notes": {}}))
    marked, other = [seen.licence for seen in (await reader.licences("acme", "token", 1)).rows]
    assert (marked.foreign_mark, marked.licence_type, marked.stamp) == ("azure_connection_id", 1, "0123456789ab")
    assert (other.foreign_mark, other.licence_type, other.stamp) == (None, None, None)  # it is no mark here


async def test_a_byte_order_mark_is_skipped(reader: HaloReader, halo: Halo) -> None:
    halo.answers(b"\xef\xbb\xbf" + json.dumps(clients(CLIENT)).encode())
    assert (await reader.clients("acme", "token", 1)).record_count == 1


ODD_VALUES: list[tuple[str, list[Any]]] = [
    ("id", [None, "", "x70", 70.5, True, [], 2**63, "\u0667"]),
    ("client_id", ["Contoso", 7.5, False, {}, -(2**63) - 1]),
    ("count", ["many", True, [], {}, "1_0", "NaN", "Infinity", float("nan"), "1e400", "\u0661\u0662", "1" * 500]),
    ("price", ["31,5", float("inf"), float("-inf"), "1e", "1,000.00"]),
    ("is_active", ["yes", 2, []]),
    ("deleted", ["gone", -1]),
    ("name", [[], {"text": "x"}]),
    ("billing_cycle", [["Monthly"]]),
]
ODD_LICENCES: list[object] = [
    *(LICENCE | {name: value} for name, values in ODD_VALUES for value in values),
    {key: value for key, value in LICENCE.items() if key != "id"},
    *(None, 7, "licence", []),
]


@pytest.mark.parametrize("row", ODD_LICENCES, ids=repr)
async def test_one_licence_that_is_not_understood_fails_the_page(reader: HaloReader, halo: Halo, row: object) -> None:
    halo.answers(licences(LICENCE, row))
    with pytest.raises(UnreadableRowError, match=r"^licence (70|row 2 of the page) (has|is) ") as failed:
        await reader.licences("acme", "token", 1)
    assert failed.value.failure is FailureClass.REJECTED  # a person has to correct it: asking again would not help


@pytest.mark.parametrize("nobodys", [{"deleted": True}, {"client_id": None}], ids=repr)
@pytest.mark.parametrize(("name", "value"), [("count", "many"), ("price", "x"), ("is_active", "yes"), ("name", [])])
async def test_a_licence_that_no_plan_looks_at_may_be_odd(
    reader: HaloReader, halo: Halo, nobodys: dict[str, Any], name: str, value: object
) -> None:
    halo.answers(licences(LICENCE | {"id": 71, name: value} | nobodys))
    assert (await reader.licences("acme", "token", 1)).rows[0].licence.id == 71


@pytest.mark.parametrize(
    "row",
    [{"name": "Contoso"}, CLIENT | {"id": "x7"}, CLIENT | {"id": None}, CLIENT | {"inactive": "no"}, None],
    ids=repr,
)
async def test_one_client_that_is_not_understood_fails_the_page(reader: HaloReader, halo: Halo, row: object) -> None:
    halo.answers(clients(CLIENT, row))
    with pytest.raises(UnreadableRowError, match=r"^client (7|row 2 of the page) (has|is) "):
        await reader.clients("acme", "token", 1)


@pytest.mark.parametrize("odd", ["many", "\u0667", "\uff15", "1_000"], ids=ascii)
async def test_an_odd_row_is_told_with_its_field_and_value(reader: HaloReader, halo: Halo, odd: str) -> None:
    halo.answers(licences(LICENCE | {"count": odd}))
    with pytest.raises(UnreadableRowError, match=rf"^licence 70 has the count '{odd}', which is no number$"):
        await reader.licences("acme", "token", 1)


@pytest.mark.parametrize("count", ["0", 0.0, 0], ids=repr)
async def test_no_rows_may_be_no_list(reader: HaloReader, halo: Halo, count: object) -> None:
    halo.answers({"record_count": count, "licences": None})
    page = await reader.licences("acme", "token", 1)
    assert (page.record_count, page.rows) == (0, [])


async def test_behind_the_end_no_rows_may_be_no_list(reader: HaloReader, halo: Halo) -> None:
    halo.answers({"record_count": 5, "licences": None})
    assert (await reader.licences("acme", "token", 2)).rows == []
    await fails(reader.licences("acme", "token", 1))


ODD_COUNTS: list[Any] = [None, "many", 0.5, True, [], 2**31]
NO_LISTS: list[Any] = [{}, "", 0, False, {"70": LICENCE}]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'{"record_count": 1, "licences": [',
        b'{"record_count": NaN, "licences": []}',
        {},
        {"licences": []},
        {"record_count": 0},
        {"record_count": 0, "clients": []},
        {"record_count": 1, "licences": None},
        *({"record_count": count, "licences": []} for count in ODD_COUNTS),
        *({"record_count": 0, "licences": rows} for rows in NO_LISTS),
    ],
    ids=repr,
)
async def test_what_is_not_surely_a_list_is_a_failed_read_and_never_an_empty_list(
    reader: HaloReader, halo: Halo, answer: object
) -> None:
    halo.answers(answer)
    await fails(reader.licences("acme", "token", 1))


async def fails(reading: Any) -> None:
    with pytest.raises(HaloFailure) as failed:
        await reading
    assert failed.value.failure is FailureClass.TRANSIENT
