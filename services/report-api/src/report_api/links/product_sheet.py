"""The products' links as a CSV file, out and in."""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from halosync.contracts.message import Text
from halosync.store.link_changes import ProductChange
from halosync.store.links import ProductPicture
from pydantic import TypeAdapter, ValidationError

from report_api.links.models import Product
from report_api.links.products import products
from report_api.links.sheets import Collector, SheetRow, each_once, read_sheet

COLUMNS = ("product_code", "product_name", "licence_name", "matched_by")
_REQUIRED = ("product_code", "licence_name")
_TEXT: TypeAdapter[str] = TypeAdapter(Text)


def sheet_rows(every: Iterable[Product]) -> Sequence[Mapping[str, Any]]:
    """Return the rows of the file: the licence name that each product has now, by link or by name."""
    return [{name: getattr(product, name) for name in COLUMNS} for product in every]


def read_changes(content: bytes, picture: ProductPicture) -> Sequence[ProductChange]:
    """Return what a file asks to be different.

    A row that names the licence name which the product has already, by link or by name, changes nothing. No name means
    no link. Products that the file does not name stay as they are.

    Raises:
        SheetErrors: something in it does not fit; each error names its line.
    """
    rows = read_sheet(content, required=_REQUIRED, optional=())
    known = {product.product_code: product for product in products(picture)}
    errors = Collector()
    changes = []
    for row in each_once(rows, "product_code", lambda text: _as_known(text, known), errors):
        product = known.get(_as_known(row.cells["product_code"], known))
        if product is None:
            errors.add(row, "product_code", _unknown(row.cells["product_code"]))
            continue
        before = picture.links.get(product.product_code)
        after = _licence_name(row, product, before, errors)
        if after != before:
            changes.append(ProductChange(product.product_code, before, after))
    errors.finish()
    return changes


def _as_known(text: str, known: Container[str]) -> str:
    return text if text in known else text.strip()


def _licence_name(row: SheetRow, product: Product, before: str | None, errors: Collector) -> str | None:
    text = row.cells["licence_name"]
    # A name read from Halo may have white space around it: the name that the product has is taken as it is.
    if text == before or (before is None and text == (product.licence_name or "")):
        return before
    if not text.strip():
        return None
    try:
        return _TEXT.validate_python(text.strip())
    except ValidationError as error:
        errors.add(row, "licence_name", error.errors()[0]["msg"])
        return before


def _unknown(product_code: str) -> str:
    if not product_code.strip():
        return "is empty; write the product's code, or remove the line"
    return (
        f'there is no product "{product_code}" with recurring lines in the invoice; correct the code, or remove '
        "the line"
    )
