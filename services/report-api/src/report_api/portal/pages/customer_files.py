"""The customers' links as a file: out, in, and what a file would change before it does."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from fastapi import Request, Response

from report_api.csv_export import csv_response
from report_api.linking import Linking, UnknownCustomerError
from report_api.mapping import carrying, wording
from report_api.mapping.customer_sheet import COLUMNS, read_changes, sheet_rows
from report_api.mapping.customers import customers
from report_api.mapping.preview import marked, preview_customers
from report_api.mapping.sheets import SheetErrors
from report_api.portal.mapping_answers import answer, not_ours, texts_of
from report_api.portal.rendering import page
from report_api.portal.routing import partner_pages
from report_api.portal.session import VisitorHere
from report_api.portal.uploads import NoFileError, uploaded
from report_api.portal.wording import plural
from report_api.ports import PortsHere

router = partner_pages()

TAB = "customers"


@router.get("/customers/customers.csv")
async def export(visitor: VisitorHere, ports: PortsHere) -> Response:
    """Return every customer with its client as a file that can be loaded again."""
    picture = await ports.links.customers(visitor.partner_id)
    rows = sheet_rows(await asyncio.to_thread(customers, picture))
    return csv_response(COLUMNS, _at_once(rows), "customers.csv", marked=True)


@router.get("/customers/import")
async def ask(request: Request) -> Response:
    """Ask for a file."""
    return page(request, "import.html", tab=TAB, errors=None)


@router.post("/customers/import")
async def show_changes(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Show what a file would change, or what is wrong with it. Nothing is changed."""
    picture = await ports.links.customers(visitor.partner_id)
    try:
        content = await uploaded(request)
        changes = await asyncio.to_thread(read_changes, content, picture)
    except (SheetErrors, NoFileError) as errors:
        return page(request, "import.html", 422, tab=TAB, errors=errors)
    differences = await asyncio.to_thread(preview_customers, changes, picture)
    carried = carrying.pack_customers(marked(changes, picture))
    return page(request, "customer_changes.html", tab=TAB, differences=differences, carried=carried, refusals=())


@router.post("/customers/import/apply")
async def apply(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Make exactly the changes that were shown, all of them or none."""
    form = await request.form()
    try:
        changes = carrying.unpack_customers(texts_of(form, "changes"))
        applied = await Linking(ports.links).apply_customers(visitor.partner_id, changes, visitor.actor)
    except (carrying.NotCarriedError, UnknownCustomerError):
        raise not_ours() from None
    if applied.refusals:
        refusals = wording.listed(applied.refusals)
        values: Mapping[str, Any] = {"differences": (), "carried": (), "refusals": refusals}
        return page(request, "customer_changes.html", 409, tab=TAB, **values)
    return await answer(request, TAB, form, applied, f"{plural(applied.made, 'customer')} changed.")


async def _at_once(rows: Sequence[Mapping[str, Any]]) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    yield rows
