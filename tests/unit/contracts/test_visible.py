"""Ids and names of keys have no characters that nobody sees (spec section 10)."""

import re
from typing import Any

import pytest
from halosync.cli.main import app
from halosync.contracts.invoice import InvoiceLine
from halosync.contracts.message import Identifier, Text
from pydantic import TypeAdapter, ValidationError
from report_api.access.models import KeyRequest
from report_api.web.fields import VISIBLE
from typer.testing import CliRunner

UNSEEN = ["\u202e", "\u2066", "\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u061c", "\u2028", "\U000e0041"]
LINE = {
    "customer_name": "Contoso",
    "product_code": "P-1",
    "product_name": "Product",
    "kind": "recurring",
    "quantity": "1",
    "unit_price": "1",
    "billing_cycle": "Monthly",
}


@pytest.mark.parametrize("unseen", UNSEEN)
def test_they_are_refused_by_their_number(unseen: str) -> None:
    text = f"AC{unseen}ME"
    told = re.escape(f"invisible character (U+{ord(unseen):04X})")
    for field in ("line_id", "customer_id"):
        with pytest.raises(ValidationError, match=told):
            InvoiceLine.model_validate({**LINE, "line_id": "1", "customer_id": "C-1", field: text})
    with pytest.raises(ValidationError, match=told):
        KeyRequest(name=text)
    assert not re.search(VISIBLE, text)
    made = CliRunner().invoke(app, ["key", "create", "--partner", "acme", "--name", text])
    assert made.exit_code == 2
    assert "invisible" in made.output


@pytest.mark.parametrize("text", ["Contoso & Søns", "שלום", "مرحبا", "日本語", "C-17", "a\u0301", "🙂"])
def test_what_is_seen_is_taken(text: str) -> None:
    identifier: TypeAdapter[object] = TypeAdapter(Identifier)
    assert identifier.validate_python(text) == text
    assert KeyRequest(name=text).name == text
    assert re.search(VISIBLE, text)


def test_names_may_have_them_for_there_are_scripts_that_need_some() -> None:
    text: TypeAdapter[Any] = TypeAdapter(Text)
    assert text.validate_python("\u0645\u06cc\u200c\u062e") == "\u0645\u06cc\u200c\u062e"
