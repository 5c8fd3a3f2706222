"""The products' links as a file: out, in, and what a file would change before it does."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from fastapi import Request, Response

from report_api.csv_export import csv_response
from report_api.linking import Linking, UnknownProductError
from report_api.mapping import carrying, wording
from report_api.mapping.preview import preview_products
from report_api.mapping.product_sheet import COLUMNS, read_changes, sheet_rows
from report_api.mapping.products import products
from report_api.mapping.sheets import SheetErrors
from report_api.portal.mapping_answers import answer, not_ours, texts_of
from report_api.portal.rendering import page
from report_api.portal.routing import partner_pages
from report_api.portal.session import VisitorHere
from report_api.portal.uploads import NoFileError, uploaded
from report_api.portal.wording import plural
from report_api.ports import PortsHere

router = partner_pages()

TAB = "licences"


@router.get("/licences/licences.csv")
async def export(visitor: VisitorHere, ports: PortsHere) -> Response:
    """Return every product with its licence name as a file that can be loaded again."""
    picture = await ports.links.products(visitor.partner_id)
    rows = sheet_rows(await asyncio.to_thread(products, picture))
    return csv_response(COLUMNS, _at_once(rows), "licences.csv", marked=True)


@router.get("/licences/import")
async def ask(request: Request) -> Response:
    """Ask for a file."""
    return page(request, "import.html", tab=TAB, errors=None)


@router.post("/licences/import")
async def show_changes(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Show what a file would change, or what is wrong with it. Nothing is changed."""
    picture = await ports.links.products(visitor.partner_id)
    try:
        content = await uploaded(request)
        changes = await asyncio.to_thread(read_changes, content, picture)
    except (SheetErrors, NoFileError) as errors:
        return page(request, "import.html", 422, tab=TAB, errors=errors)
    differences = await asyncio.to_thread(preview_products, changes, picture)
    carried = carrying.pack_products(changes)
    return page(request, "licence_changes.html", tab=TAB, differences=differences, carried=carried, refusals=())


@router.post("/licences/import/apply")
async def apply(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Make exactly the changes that were shown, all of them or none."""
    form = await request.form()
    try:
        changes = carrying.unpack_products(texts_of(form, "changes"))
        applied = await Linking(ports.links).apply_products(visitor.partner_id, changes, visitor.actor)
    except (carrying.NotCarriedError, UnknownProductError):
        raise not_ours() from None
    if applied.refusals:
        refusals = wording.listed(applied.refusals)
        values: Mapping[str, Any] = {"differences": (), "carried": (), "refusals": refusals}
        return page(request, "licence_changes.html", 409, tab=TAB, **values)
    return await answer(request, TAB, form, applied, f"{plural(applied.made, 'product')} changed.")


async def _at_once(rows: Sequence[Mapping[str, Any]]) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    yield rows
