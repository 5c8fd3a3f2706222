"""CSV: whole, streamed, and safe to open in a spreadsheet."""

import csv
import io
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

CSV = {"Accept": "text/csv"}


async def rows(world: "World", path: str, **params: str) -> list[dict[str, str]]:
    response = await world.call("GET", path, headers=CSV, params=params)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/csv; charset=utf-8")
    assert response.headers["content-disposition"].startswith("attachment")
    assert response.headers["vary"] == "Accept"
    return list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"), newline="")))


async def test_formulas_are_texts_and_numbers_are_numbers(world: "World") -> None:
    evil = "=cmd|' /C calc'!A0\"\n,x"
    invoice_pk = await world.invoice(
        lines=[
            world.line(1, customer_name=evil, product_code="+1+1", product_name="@SUM(A1)", line_id="-2+3"),
            world.line(2, quantity=-5, customer_name="\tx", product_code='Søns; "q"', product_name="-12.50"),
        ]
    )
    await world.run(invoice_pk, [world.item(outcome="failed", detail="=HYPERLINK()", line_nos=[1])])
    first, second = await rows(world, "/invoices/INV-1/lines")
    assert first["customer_name"] == f"'{evil}"
    assert (first["product_code"], first["product_name"], first["line_id"]) == ("'+1+1", "'@SUM(A1)", "'-2+3")
    assert (first["detail"], first["outcome"]) == ("'=HYPERLINK()", "failed")
    assert (second["quantity"], second["unit_price"], second["product_name"]) == ("-5", "31.50", "-12.50")
    assert (second["customer_name"], second["product_code"]) == ("'\tx", 'Søns; "q"')
    assert second["outcome"] == ""


async def test_twenty_thousand_lines_and_items(world: "World") -> None:
    size = 20_000
    invoice_pk = await world.invoice(lines=(world.line(n) for n in range(1, size + 1)))
    made = (world.item(product_code=f"P-{n}", outcome="synced", line_nos=[n]) for n in range(1, size + 1))
    run_id = await world.run(invoice_pk, made)

    lines = await rows(world, "/invoices/INV-1/lines")
    assert [int(row["line_no"]) for row in lines] == list(range(1, size + 1))
    assert {row["outcome"] for row in lines} == {"synced"}
    items = await rows(world, f"/runs/{run_id}/items")
    assert [row["product_code"] for row in items] == [f"P-{n}" for n in range(1, size + 1)]

    assert len(await world.pages("/invoices/INV-1/lines", 500, outcome="synced")) == size
    assert [row["line_no"] for row in await rows(world, "/invoices/INV-1/lines", q="p-19999")] == ["19999"]


async def test_invoices_and_items_have_flat_columns(world: "World") -> None:
    run_id = await world.run(
        await world.invoice(),
        [world.item((1, "2.50", "Monthly", False), None, customer_ids=["C-1", "C-2"], action="delete")],
    )
    (invoice,) = await rows(world, "/invoices")
    assert (invoice["invoice_id"], invoice["run_id"], invoice["total"]) == ("INV-1", str(run_id), "378.00")
    (item,) = await rows(world, f"/runs/{run_id}/items", outcome="pending")
    assert (item["customer_ids"], item["before_price"], item["before_active"]) == ("C-1; C-2", "2.50", "false")
    assert item["after_quantity"] == ""


async def test_nothing_found_is_a_header_alone(world: "World") -> None:
    await world.invoice()
    response = await world.call("GET", "/invoices/INV-1/lines", headers=CSV)
    assert response.text.startswith("\ufeffline_no,line_id,customer_id,")
    assert response.text.count("\r\n") == 1
    missing = await world.call("GET", "/invoices/INV-2/lines", headers=CSV)
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("path", "columns"),
    [
        ("/invoices", {"invoice_id", "revision", "currency", "total"}),
        ("/invoices/INV-1/lines", {"invoice_id", "revision", "currency", "period", "unit_price"}),
        ("/runs/{run_id}/items", {"invoice_id", "revision", "currency", "before_price", "after_price"}),
    ],
)
async def test_every_file_opens_right_and_says_of_which_invoice_and_currency_it_is(
    world: "World", path: str, columns: set[str]
) -> None:
    run_id = await world.run(await world.invoice(lines=[world.line(1)]), [world.item(line_nos=[1])])
    answer = await world.call("GET", path.format(run_id=run_id), headers=CSV)
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.content.count(b"\xef\xbb\xbf") == 1
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert columns <= row.keys()
    assert (row["invoice_id"], row["currency"]) == ("INV-1", "AUD")
