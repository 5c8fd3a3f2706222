"""What is sent to Halo, and how its answers are matched to it (halo-api section 3)."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import httpx
import pytest
from halo_writer.effects import removal_write
from halosync.domain.model import PriceField, Removal
from halosync.domain.names import name_key
from halosync.domain.retry import FailureClass
from halosync.halo.failures import named_rows
from halosync.halo.transport import HaloTransport
from halosync.halo.write import HaloWriter, _ids, _number, _wire
from halosync.ports.failures import HaloFailure
from halosync.ports.licence_write import LicenceWrite
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        ("12", "12"),
        ("12.000000", "12"),
        ("1E+3", "1000"),
        ("0", "0"),
        ("-0.0", "0"),
        ("-4", "-4"),
        ("12.5", "12.5"),
        ("0.1", "0.1"),
        ("31.505000", "31.505"),
        ("999999999999.999999", "999999999999.999999"),
    ],
)
def test_a_whole_number_has_no_point_and_another_no_superfluous_digit(value: str, wire: str) -> None:
    sent = json.dumps(_number(Decimal(value)))
    assert Decimal(sent) == pytest.approx(Decimal(wire), rel=Decimal("1e-15"))
    assert ("." in sent) == ("." in wire)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6))
def test_what_halo_reads_back_is_what_was_sent(value: Decimal) -> None:
    """Up to 15 digits a double gives back the decimal that it was made of."""
    assert Decimal(json.dumps(_number(value))) == value


def test_only_the_fields_that_are_to_change_are_sent() -> None:
    create = LicenceWrite(7, name="P-1", quantity=Decimal(2), price=Decimal("9.5"), billing_cycle="Monthly")
    assert _wire(create) == {"client_id": 7, "name": "P-1", "count": 2, "price": 9.5, "billing_cycle": "Monthly"}
    update = LicenceWrite(7, 70, quantity=Decimal(0), is_active=True)
    assert _wire(update) == {"id": 70, "count": 0, "is_active": True}
    priced = {field: LicenceWrite(7, 70, price=Decimal(1), price_field=field) for field in PriceField}
    assert _wire(priced[PriceField.PRICE]) == {"id": 70, "price": 1}
    assert _wire(priced[PriceField.PURCHASE_PRICE]) == {"id": 70, "purchase_price": 1}
    assert _wire(priced[PriceField.NONE]) == {"id": 70}


def test_a_removal_that_is_no_delete() -> None:
    assert _wire(removal_write(7, 70, Removal.ZERO)) == {"id": 70, "count": 0}
    assert _wire(removal_write(7, 70, Removal.DEACTIVATE)) == {"id": 70, "is_active": False}


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ('{"[0].count": ["Could not convert"]}', {0}),
        ('{"[0].count": ["a"], "[12].price": ["b"], "[12]": ["c"]}', {0, 12}),
        ('{"count": ["a"], "Message": "[3].x"}', set()),
        ('{"x[1]": ["a"], "[].y": ["b"], "[-1].z": ["c"]}', set()),
        ('["[0].count"]', set()),
        ("[0].count", set()),
        ("", set()),
        ("[" * 100_000, set()),
        ('{"[0]":' * 100_000, set()),
    ],
    ids=range(9),
)
def test_the_rows_that_a_refusal_names(body: str, rows: set[int]) -> None:
    assert named_rows(body) == rows


CREATE, OTHER_CREATE = LicenceWrite(7, name="P-1"), LicenceWrite(8, name="P-1")
UPDATE = LicenceWrite(7, 70, name="P-2")


@pytest.mark.parametrize(
    ("answer", "ids"),
    [
        ([{"id": 1, "client_id": 7, "name": "P-1"}, {"id": 2, "client_id": 8, "name": "P-1"}, {"id": 70}], [1, 2, 70]),
        ([{"id": 70}, {"id": 2, "client_id": 8, "name": "P-1"}, {"id": 1, "client_id": 7, "name": "p-1 "}], [1, 2, 70]),
        ([{"id": 1, "client_id": 7, "name": "P-1"}], [1, None, None]),
        ([], [None, None, None]),
        ([{"id": 1}, {"id": 2}, {"id": 3}], [None, None, None]),
        ([{"id": 1, "client_id": 7, "name": "P-1"}, {"id": 2, "client_id": 7, "name": "P-1"}], [None, None, None]),
        ([{"id": "1", "client_id": 7, "name": "P-1"}, {"id": "70"}], [None, None, None]),
        ([{"id": 1, "client_id": "7", "name": "P-1"}, {"id": None}, {}], [None, None, None]),
        ([{"id": 1, "client_id": [7], "name": ["P-1"]}, {"id": [], "name": {}}], [None, None, None]),
        ([{"id": 1, "name": "P-1"}, {"id": 2, "client_id": 7}], [None, None, None]),
        ([{"id": 70, "client_id": 7, "name": "P-1"}], [None, None, 70]),
    ],
    ids=range(11),
)
def test_an_answer_is_matched_by_id_or_else_by_client_and_name(
    answer: list[dict[str, Any]], ids: list[int | None]
) -> None:
    assert _ids(answer, [CREATE, OTHER_CREATE, UPDATE]) == ids


def test_an_array_of_one_is_answered_with_the_bare_object() -> None:
    assert _ids({"id": 1, "client_id": 7, "name": "P-1"}, [CREATE]) == [1]
    assert _ids({"id": 70}, [UPDATE]) == [70]


@pytest.mark.parametrize("answer", [None, "ok", 7, True, [1], [{"id": 70}, None], [[]]], ids=repr)
def test_an_answer_that_shows_no_licences_leaves_the_outcome_unknown(answer: object) -> None:
    with pytest.raises(HaloFailure) as failed:
        _ids(answer, [UPDATE])
    assert failed.value.failure is FailureClass.OUTCOME_UNKNOWN


@st.composite
def written_arrays(draw: st.DrawFn) -> tuple[list[LicenceWrite], list[dict[str, Any]]]:
    """An array and what a Halo that stored all of it answers."""
    keys = draw(st.lists(st.tuples(st.integers(1, 3), st.sampled_from("abcdef")), unique=True, min_size=1))
    updates = draw(st.sets(st.sampled_from(keys)))
    writes, stored = [], []
    for number, (client_id, name) in enumerate(keys, start=1000):
        writes.append(LicenceWrite(client_id, number if (client_id, name) in updates else None, name=name))
        stored.append({"id": number, "client_id": client_id, "name": name})
    return writes, stored


@given(array=written_arrays(), data=st.data())
def test_no_answer_whatever_its_order_and_gaps_gives_a_write_the_id_of_another(
    array: tuple[list[LicenceWrite], list[dict[str, Any]]], data: st.DataObject
) -> None:
    writes, stored = array
    shown = data.draw(st.permutations(stored))[: data.draw(st.integers(0, len(stored)))]
    own = [row["id"] if row in shown else None for row in stored]
    assert _ids(shown, writes) == own


@given(
    answer=st.lists(st.dictionaries(st.sampled_from(["id", "client_id", "name"]), st.integers(0, 3) | st.text("ab")))
)
def test_whatever_the_answer_an_id_belongs_to_the_write_it_is_given_to(answer: list[dict[str, Any]]) -> None:
    writes: Sequence[LicenceWrite] = [LicenceWrite(1, name="a"), LicenceWrite(2, name="a"), LicenceWrite(1, 3)]
    for write, licence_id in zip(writes, _ids(answer, writes), strict=True):
        rows = [row for row in answer if licence_id is not None and row.get("id") == licence_id]
        assert licence_id is None or rows
        if licence_id is not None and write.licence_id is None:
            assert any(row.get("client_id") == write.client_id for row in rows)
            assert any(name_key(str(row.get("name") or "")) == name_key(write.name or "") for row in rows)


class Halo:
    """Answers every request with `answer`, and remembers the requests."""

    def __init__(self) -> None:
        self.answer = httpx.Response(200)
        self.requests: list[httpx.Request] = []
        transport = HaloTransport("https://{tenant}.halo.example", 1.0)
        transport._http = httpx.AsyncClient(transport=httpx.MockTransport(self._handle), trust_env=False)
        self.writer = HaloWriter(transport)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answer


@pytest.fixture
def halo() -> Halo:
    return Halo()


async def test_a_write_is_always_an_array(halo: Halo) -> None:
    halo.answer = httpx.Response(201, json={"id": 1, "client_id": 7, "name": "P-1"})
    assert await halo.writer.post("acme", "token", [CREATE]) == [1]
    (request,) = halo.requests
    assert (request.method, str(request.url)) == ("POST", "https://acme.halo.example/api/SoftwareLicence")
    assert json.loads(request.content) == [{"client_id": 7, "name": "P-1"}]
    assert request.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("status", [200, 204, 404])
async def test_what_is_gone_is_deleted(halo: Halo, status: int) -> None:
    halo.answer = httpx.Response(status)
    await halo.writer.delete("acme", "token", 70)
    assert [(request.method, request.url.path) for request in halo.requests] == [("DELETE", "/api/SoftwareLicence/70")]


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (httpx.Response(403), FailureClass.REJECTED),
        (httpx.Response(500), FailureClass.OUTCOME_UNKNOWN),
        (httpx.Response(200, content=b"<html>"), FailureClass.OUTCOME_UNKNOWN),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example"}), FailureClass.REJECTED),
    ],
)
async def test_other_answers_to_a_delete_are_failures(
    halo: Halo, answer: httpx.Response, meaning: FailureClass
) -> None:
    halo.answer = answer
    with pytest.raises(HaloFailure) as failed:
        await halo.writer.delete("acme", "token", 70)
    assert (failed.value.failure, len(halo.requests)) == (meaning, 1)
