"""Bulk acceptance links what was sent and nothing else; an application carries what was shown."""

from datetime import UTC, datetime

import pytest
from halosync.domain.client_fingerprints import client_fingerprint
from halosync.domain.model import Client
from halosync.domain.plan import CustomerLink
from halosync.ports.links import CustomerPicture, LinkChange, ProductLink, ProductPicture, RefusedChange, WhyRefused
from hypothesis import given
from hypothesis import strategies as st
from report_api.links import sentences
from report_api.links.changes import NotOursError, judge_ticks, pack, pair, unpack
from report_api.links.customers import CUSTOMERS
from report_api.links.products import PRODUCTS

READ_AT = datetime(2026, 11, 5, tzinfo=UTC)
CLIENTS = [Client(number, f"Client {number}") for number in range(1, 6)]
NAMES = [(f"C:{number}", f"Customer {number}") for number in range(1, 6)]
PICTURE = CustomerPicture(NAMES, {"C:5": CustomerLink(99)}, CLIENTS, READ_AT)
BILLED = [("A/1", "Antivirus"), ("B", "Backup"), ("C", "c")]
PRODUCT_PICTURE = ProductPicture(BILLED, {"C": "x"}, ["Anti: virus", "Back"], READ_AT)

customer_ids = st.sampled_from([each for each, _ in NAMES]) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5
)
client_ids = st.integers(1, 7)


def customer_pair(customer_id: str, client_id: int) -> str:
    return pair(CUSTOMERS, customer_id, (client_id, f"Client {client_id}"), PICTURE)


def product_pair(code: str, licence_name: str) -> str:
    return pair(PRODUCTS, code, (None, licence_name), PRODUCT_PICTURE)


@given(st.lists(st.tuples(customer_ids, client_ids), max_size=8))
def test_only_what_was_sent_is_linked_and_every_row_has_an_answer(pairs: list[tuple[str, int]]) -> None:
    judged = judge_ticks(CUSTOMERS, [customer_pair(*each) for each in pairs], PICTURE)
    for change in judged.changes:
        assert (change.key, change.after.halo_client_id) in pairs
        assert change.after == CustomerLink(change.after.halo_client_id)
        assert change.before == PICTURE.links.get(change.key, CustomerLink())
    assert len(judged.changes) + len(judged.refusals) == len({customer_id for customer_id, _ in pairs})
    assert len({change.key for change in judged.changes}) == len(judged.changes)


def test_a_row_that_no_longer_holds_is_refused_with_its_reason() -> None:
    picture = CustomerPicture(
        NAMES, {"C:1": CustomerLink(2), "C:2": CustomerLink(None, excluded=True)}, CLIENTS, READ_AT
    )
    values = [
        customer_pair(*each)
        for each in [("C:1", 1), ("C:2", 2), ("C:3", 9), ("C:4", 1), ("C:4", 2), ("gone", 1), ("C:5", 5), ("C:5", 5)]
    ]
    judged = judge_ticks(CUSTOMERS, values, picture)
    assert judged.changes == [
        LinkChange("C:5", CustomerLink(), CustomerLink(5), client_fingerprint(None, 5, "Client 5"))
    ]
    assert list(judged.refusals) == [
        sentences.decided_meanwhile("Customer 1"),
        sentences.decided_meanwhile("Customer 2"),
        sentences.client_gone("Customer 3", 9),
        sentences.ticked_twice("Customer 4", "client"),
        sentences.no_longer_billed("gone"),
    ]


def test_products_likewise() -> None:
    values = [
        product_pair(*each)
        for each in [("A/1", "Anti: virus"), ("B", "gone"), ("C", "Back"), ("D", "Back"), ("D", "x")]
    ]
    judged = judge_ticks(PRODUCTS, values, PRODUCT_PICTURE)
    assert judged.changes == [LinkChange("A/1", None, "Anti: virus")]
    assert list(judged.refusals) == [
        sentences.licence_name_gone("B", "gone"),
        sentences.decided_meanwhile("C"),
        sentences.no_longer_billed("D"),
    ]
    twice = judge_ticks(PRODUCTS, [product_pair("B", "Back"), product_pair("B", "Anti: virus")], PRODUCT_PICTURE)
    assert list(twice.refusals) == [sentences.ticked_twice("B", "licence name")]


