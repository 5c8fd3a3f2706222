"""The page of all that is unmatched, and its forms: many rows linked or left out by ticks."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from halosync.domain.plan import CustomerLink
from halosync.domain.roles import Role
from halosync.ports.links import Link, LinkChange, Target
from pydantic import AfterValidator
from starlette.datastructures import FormData

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere
from report_api.links import sentences
from report_api.links.customers import CUSTOMERS
from report_api.links.kind import LinkKind
from report_api.links.pages.replies import UNMATCHED, accept_pairs, answer, not_ours, refuse, text_of, texts_of
from report_api.links.products import PRODUCTS
from report_api.links.service import Linking, UnknownRowError
from report_api.links.unmatched import A_PAGE, SORTS, UnmatchedView, unmatched_rows_of
from report_api.ports import PortsHere
from report_api.web.addresses import partner_url
from report_api.web.formats import plural
from report_api.web.paging import NumberedPage, PageNumber
from report_api.web.rendering import page

router = partner_pages()

Sort = Annotated[str, Query(description="By what rows are sorted."), AfterValidator(SORTS.known)]
ProductsPage = Annotated[int, Query(ge=1, le=1_000_000, description="Which page of the products.")]


@router.get("/" + "/".join(UNMATCHED))
async def show(
    *,
    request: Request,
    visitor: VisitorHere,
    ports: PortsHere,
    number: PageNumber = 1,
    products: ProductsPage = 1,
    sort: Sort = "",
    products_sort: Sort = "",
) -> Response:
    """Show what no client, or no licence name, was found for."""
    path, sorts = partner_url(visitor.partner_id, *UNMATCHED), {"sort": sort, "products_sort": products_sort}
    of_customers = NumberedPage(path, sorts, number, A_PAGE, 0)
    of_products = NumberedPage(path, sorts, products, A_PAGE, 0, parameter="products")
    customers = await CUSTOMERS.store(ports).picture(visitor.partner_id)
    named = await PRODUCTS.store(ports).picture(visitor.partner_id)
    return page(
        request,
        "links/unmatched.html",
        tab=CUSTOMERS.tab,
        view=UnmatchedView(number, products, sort, products_sort),
        sentences=sentences,
        customers=await asyncio.to_thread(unmatched_rows_of, CUSTOMERS, customers, of_customers, "sort"),
        products=await asyncio.to_thread(unmatched_rows_of, PRODUCTS, named, of_products, "products_sort"),
    )


def ticked_pages(kind: LinkKind[Link, Target]) -> APIRouter:
    """Return the form that links many rows, each to the suggestion that was chosen beside it."""
    ticked = partner_pages(changes=Role.BILLER)

    @ticked.post(f"/{kind.tab}/ticked")
    async def link(request: Request) -> Response:
        """Link the ticked rows; one that does not hold any more stays as it is and is named."""
        form = await request.form()
        pairs = [text_of(form, f"pair-{number}") for number in texts_of(form, "row")]
        if not all(pairs) or not pairs:
            return await refuse(request, kind.tab, form, sentences.NOTHING_CHOSEN if pairs else sentences.NO_ROW)
        return await accept_pairs(request, kind, form, pairs)

    return ticked


exclusions = partner_pages(changes=Role.BILLER)


@exclusions.post("/customers/exclude-ticked")
async def exclude(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Leave the ticked customers out of every Sync: all of them, or none if one was changed meanwhile."""
    form = await request.form()
    try:
        changes = list(_exclusions(form))
        if not changes:
            return await refuse(request, CUSTOMERS.tab, form, sentences.NO_ROW)
        linking = Linking(CUSTOMERS, CUSTOMERS.store(ports))
        applied = await linking.apply(visitor.partner_id, changes, visitor.actor)
    except (ValueError, UnknownRowError):
        raise not_ours() from None
    told = f"{plural(len(applied.made), 'customer is', 'customers are')} excluded: their licences in Halo stay."
    return await answer(request, CUSTOMERS, form, applied, told)


def _exclusions(form: FormData) -> Iterator[LinkChange[CustomerLink]]:
    for number in texts_of(form, "row"):
        before = CUSTOMERS.read_shown(text_of(form, f"before-{number}"))
        yield LinkChange(text_of(form, f"key-{number}"), before, replace(before, excluded=True))
