"""Which client a customer and which licence name a product has; a partner may link them by hand."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query
from halosync.domain.model import CustomerLink
from halosync.store.links import NotInHaloError
from pydantic import TypeAdapter

from report_api.access.api_guard import ActorHere, Partner, partner_router
from report_api.links import customers as mapped
from report_api.links import products as named
from report_api.links.models import (
    Customer,
    CustomerLinkRequest,
    CustomerPage,
    Product,
    ProductLinkRequest,
    ProductPage,
)
from report_api.links.service import Linking, UnknownCustomerError, UnknownProductError
from report_api.ports import PortsHere
from report_api.web.paging import CursorText, Keyset, Limit
from report_api.web.problems import Problem, invalid, not_found, responses

router: APIRouter = partner_router("Mapping")

_CUSTOMERS = Keyset("customers", TypeAdapter(tuple[str, str]))
_PRODUCTS = Keyset("products", TypeAdapter(str))

Unmapped = Annotated[bool, Query(description="True: only those that nothing matches.")]
AnyId = Annotated[str, Path(description="Percent-encoded; it may hold any character.")]


@router.get("/customers", summary="List customers")
async def list_customers(
    partner: Partner, ports: PortsHere, unmapped: Unmapped = False, cursor: CursorText = None, limit: Limit = 100
) -> CustomerPage:
    """The customers of the newest invoice and of stored links, by name, each with the client a run would take now."""
    after = _CUSTOMERS.after(cursor)
    picture = await ports.links.customers(partner)
    every = await asyncio.to_thread(mapped.customers, picture)
    rows = [
        customer
        for customer in every
        if (not unmapped or mapped.is_unmapped(customer)) and (after is None or mapped.customer_key(customer) > after)
    ]
    page, following = _CUSTOMERS.split(rows, limit, mapped.customer_key)
    # A thread, because comparing thousands of names takes longer than other requests should wait.
    items = await asyncio.to_thread(mapped.with_client_suggestions, page, picture)
    return CustomerPage(items=items, next_cursor=following, read_at=picture.read_at)


@router.put("/customers/{customer_id:path}", responses=responses(400, 413), summary="Link a customer")
async def link_customer(
    partner: Partner, customer_id: AnyId, wanted: CustomerLinkRequest, by: ActorHere, ports: PortsHere
) -> Customer:
    """Replace a customer's link. The next run uses it. Several customers may share one client."""
    link = CustomerLink(wanted.halo_client_id, wanted.excluded)
    try:
        await Linking(ports.links).replace_customer(partner, customer_id, link, by)
    except UnknownCustomerError:
        raise not_found("There is no such customer.") from None
    except NotInHaloError as error:
        raise _not_in_halo(error) from None
    picture = await ports.links.customers(partner)
    every = {customer.customer_id: customer for customer in await asyncio.to_thread(mapped.customers, picture)}
    unlinked = Customer(
        customer_id=customer_id,
        customer_name=None,
        halo_client_id=None,
        halo_client_name=None,
        matched_by=None,
        excluded=False,
        problem=None,
        detail=None,
        suggestions=[],
    )
    (customer,) = mapped.with_client_suggestions([every.get(customer_id, unlinked)], picture)
    return customer


def _not_in_halo(error: NotInHaloError) -> Problem:
    if error.read_at is None:
        return invalid("halo_client_id", "Halo was not read yet; connect it, press Refresh, and choose from the list")
    return invalid(
        "halo_client_id",
        f"the last read of Halo ({error.read_at:%Y-%m-%d %H:%M} UTC) has no such client; choose one of its clients, "
        "or press Refresh if it is new",
    )


@router.get("/products", summary="List products")
async def list_products(
    partner: Partner, ports: PortsHere, unmapped: Unmapped = False, cursor: CursorText = None, limit: Limit = 100
) -> ProductPage:
    """The products with recurring lines in the newest invoice and of stored links, by code.

    A product without licence name is no problem: a run creates its licences, named like the product code.
    """
    after = _PRODUCTS.after(cursor)
    picture = await ports.links.products(partner)
    every = await asyncio.to_thread(named.products, picture)
    rows = [
        product
        for product in every
        if (not unmapped or product.matched_by is None) and (after is None or product.product_code > after)
    ]
    page, following = _PRODUCTS.split(rows, limit, lambda product: product.product_code)
    items = await asyncio.to_thread(named.with_name_suggestions, page, picture)
    return ProductPage(items=items, next_cursor=following, read_at=picture.read_at)


@router.put("/products/{product_code:path}", responses=responses(400, 413), summary="Link a product")
async def link_product(
    partner: Partner, product_code: AnyId, wanted: ProductLinkRequest, by: ActorHere, ports: PortsHere
) -> Product:
    """Link a product to a licence name, one of Halo's or a new one, or unlink it. The next run uses it."""
    try:
        await Linking(ports.links).replace_product(partner, product_code, wanted.licence_name, by)
    except UnknownProductError:
        raise not_found("There is no such product.") from None
    picture = await ports.links.products(partner)
    every = {product.product_code: product for product in named.products(picture)}
    unlinked = Product(product_code=product_code, product_name=None, licence_name=None, matched_by=None, suggestions=[])
    (product,) = named.with_name_suggestions([every.get(product_code, unlinked)], picture)
    return product