NO_PAIRS = ["", "C-1", "C-1:", "C-1:x", "C-1:1", ":1.5:a", "%00:1:a", "\0:1:a", f"C-1:{'9' * 20}:a"]


@pytest.mark.parametrize("value", NO_PAIRS)
def test_what_no_page_sends_is_no_pair(value: str) -> None:
    with pytest.raises(NotOursError):
        judge_ticks(CUSTOMERS, [value], PICTURE)
    if ":" not in value or "0:" in value:
        with pytest.raises(NotOursError):
            judge_ticks(PRODUCTS, [value], PRODUCT_PICTURE)


links = st.builds(CustomerLink, st.none() | st.integers(-(2**63), 2**63 - 1), st.booleans())
texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=9)


@given(st.lists(st.builds(LinkChange, texts, links, links, st.none() | texts), unique_by=lambda each: each.key))
def test_what_was_shown_is_carried(changes: list[LinkChange[CustomerLink]]) -> None:
    assert unpack(CUSTOMERS, pack(CUSTOMERS, changes)) == changes


@given(st.lists(st.builds(LinkChange, texts, st.none() | texts, st.none() | texts), unique_by=lambda each: each.key))
def test_what_was_shown_of_products_is_carried(changes: list[LinkChange[ProductLink]]) -> None:
    assert unpack(PRODUCTS, pack(PRODUCTS, changes)) == changes


def test_many_changes_are_carried_in_several_fields() -> None:
    changes = [LinkChange(f"C-{number}", CustomerLink(), CustomerLink(number)) for number in range(1001)]
    packed = pack(CUSTOMERS, changes)
    assert 1 < len(packed) < 100
    assert unpack(CUSTOMERS, packed) == changes
    assert pack(PRODUCTS, []) == []
    with pytest.raises(NotOursError):
        unpack(CUSTOMERS, [packed[0], packed[0]])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[[1]]",
        '[["C",[1,false],[9223372036854775808,false],null]]',
        '[["C",[1,0],[2,0],null],["C",[1,0],[2,0],null]]',
    ],
)
def test_what_was_made_up_is_not_carried(text: str) -> None:
    with pytest.raises(NotOursError):
        unpack(CUSTOMERS, [text])


@pytest.mark.parametrize(
    "text", ["x", '[["P",null,"a\\u0000",null]]', '[["P",null,"",null]]', '[["P",null,"a",null],["P",null,"b",null]]']
)
def test_what_was_made_up_of_products_is_not_carried(text: str) -> None:
    with pytest.raises(NotOursError):
        unpack(PRODUCTS, [text])


def test_refusals_of_the_store_have_a_sentence() -> None:
    change = LinkChange("C", CustomerLink(), CustomerLink(7))
    assert "#7" in CUSTOMERS.refused(RefusedChange(change, WhyRefused.NOT_IN_HALO), "Contoso")
    assert "somebody else changed it" in CUSTOMERS.refused(
        RefusedChange(change, WhyRefused.CHANGED_MEANWHILE), "Contoso"
    )
    another = CUSTOMERS.refused(RefusedChange(change, WhyRefused.ANOTHER_CLIENT, "Northwind"), "Contoso")
    assert 'Halo has changed since you opened the page: #7 is now called "Northwind"' in another
    for name, link, words in (
        (None, CustomerLink(), "it has no link."),
        (None, CustomerLink(3, excluded=True), "it is excluded."),
        (None, CustomerLink(3), "it is linked to client #3."),
        ("Northwind", CustomerLink(3), 'it is linked to "Northwind" #3.'),
    ):
        refused = RefusedChange(change, WhyRefused.CHANGED_MEANWHILE, name, link)
        assert words in CUSTOMERS.refused(refused, "Contoso")
    product = RefusedChange(LinkChange("P", None, "x"), WhyRefused.CHANGED_MEANWHILE)
    assert "somebody else changed it" in PRODUCTS.refused(product, "P")
    assert sentences.listed(map(str, range(12)), most=2) == ["0", "1", "And 10 more."]
