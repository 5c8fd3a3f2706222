"""The certificate as PDF: its text comes out again, in every script, with its fonts in it."""

import io
import re
from functools import cache
from importlib import import_module
from typing import Any, cast

import pytest
from devstack.fields import Fields
from pypdf import PdfReader
from report_api.months import certificate_pdf as pdf
from report_api.months.certificate_models import Certificate
from report_api.months.certificate_pdf import certificate_pdf

RUN: Fields = {
    "run_id": "f6c6f807-6eb9-41aa-825b-0123456789ab",
    "state": "succeeded",
    "requested_by": "anna@acme.example",
    "started_at": "2026-11-05T02:01:00Z",
    "finished_at": "2026-11-05T02:01:42Z",
    "approve_removals": 3,
    "approve_review": None,
    "approved_items": 2,
    "removal": "zero",
    "price_field": "price",
    **dict.fromkeys(("created", "updated", "deleted", "failed", "held"), 1200),
}


def certificate(customers: list[str]) -> Certificate:
    exception = {
        "item_key": "0" * 32,
        "customer_id": "C",
        "product_code": "MS-365-BP",
        "licence_name": None,
        "billing_cycle": "Monthly",
        "reason": "customer_not_found",
        "detail": None,
        "billed": "1234.5",
        "in_halo": "0",
        "note": "Billed by hand",
        "accepted_by": "Zoë",
        "accepted_at": "2026-11-30T08:00:00Z",
    }
    return Certificate.model_validate(
        {
            "partner_id": "acme-msp",
            "period": "2026-11",
            "currency": "AUD",
            "number": 1,
            "closed_at": "2026-11-30T08:15:00Z",
            "closed_by": "Ada",
            "totals": [
                {
                    "billing_cycle": "Monthly",
                    "billed": "1234.5",
                    "in_halo": "0",
                    "explained": "9",
                    "unexplained": "0",
                }
            ],
            "changes": {"created": 1, "updated": 2, "deleted": 3},
            "invoices": [{"invoice_id": "INV-1", "revision": 2, "line_count": 1, "total": "1234.5"}],
            "exceptions": [{**exception, "customer_name": name} for name in customers],
            "runs": [RUN],
            "not_recurring": "0",
            "fingerprint": "ab" * 32,
        }
    )


@cache
def made(customers: tuple[str, ...], partner: str) -> bytes:
    return certificate_pdf(certificate([*customers]), partner)


def read(customers: list[str], partner: str = "Acme MSP") -> tuple[PdfReader, str]:
    reader = PdfReader(io.BytesIO(made(tuple(customers), partner)))
    text = "\n".join(page.extract_text() for page in reader.pages)
    # Parts of shaped letters come out as control characters.
    return reader, " ".join(re.sub(r"[\x00-\x08]", "", text).split())


def fonts(reader: PdfReader) -> dict[str, bool]:
    """Return the fonts of the first page, and whether each is in the file."""
    return {str(each["/FontName"]): "/FontFile2" in each for each in descriptors(reader)}


def descriptors(reader: PdfReader) -> list[Any]:
    """Return what the file says of each font of the first page."""
    fonts_of_page = cast("Any", reader.pages[0])["/Resources"]["/Font"].values()
    below = [font.get_object()["/DescendantFonts"][0] for font in fonts_of_page]
    return [each.get_object()["/FontDescriptor"] for each in below]


def test_a_small_month_is_one_page_with_all_that_was_certified() -> None:
    reader, text = read(["Contoso & Søns Żółć"])
    assert len(reader.pages) == 1
    for said in (
        "Certificate: November 2026",
        "Partner: Acme MSP",
        "30 Nov 2026, 08:15 UTC, by Ada",
        "INV-1, revision 2, 1 line, AUD 1,234.50",
        "ab" * 32,
        "1 created, 2 updated, 3 removed",
        "Contoso & Søns Żółć",
        "MS-365-BP",
        "1,234.50",
        "Accepted by Zoë: “Billed by hand”",
        "Sync, 5 Nov 2026, 02:01 UTC, by anna@acme.example: 1,200 created",
        "A person approved up to 3 removals. A person approved 2 held changes one by one.",
        "Removed licences get the quantity 0; the invoice's price is the selling",
    ):
        assert said in text, said
    assert all(fonts(reader).values())
    assert len(fonts(reader)) == 1


SCRIPTS = {"شركة": "شركة", "חברה": "חברה", "株式会社テスト": "株式会社テスト", "\u202eevil\u2066": "evil"}
"""Names, and what is to be read of each. They are customers of one month: a PDF with many fonts takes a second."""


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_name_in_any_script_can_be_read_and_changes_nothing_beside_it(name: str) -> None:
    reader, text = read([*SCRIPTS])
    assert f"{SCRIPTS[name]} MS-365-BP 1,234.50 0.00 No active client" in text
    assert "Customer Product" in text
    assert all(fonts(reader).values())


def test_twenty_exceptions_are_one_page() -> None:
    reader, text = read([f"Customer {number} Pty Ltd" for number in range(20)])
    assert len(reader.pages) == 1
    assert "Customer 19 Pty Ltd" in text


def test_a_name_that_no_font_has_is_followed_by_its_id() -> None:
    _, text = read(["\u0e44\u0e17\u0e22 Ltd", "Contoso"])
    assert "??? Ltd (C)" in text
    assert "Contoso (C)" not in text


def test_every_script_is_as_heavy_as_the_rest() -> None:
    reader, _ = read([*SCRIPTS])
    assert len(fonts(reader)) == 4
    tables = import_module("fontTools.ttLib")
    weights = {
        tables.TTFont(io.BytesIO(font["/FontFile2"].get_object().get_data()))["OS/2"].usWeightClass
        for font in descriptors(reader)
    }
    assert weights == {400}


def test_many_exceptions_are_several_pages_that_begin_with_the_head() -> None:
    reader, _ = read(["Contoso", "x" * 200] * 15)
    assert len(reader.pages) > 1
    assert all("Customer" in page.extract_text() for page in reader.pages[:-1])


def test_of_many_the_first_are_set_and_it_is_said_where_the_rest_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MOST_ROWS", 3)
    monkeypatch.setattr(pdf, "MOST_OTHERS", 2)
    many = certificate([f"Customer {number}" for number in range(5)])
    many.runs *= 4
    many.invoices *= 5
    many.totals *= 6
    reader = PdfReader(io.BytesIO(certificate_pdf(many, "Acme MSP")))
    text = " ".join("\n".join(page.extract_text() for page in reader.pages).split())
    assert "Customer 2" in text
    assert "Customer 3" not in text
    assert "These are the first 3 of 5. The certificate as CSV has all." in text
    for more in (2, 3, 4):
        assert f"and {more} more, which the certificate's page has" in text
