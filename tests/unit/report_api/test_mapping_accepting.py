"""Bulk acceptance links what was sent and nothing else; an application carries what was shown."""

from datetime import UTC, datetime

import pytest
from halosync.domain.model import Client, CustomerLink
from halosync.store.link_changes import CustomerChange, ProductChange, Refused, WhyRefused
from halosync.store.links import CustomerPicture, ProductPicture
from hypothesis import given
from hypothesis import strategies as st
from report_api.links import form_payload as carrying
from report_api.links import sentences as wording
from report_api.links.accepting import (
    NotAPairError,
    customer_pair,
    judge_customers,
    judge_products,
    product_pair,
)

READ_AT = datetime(2026, 11, 5, tzinfo=UTC)
CLIENTS = [Client(number, f"Client {number}") for number in range(1, 6)]
NAMES = [(f"C:{number}", f"Customer {number}") for number in range(1, 6)]
PICTURE = CustomerPicture(NAMES, {"C:5": CustomerLink(99)}, CLIENTS, READ_AT)
PRODUCTS = ProductPicture({"A/1": "Antivirus", "B": "Backup", "C": "c"}, {"C": "x"}, ["Anti: virus", "Back"], READ_AT)

customer_ids = st.sampled_from([each for each, _ in NAMES]) | st.text(
    st.characters(exclude_characters="\0"), max_size=5
)
client_ids = st.integers(1, 7)
MARK = "0123abcd"


@given(st.lists(st.tuples(customer_ids, client_ids), max_size=8))
def test_only_what_was_sent_is_linked_and_every_row_has_an_answer(pairs: list[tuple[str, int]]) -> None:
    judged = judge_customers([customer_pair(*pair, MARK) for pair in pairs], PICTURE)
    for change in judged.changes:
        assert (change.customer_id, change.after.halo_client_id) in pairs
        assert change.after == CustomerLink(change.after.halo_client_id)
        assert change.before == PICTURE.links.get(change.customer_id, CustomerLink())
    assert len(judged.changes) + len(judged.refusals) == len({customer_id for customer_id, _ in pairs})
    assert len({change.customer_id for change in judged.changes}) == len(judged.changes)


def test_a_row_that_no_longer_holds_is_refused_with_its_reason() -> None:
    picture = CustomerPicture(
        NAMES, {"C:1": CustomerLink(2), "C:2": CustomerLink(None, excluded=True)}, CLIENTS, READ_AT
    )
    values = [
        customer_pair(*pair, MARK)
        for pair in [("C:1", 1), ("C:2", 2), ("C:3", 9), ("C:4", 1), ("C:4", 2), ("gone", 1), ("C:5", 5), ("C:5", 5)]
    ]
    judged = judge_customers(values, picture)
    assert judged.changes == [CustomerChange("C:5", CustomerLink(), CustomerLink(5), MARK)]
    assert list(judged.refusals) == [
        wording.decided_meanwhile("Customer 1"),
        wording.decided_meanwhile("Customer 2"),
        wording.client_gone("Customer 3", 9),
        wording.ticked_twice("Customer 4", "client"),
        wording.no_longer_billed("gone"),
    ]


def test_products_likewise() -> None:
    values = [
        product_pair(*pair)
        for pair in [("A/1", "Anti: virus"), ("B", "gone"), ("C", "Back"), ("D", "Back"), ("D", "x")]
    ]
    judged = judge_products(values, PRODUCTS)
    assert judged.changes == [ProductChange("A/1", None, "Anti: virus")]
    assert list(judged.refusals) == [
        wording.licence_name_gone("B", "gone"),
        wording.decided_meanwhile("C"),
        wording.no_longer_billed("D"),
    ]
    twice = judge_products([product_pair("B", "Back"), product_pair("B", "Anti: virus")], PRODUCTS)
    assert list(twice.refusals) == [wording.ticked_twice("B", "licence name")]


NO_PAIRS = ["", "C-1", "C-1:", "C-1:x", "C-1:1", ":1.5:a", "%00:1:a", "\0:1:a", f"C-1:{'9' * 20}:a"]


@pytest.mark.parametrize("value", NO_PAIRS)
def test_what_no_page_sends_is_no_pair(value: str) -> None:
    with pytest.raises(NotAPairError):
        judge_customers([value], PICTURE)
    if ":" not in value or "0:" in value:
        with pytest.raises(NotAPairError):
            judge_products([value], PRODUCTS)


links = st.builds(CustomerLink, st.none() | st.integers(-(2**63), 2**63 - 1), st.booleans())
texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=9)


@given(
    st.lists(st.builds(CustomerChange, texts, links, links, st.none() | texts), unique_by=lambda each: each.customer_id)
)
def test_what_was_shown_is_carried(changes: list[CustomerChange]) -> None:
    assert carrying.unpack_customers(carrying.pack_customers(changes)) == changes


@given(
    st.lists(
        st.builds(ProductChange, texts, st.none() | texts, st.none() | texts), unique_by=lambda each: each.product_code
    )
)
def test_what_was_shown_of_products_is_carried(changes: list[ProductChange]) -> None:
    assert carrying.unpack_products(carrying.pack_products(changes)) == changes


def test_many_changes_are_carried_in_several_fields() -> None:
    changes = [CustomerChange(f"C-{number}", CustomerLink(), CustomerLink(number)) for number in range(1001)]
    packed = carrying.pack_customers(changes)
    assert 1 < len(packed) < 100
    assert carrying.unpack_customers(packed) == changes
    assert carrying.pack_products([]) == []
    with pytest.raises(carrying.NotCarriedError):
        carrying.unpack_customers([packed[0], packed[0]])


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[[1]]", '[["C",[1,false],[9223372036854775808,false]]]', '[["C",[1,0],[2,0]],["C",[1,0],[2,0]]]'],
)
def test_what_was_made_up_is_not_carried(text: str) -> None:
    with pytest.raises(carrying.NotCarriedError):
        carrying.unpack_customers([text])


@pytest.mark.parametrize("text", ["x", '[["P",null,"a\\u0000"]]', '[["P",null,""]]', '[["P",null,"a"],["P",null,"b"]]'])
def test_what_was_made_up_of_products_is_not_carried(text: str) -> None:
    with pytest.raises(carrying.NotCarriedError):
        carrying.unpack_products([text])


def test_refusals_of_the_store_have_a_sentence() -> None:
    change = CustomerChange("C", CustomerLink(), CustomerLink(7))
    assert "#7" in wording.refused_customer(Refused(change, WhyRefused.NOT_IN_HALO), "Contoso")
    assert "meanwhile" in wording.refused_customer(Refused(change, WhyRefused.CHANGED_MEANWHILE), "Contoso")
    another = wording.refused_customer(Refused(change, WhyRefused.ANOTHER_CLIENT, "Northwind"), "Contoso")
    assert 'Halo has changed since you opened the page: #7 is now called "Northwind"' in another
    for name, link, words in (
        (None, CustomerLink(), "it has no link."),
        (None, CustomerLink(3, excluded=True), "it is excluded."),
        (None, CustomerLink(3), "it is linked to client #3."),
        ("Northwind", CustomerLink(3), 'it is linked to "Northwind" #3.'),
    ):
        refused = Refused(change, WhyRefused.CHANGED_MEANWHILE, name, link)
        assert words in wording.refused_customer(refused, "Contoso")
    product = Refused(ProductChange("P", None, "x"), WhyRefused.CHANGED_MEANWHILE)
    assert "meanwhile" in wording.refused_product(product)
    assert wording.listed(map(str, range(12)), most=2) == ["0", "1", "And 10 more."]
