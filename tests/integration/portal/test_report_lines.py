"""The lines of the Report: filtered, sorted, paged, and as a file."""

import csv
import io
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser
from .report_pages import HERE, line_nos, rows, synchronised


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("status=attention", [2, 4, 5]),
        ("status=held", [5]),
        ("status=skipped&kind=credit", [3]),
        ("cycle=Yearly", [2]),
        ("customer=C-2", [4]),
        ("q=søns", [1, 2, 3]),
        ("q=REFUSED", [2]),
        ("q=%25", []),
        ("sort=-customer", [5, 4, 1, 2, 3]),
        ("sort=status", [2, 3, 1, 5, 4]),
        ("sort=cycle", [1, 3, 2, 4, 5]),
        ("sort=-cycle", [2, 1, 3, 4, 5]),
        ("sort=-quantity", [1, 2, 3, 4, 5]),
        ("sort=quantity", [3, 1, 2, 5, 4]),
    ],
)
async def test_filters_and_order(browser: "Browser", world: "World", query: str, expected: list[int]) -> None:
    await synchronised(world)
    await browser.sign_in()
    page = await browser.open(f"{HERE}?{query}")
    assert line_nos(page) == expected
    if not expected:
        assert "No line found" in page.text
        return
    link = str(page.one("a[download]")["href"])
    assert parse_qs(urlsplit(link).query) == parse_qs(query)
    file = await browser.client.get(link)
    assert file.headers["content-type"].startswith("text/csv")
    assert [int(row["line_no"]) for row in csv.DictReader(io.StringIO(file.text.removeprefix("\ufeff")))] == expected


@pytest.mark.parametrize("query", ["status=fine", "kind=x", "sort=name", "page=0", "page=x", "q=%00", f"q={'x' * 201}"])
async def test_what_no_form_of_ours_asks_is_refused_in_words(browser: "Browser", world: "World", query: str) -> None:
    await world.invoice("INV-1", [world.line(1)])
    await browser.sign_in()
    page = await browser.open(f"{HERE}?{query}", status=422)
    assert query.split("=", maxsplit=1)[0] in page.text


async def test_a_filter_form_keeps_the_invoice_and_the_customer(browser: "Browser", world: "World") -> None:
    await synchronised(world)
    await browser.sign_in()
    await browser.open(f"{HERE}?invoice=INV-1&customer=C-1&page=7")
    page = await browser.submit(f"{HERE}#lines-title", q="REFUSED", sort="-total")
    assert parse_qs(page.url.query.decode()) == {
        "invoice": ["INV-1"],
        "customer": ["C-1"],
        "q": ["REFUSED"],
        "sort": ["-total"],
    }
    assert line_nos(page) == [2]
    assert "Only the customer Contoso & Søns" in page.text


async def test_the_browser_gets_one_page_of_lines(browser: "Browser", world: "World") -> None:
    await world.invoice("INV-1", [world.line(n, customer_id=f"C-{n % 7}") for n in range(1, 20_001)])
    await browser.sign_in()
    page = await browser.open(HERE)
    assert len(rows(page)) == 50
    assert "1 to 50 of 20,000 lines" in page.text
    assert len(page.response.content) < 200_000
    assert page.one(".pager [rel=next]")["href"] == f"{HERE}?page=2"
    page = await browser.open(f"{HERE}?page=1000000")
    assert "19,951 to 20,000 of 20,000 lines" in page.text
    assert not page.soup.select(".pager [rel=next]")


async def test_the_file_has_every_line_and_no_formula(browser: "Browser", world: "World") -> None:
    lines = [world.line(n, customer_name="=cmd()" if n == 1 else "Contoso") for n in range(1, 4_502)]
    await world.invoice("INV-1", lines)
    await browser.sign_in()
    file = await browser.client.get(f"{HERE}/lines.csv")
    assert file.headers["content-disposition"] == 'attachment; filename="invoice-2026-11.csv"'
    records = list(csv.DictReader(io.StringIO(file.text.removeprefix("\ufeff"))))
    assert len(records) == 4_501
    assert records[0]["customer_name"] == "'=cmd()"
    assert {record["outcome"] for record in records} == {""}
