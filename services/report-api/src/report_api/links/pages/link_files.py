"""The links of customers and products as a file: out, in, and what a file would change before it does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from fastapi import APIRouter, Request, Response
from halosync.store.links import LinkStore

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere
from report_api.links import customer_sheet, product_sheet
from report_api.links import form_payload as carrying
from report_api.links import sentences as wording
from report_api.links.answers import answer, not_ours, texts_of
from report_api.links.customers import customers
from report_api.links.preview import marked, preview_customers, preview_products
from report_api.links.products import products
from report_api.links.service import Applied, Linking, UnknownCustomerError, UnknownProductError
from report_api.links.sheets import SheetErrors
from report_api.ports import PortsHere
from report_api.web.csv_export import csv_response
from report_api.web.formats import plural
from report_api.web.forms import NoFileError, uploaded
from report_api.web.rendering import page


@dataclass(frozen=True, slots=True)
class LinkFile:
    """What differs between the two tabs; what is done with a file is the same.

    Attributes:
        tab: the tab, in addresses too.
        noun: what a row is about.
        template: the page that shows what a file would change.
        columns: of the file.
        picture: reads everything that decides a partner's links.
        rows: the rows of the file that is sent.
        read: the changes that a file asks for; SheetErrors says what is wrong with it.
        compare: what the changes would make of each row.
        pack: the changes as the page's form carries them; `unpack` is its inverse.
        apply: makes the changes of a partner, all of them or none.
    """

    tab: str
    noun: str
    template: str
    columns: Sequence[str]
    picture: Callable[[LinkStore, str], Awaitable[Any]]
    rows: Callable[[Any], Sequence[Mapping[str, Any]]]
    read: Callable[[bytes, Any], Any]
    compare: Callable[[Any, Any], Sequence[Any]]
    pack: Callable[[Any, Any], Sequence[str]]
    unpack: Callable[[Sequence[str]], Any]
    apply: Callable[..., Awaitable[Applied]]


CUSTOMERS = LinkFile(
    tab="customers",
    noun="customer",
    template="links/customer_changes.html",
    columns=customer_sheet.COLUMNS,
    picture=LinkStore.customers,
    rows=lambda picture: customer_sheet.sheet_rows(customers(picture)),
    read=customer_sheet.read_changes,
    compare=preview_customers,
    pack=lambda changes, picture: carrying.pack_customers(marked(changes, picture)),
    unpack=carrying.unpack_customers,
    apply=Linking.apply_customers,
)
LICENCES = LinkFile(
    tab="licences",
    noun="product",
    template="links/licence_changes.html",
    columns=product_sheet.COLUMNS,
    picture=LinkStore.products,
    rows=lambda picture: product_sheet.sheet_rows(products(picture)),
    read=product_sheet.read_changes,
    compare=preview_products,
    pack=lambda changes, _: carrying.pack_products(changes),
    unpack=carrying.unpack_products,
    apply=Linking.apply_products,
)


def file_pages(file: LinkFile) -> APIRouter:
    """Return the pages of a tab's file."""
    router = partner_pages()

    @router.get(f"/{file.tab}/{file.tab}.csv")
    async def export(visitor: VisitorHere, ports: PortsHere) -> Response:
        """Return every row as a file that can be loaded again."""
        picture = await file.picture(ports.links, visitor.partner_id)
        rows = await asyncio.to_thread(file.rows, picture)
        return csv_response(
            file.columns, _at_once(rows), f"{file.tab}.csv", cells=itemgetter(*file.columns), marked=True
        )

    @router.get(f"/{file.tab}/import")
    async def ask(request: Request) -> Response:
        """Ask for a file."""
        return page(request, "links/import.html", tab=file.tab, errors=None)

    @router.post(f"/{file.tab}/import")
    async def show_changes(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
        """Show what a file would change, or what is wrong with it. Nothing is changed."""
        picture = await file.picture(ports.links, visitor.partner_id)
        try:
            content = await uploaded(request)
            changes = await asyncio.to_thread(file.read, content, picture)
        except (SheetErrors, NoFileError) as errors:
            return page(request, "links/import.html", 422, tab=file.tab, errors=errors)
        differences = await asyncio.to_thread(file.compare, changes, picture)
        carried = file.pack(changes, picture)
        return page(request, file.template, tab=file.tab, differences=differences, carried=carried, refusals=())

    @router.post(f"/{file.tab}/import/apply")
    async def apply(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
        """Make exactly the changes that were shown, all of them or none."""
        form = await request.form()
        try:
            changes = file.unpack(texts_of(form, "changes"))
            applied = await file.apply(Linking(ports.links), visitor.partner_id, changes, visitor.actor)
        except (carrying.NotCarriedError, UnknownCustomerError, UnknownProductError):
            raise not_ours() from None
        if applied.refusals:
            refusals = wording.listed(applied.refusals)
            return page(request, file.template, 409, tab=file.tab, differences=(), carried=(), refusals=refusals)
        return await answer(request, file.tab, form, applied, f"{plural(applied.made, file.noun)} changed.")

    return router


async def _at_once(rows: Sequence[Mapping[str, Any]]) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    yield rows
