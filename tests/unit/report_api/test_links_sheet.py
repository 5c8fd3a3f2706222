"""CSV files of links: out and in again changes nothing, and every error says where it is."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from halosync.domain.model import Client
from halosync.domain.plan import CustomerLink
from halosync.ports.links import CustomerPicture, LinkChange, ProductLink, ProductPicture
from hypothesis import given
from hypothesis import strategies as st
from report_api.links.changes import file_rows, read_file
from report_api.links.customers import CUSTOMERS
from report_api.links.products import PRODUCTS
from report_api.links.sheet import SheetErrors, read_sheet
from report_api.web.csv_export import cell, unguarded

READ_AT = datetime(2026, 11, 5, tzinfo=UTC)
PICTURE = CustomerPicture(
    names=[("C-1", "Contoso"), ("C-2", "Fabrikam"), ("=C", "Formula"), ("C-4", "Gone")],
    links={"C-2": CustomerLink(2), "C-4": CustomerLink(99), "=C": CustomerLink(None, excluded=True)},
    targets=[Client(1, "contoso"), Client(2, "Fabrikam Pty"), Client(3, "Northwind")],
    read_at=READ_AT,
)
PRODUCT_PICTURE = ProductPicture(
    names=[("AV", "Antivirus"), ("-BP", "Business Premium"), ("X", "Other")],
    links={"X": "Something"},
    targets=["av ", "Backup"],
    read_at=READ_AT,
)

TRICKY = st.text(st.sampled_from("=+-@'\"＝;, \n\r\tA1é\u202a\u2067\u202c\u2069\u2060"), max_size=6)
IDS = TRICKY.map(str.strip).filter(bool)


def saved(columns: Iterable[str], rows: Iterable[Mapping[str, object]], delimiter: str = ",") -> bytes:
    """A file as the page saves it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow(columns)
    writer.writerows([cell(row[name]) for name in columns] for row in rows)
    return buffer.getvalue().encode()


def written(*lines: str) -> bytes:
    return "\n".join(lines).encode()


def errors_of(content: bytes, picture: CustomerPicture = PICTURE) -> list[str]:
    with pytest.raises(SheetErrors) as caught:
        read_file(CUSTOMERS, content, picture)
    return [str(error) for error in caught.value.errors]


@given(st.text())
def test_the_guard_of_a_formula_can_always_be_undone(text: str) -> None:
    assert unguarded(cell(text)) == text


@given(st.text("=;\t '+-@1a"))
def test_the_guard_within_a_text_can_be_undone_too(text: str) -> None:
    assert unguarded(cell(text)) == text


@given(TRICKY)
def test_the_guard_of_tricky_texts_too(text: str) -> None:
    assert unguarded(cell(text)) == text
    assert not cell(text).startswith(("=", "@", "＝"))


@st.composite
def pictures(draw: st.DrawFn) -> CustomerPicture:
    clients = [Client(number, draw(TRICKY)) for number in draw(st.sets(st.integers(1, 9), max_size=5))]
    names = [(customer_id, draw(TRICKY)) for customer_id in draw(st.sets(IDS, max_size=5))]
    linked = draw(st.sets(IDS | st.sampled_from([each for each, _ in names] or ["C"]), max_size=4))
    some_id = st.none() | st.integers(1, 12)
    links = {each: CustomerLink(draw(some_id), draw(st.booleans())) for each in linked}
    return CustomerPicture(names, links, clients, READ_AT)


@given(pictures(), st.sampled_from(",;"), st.booleans())
def test_out_and_in_again_changes_no_customer(picture: CustomerPicture, delimiter: str, mark: bool) -> None:
    content = saved(CUSTOMERS.columns, file_rows(CUSTOMERS, picture), delimiter)
    assert read_file(CUSTOMERS, b"\xef\xbb\xbf" * mark + content, picture) == []


@given(st.dictionaries(IDS, TRICKY), st.dictionaries(IDS, IDS), st.lists(TRICKY.filter(bool)), st.sampled_from(",;"))
def test_out_and_in_again_changes_no_product(
    names: dict[str, str], links: dict[str, ProductLink], licence_names: list[str], delimiter: str
) -> None:
    picture = ProductPicture(list(names.items()), links, licence_names, READ_AT)
    content = saved(PRODUCTS.columns, file_rows(PRODUCTS, picture), delimiter)
    assert read_file(PRODUCTS, content, picture) == []


@pytest.mark.parametrize("mark", ["\u202a", "\u2067", "\u202a\u202c", "\u2067\u2060\u2069"])
def test_a_licence_name_that_turns_the_direction_goes_out_and_in_as_it_is(mark: str) -> None:
    name = f"Foo{mark}"
    picture = ProductPicture([(f"X{mark}", "Other")], {f"X{mark}": name}, [name], READ_AT)
    content = saved(PRODUCTS.columns, file_rows(PRODUCTS, picture))
    assert read_file(PRODUCTS, content, picture) == []


