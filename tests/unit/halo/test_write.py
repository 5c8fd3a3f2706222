"""What is sent to Halo, and how its answers are matched to it (halo-api section 3)."""

import json
from decimal import Decimal
from time import thread_time

import httpx
import pytest
from halo_writer.writes import removal_write
from halosync.domain.model import PriceField, Removal
from halosync.domain.retry import FailureClass
from halosync.halo.failures import named_rows
from halosync.halo.stored import stored
from halosync.halo.transport import HaloTransport
from halosync.halo.write import HaloWriter, _number, _wire
from halosync.ports.failures import HaloFailure
from halosync.ports.licence_write import LicenceWrite, NewLicence
from hypothesis import given
from hypothesis import strategies as st

from .write_examples import CREATE


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
    said = NewLicence(1, "P-1", "Product 1")
    assert _wire(LicenceWrite(7, new=said)) == {"client_id": 7, "type": 1, "product_sku": "P-1", "notes": "Product 1"}
    assert _wire(LicenceWrite(7, new=NewLicence(0))) == {"client_id": 7, "type": 0}
    assert "notes" not in _wire(LicenceWrite(7, 70, new=said))  # never changed later
    update = LicenceWrite(7, 70, quantity=Decimal(0), is_active=True)
    assert _wire(update) == {"id": 70, "client_id": 7, "count": 0, "is_active": True}
    priced = {field: LicenceWrite(7, 70, price=Decimal(1), price_field=field) for field in PriceField}
    assert _wire(priced[PriceField.PRICE]) == {"id": 70, "client_id": 7, "price": 1}
    assert _wire(priced[PriceField.PURCHASE_PRICE]) == {"id": 70, "client_id": 7, "purchase_price": 1}
    assert _wire(priced[PriceField.NONE]) == {"id": 70, "client_id": 7}


def test_a_removal_that_is_no_delete() -> None:
    assert _wire(removal_write(7, 70, Removal.ZERO)) == {"id": 70, "client_id": 7, "count": 0}
    assert _wire(removal_write(7, 70, Removal.DEACTIVATE)) == {"id": 70, "client_id": 7, "is_active": False}


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
    [answered] = await halo.writer.post("acme", "token", [CREATE])
    assert answered is not None
    assert answered.licence_id == 1
    (request,) = halo.requests
    assert (request.method, str(request.url)) == ("POST", "https://acme.halo.example/api/SoftwareLicence")
    assert json.loads(request.content) == [{"client_id": 7, "name": "P-1"}]
    assert request.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (httpx.Response(404), True),
        (httpx.Response(200, json={"id": 70, "deleted": True}), True),
        (httpx.Response(200, json={"id": 70, "is_active": False}), False),
        (httpx.Response(200, json={"id": 70}), False),
        (httpx.Response(200), False),
        (httpx.Response(204), False),
    ],
)
async def test_only_what_the_answer_shows_as_gone_is_gone(halo: Halo, answer: httpx.Response, shown: bool) -> None:
    halo.answer = answer
    assert await halo.writer.delete("acme", "token", 70) is shown
    assert [(request.method, request.url.path) for request in halo.requests] == [("DELETE", "/api/SoftwareLicence/70")]


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (httpx.Response(403), FailureClass.REJECTED),
        (httpx.Response(500), FailureClass.FAILED_WHOLE),
        (httpx.Response(503), FailureClass.OUTCOME_UNKNOWN),
        (httpx.Response(423), FailureClass.LOCKED),
        (httpx.Response(200, content=b"<html>"), FailureClass.OUTCOME_UNKNOWN),
        (httpx.Response(200, json={"errorMessage": "It is referenced."}), FailureClass.FAILED_WHOLE),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example"}), FailureClass.TRANSIENT),
    ],
)
async def test_other_answers_to_a_delete_are_failures(
    halo: Halo, answer: httpx.Response, meaning: FailureClass
) -> None:
    halo.answer = answer
    with pytest.raises(HaloFailure) as failed:
        await halo.writer.delete("acme", "token", 70)
    assert (failed.value.failure, len(halo.requests)) == (meaning, 1)


def seconds(rows: int) -> float:
    """The least of three, so that what else the machine does counts for little."""
    writes = [
        LicenceWrite(client_id=1, licence_id=None, name=f"P-{at}", quantity=Decimal(1), price=Decimal(2))
        for at in range(rows)
    ]
    answer = [{"id": at + 1, "client_id": 1, "name": f"P-{at}", "count": 1, "price": 2} for at in range(rows)]

    def once() -> float:
        begun = thread_time()
        assert None not in stored(answer, writes)
        return thread_time() - begun

    return min(once() for _ in range(3))


def test_an_answer_of_ten_times_the_rows_does_not_take_a_hundred_times_as_long() -> None:
    assert seconds(4_000) < 30 * seconds(400)
