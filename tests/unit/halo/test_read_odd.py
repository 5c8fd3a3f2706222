"""An odd row, count or list is a failed read or told, and never a guess (spec section 5.4)."""

from typing import Any

import pytest
from halosync.domain.retry import FailureClass
from halosync.halo.read import HaloReader
from halosync.ports.failures import HaloFailure, UnreadableRowError

from .answering_halo import CLIENT, LICENCE, ODD_LICENCES, Halo, clients, licences


@pytest.mark.parametrize("row", ODD_LICENCES, ids=repr)
async def test_one_licence_that_is_not_understood_fails_the_page(reader: HaloReader, halo: Halo, row: object) -> None:
    halo.answers(licences(LICENCE, row))
    with pytest.raises(UnreadableRowError, match=r"^licence (70|row 2 of the page) (has|is) ") as failed:
        await reader.licences("acme", "token", 1)
    assert failed.value.failure is FailureClass.REJECTED  # a person has to correct it: asking again would not help


@pytest.mark.parametrize("nobodys", [{"deleted": True}, {"client_id": None}], ids=repr)
@pytest.mark.parametrize(("name", "value"), [("count", "many"), ("price", "x"), ("is_active", "yes"), ("name", [])])
async def test_a_licence_that_no_plan_looks_at_may_be_odd(
    reader: HaloReader, halo: Halo, nobodys: dict[str, object], name: str, value: object
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


ODD_COUNTS: list[object] = [None, "many", 0.5, True, [], 2**31]
NO_LISTS: list[object] = [{}, "", 0, False, {"70": LICENCE}]


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
