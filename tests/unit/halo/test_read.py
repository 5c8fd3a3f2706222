"""A list from Halo is understood completely or it is a failed read; nothing is guessed (spec section 5.4)."""

import json
from decimal import Decimal

import pytest
from halosync.domain.model import Client
from halosync.halo.read import HaloReader
from halosync.halo.rows import NO_CLIENT

from .answering_halo import CLIENT, LICENCE, Halo, clients, licences


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