def test_a_file_links_unlinks_and_excludes() -> None:
    content = written("Customer ID;Halo client ID;Excluded;note", "C-1;#3;;x", " C-2 ;;;", "'=C;;no;", "", "C-4;2;YES;")
    assert read_file(CUSTOMERS, content, PICTURE) == [
        LinkChange("C-1", CustomerLink(), CustomerLink(3)),
        LinkChange("C-2", CustomerLink(2), CustomerLink()),
        LinkChange("=C", CustomerLink(None, excluded=True), CustomerLink()),
        LinkChange("C-4", CustomerLink(99), CustomerLink(2, excluded=True)),
    ]


def test_two_columns_are_enough_and_leave_exclusions_alone() -> None:
    assert read_file(CUSTOMERS, written("customer_id,halo_client_id", "=C,3"), PICTURE) == [
        LinkChange("=C", CustomerLink(None, excluded=True), CustomerLink(3, excluded=True))
    ]


def test_a_client_that_is_gone_stays_linked_but_is_linked_to_nobody_else() -> None:
    assert read_file(CUSTOMERS, written("customer_id,halo_client_id", "C-4,99"), PICTURE) == []
    (error,) = errors_of(written("customer_id,halo_client_id", "C-1,99"))
    assert error.startswith("Line 2, column halo_client_id: the last read of Halo has no client 99; correct the id")


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"", ["the file is empty; its first line must name the columns"]),
        (b"\xff\xfe", ["Line 1: this is not UTF-8 text"]),
        (b"customer_id,halo_client_id\nC-1,1\nS\xf8ns,2\n", ["Line 3: this is not UTF-8 text"]),
        (b"PK\x03\x04\0\0", ["this is not a CSV file"]),
        (written("customer_id,client"), ["Line 1, column halo_client_id: this column is missing; the file has"]),
        (written("customer_id,halo_client_id,Customer id"), ["Line 1, column customer_id: 2 columns have this name"]),
        (written("customer_id,halo_client_id", "C-1", "C-1,1,2"), ["Line 2: has 1 cell", "Line 3: has 3 cells"]),
        (
            written("customer_id,halo_client_id", "C-2,2", '"C-1,1'),
            ["Line 3: a quotation mark is missing"],
        ),
        (
            written("customer_id,halo_client_id,excluded", "C-9,1,", "C-1,1.0,maybe", ",1,", "C-2,2,", "C-2,3,"),
            [
                'Line 2, column customer_id: there is no customer "C-9"',
                'Line 3, column halo_client_id: "1.0" is no client',
                'Line 3, column excluded: "maybe" is neither true nor false',
                "Line 4, column customer_id: is empty",
                'Line 6, column customer_id: "C-2" is on line 5 already',
            ],
        ),
    ],
)
def test_every_error_says_where_it_is(content: bytes, wanted: list[str]) -> None:
    found = errors_of(content)
    assert len(found) == len(wanted)
    for error, beginning in zip(found, wanted, strict=True):
        assert error.startswith(beginning)


def test_lines_count_as_an_editor_counts_them() -> None:
    content = written("customer_id,halo_client_id,note", 'C-1,1,"two', 'lines"', "", "C-9,1,")
    assert errors_of(content)[0].startswith("Line 5, column customer_id")


def test_many_errors_are_not_all_listed() -> None:
    with pytest.raises(SheetErrors) as caught:
        read_file(CUSTOMERS, written("customer_id,halo_client_id", *["x,1,2"] * 60), PICTURE)
    assert (len(caught.value.errors), caught.value.more) == (50, 10)


def test_products() -> None:
    content = written("product_code,licence_name", "AV,Antivirus", "'-BP, Microsoft 365 ", "X,")
    assert read_file(PRODUCTS, content, PRODUCT_PICTURE) == [
        LinkChange("AV", None, "Antivirus"),
        LinkChange("-BP", None, "Microsoft 365"),
        LinkChange("X", "Something", None),
    ]
    with pytest.raises(SheetErrors) as caught:
        read_file(PRODUCTS, written("product_code,licence_name", f"AV,{'x' * 501}", "Z,", ",Y"), PRODUCT_PICTURE)
    assert [(error.line, error.column) for error in caught.value.errors] == [
        (2, "licence_name"),
        (3, "product_code"),
        (4, "product_code"),
    ]


def test_before_the_first_read_no_client_can_be_linked() -> None:
    unread = replace(PICTURE, targets=[], read_at=None)
    assert len(errors_of(written("customer_id,halo_client_id", "C-1,1"), unread)) == 1


def test_columns_that_are_missing_are_missing_from_rows() -> None:
    (row,) = read_sheet(b"a,b\n1,2", required=["a"], optional=["c"])
    assert row.texts == {"a": "1"}
