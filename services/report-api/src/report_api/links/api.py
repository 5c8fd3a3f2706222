"""Which client a customer and which licence name a product has; a partner may link them by hand.

Also what was last read from Halo, which links lead to, and reading it again.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Path, Query
from halosync.domain.acts import Actor
from halosync.domain.plan import CustomerLink
from halosync.domain.roles import Role
from halosync.ports.links import Link, LinkPicture, NotInHaloError, ProductLink, Target
from halosync.ports.run_start import NotConnectedError
from pydantic import TypeAdapter

from report_api.access.api_guard import ActorHere, Partner, partner_router
from report_api.links.customers import CUSTOMERS
from report_api.links.kind import LinkKind, LinkRow, sorted_by
from report_api.links.models import (
    Customer,
    CustomerLinkRequest,
    CustomerPage,
    HaloClient,
    HaloClientPage,
    LicenceName,
    LicenceNamePage,
    Product,
    ProductLinkRequest,
    ProductPage,
    RefreshStarted,
    Suggestion,
)
from report_api.links.products import PRODUCTS
from report_api.links.search import suggest
from report_api.links.service import Linking, UnknownRowError, row_of
from report_api.ports import Ports, PortsHere
from report_api.web.fields import QueryText, Search
from report_api.web.paging import BigInt, CursorText, Keyset, Limit
from report_api.web.problems import NOT_CONNECTED, Problem, invalid, not_found, responses

router: APIRouter = partner_router("Mapping", changes=Role.BILLER)

_CLIENTS = Keyset("clients", TypeAdapter[tuple[str, int]](tuple[QueryText, BigInt]))
_ORDER = TypeAdapter(tuple[str, str])
_NAMES = Keyset("licence-names", TypeAdapter[str](QueryText))

Unmapped = Annotated[bool, Query(description="True: only those that nothing matches.")]
AnyId = Annotated[str, Path(description="Percent-encoded; it may hold any character.")]
Suggested: TypeAlias = tuple[LinkRow[Link], list[Suggestion]]
"""A row with what is probably meant, if nothing matches it."""


@router.get("/customers", summary="List customers")
async def list_customers(
    partner: Partner, ports: PortsHere, unmapped: Unmapped = False, cursor: CursorText = None, limit: Limit = 100
) -> CustomerPage:
    """The customers of the newest invoice and of stored links, by name, each with the client a run would take now.

    Numbers in names count by their value: "Site 2" stands before "Site 10".
    """
    rows, following, read_at = await _page(CUSTOMERS, ports, partner, unmapped=unmapped, cursor=cursor, limit=limit)
    return CustomerPage(items=[_customer(row) for row in rows], next_cursor=following, read_at=read_at)


@router.put("/customers/{customer_id:path}", responses=responses(400, 413), summary="Link a customer")
async def link_customer(
    partner: Partner, customer_id: AnyId, wanted: CustomerLinkRequest, by: ActorHere, ports: PortsHere
) -> Customer:
    """Replace a customer's link. The next run uses it. Several customers may share one client."""
    link = CustomerLink(wanted.halo_client_id, wanted.excluded)
    return _customer(await _replaced(CUSTOMERS, ports, partner, customer_id, link, by=by))


@router.get("/products", summary="List products")
async def list_products(
    partner: Partner, ports: PortsHere, unmapped: Unmapped = False, cursor: CursorText = None, limit: Limit = 100
) -> ProductPage:
    """The products with recurring lines in the newest invoice and of stored links, by code.

    Numbers in codes count by their value. A product without licence name is no problem: a run creates its licences,
    named like the product code.
    """
    rows, following, read_at = await _page(PRODUCTS, ports, partner, unmapped=unmapped, cursor=cursor, limit=limit)
    return ProductPage(items=[_product(row) for row in rows], next_cursor=following, read_at=read_at)


@router.put("/products/{product_code:path}", responses=responses(400, 413), summary="Link a product")
async def link_product(
    partner: Partner, product_code: AnyId, wanted: ProductLinkRequest, by: ActorHere, ports: PortsHere
) -> Product:
    """Link a product to a licence name, one of Halo's or a new one, or unlink it. The next run uses it."""
    return _product(await _replaced(PRODUCTS, ports, partner, product_code, wanted.licence_name, by=by))


@router.get("/halo/clients", summary="List Halo's clients")
async def list_clients(
    partner: Partner, ports: PortsHere, q: Search = None, cursor: CursorText = None, limit: Limit = 100
) -> HaloClientPage:
    """The clients of the last read, by name, inactive ones too; numbers in names by their value."""
    after, read_at = _CLIENTS.after(cursor), await ports.snapshots.read_at(partner)
    found = [] if read_at is None else await ports.snapshots.clients(partner, q=q, after=after, most=limit + 1)
    page, following = _CLIENTS.split(found, limit, lambda client: (client.name, client.id))
    clients = [HaloClient(id=each.id, name=each.name, inactive=each.inactive) for each in page]
    return HaloClientPage(items=clients, next_cursor=following, read_at=read_at)


@router.get("/halo/licence-names", summary="List Halo's licence names")
async def list_licence_names(
    partner: Partner, ports: PortsHere, q: Search = None, cursor: CursorText = None, limit: Limit = 100
) -> LicenceNamePage:
    """The names of the licences of the last read, each once, in order; numbers in names by their value."""
    after, read_at = _NAMES.after(cursor), await ports.snapshots.read_at(partner)
    found = [] if read_at is None else await ports.snapshots.licence_names(partner, q=q, after=after, most=limit + 1)
    page, following = _NAMES.split(found, limit, lambda each: each.name)
    names = [LicenceName(name=each.name, licences=each.licences) for each in page]
    return LicenceNamePage(items=names, next_cursor=following, read_at=read_at)


@router.post("/halo/refresh", status_code=202, responses=responses(409), summary="Read Halo again")
async def refresh(partner: Partner, ports: PortsHere) -> RefreshStarted:
    """Read clients and licences again; the lists' `read_at` tells when it is done. Nothing is written to Halo."""
    try:
        return RefreshStarted(read_id=await ports.snapshots.request_read(partner))
    except NotConnectedError:
        raise NOT_CONNECTED from None


async def _page(
    kind: LinkKind[Link, Target], ports: Ports, partner: str, *, unmapped: bool, cursor: str | None, limit: int
) -> tuple[list[Suggested[Link]], str | None, datetime | None]:
    """Return a page of rows with suggestions, the cursor of the next page, and when Halo was read."""
    picture = await kind.store(ports).picture(partner)
    keyset = Keyset(f"{kind.noun}s", _ORDER)
    after = keyset.after(cursor)
    every = await asyncio.to_thread(kind.rows, picture)
    wanted = (row for row in every if not unmapped or row.is_unmatched)
    rows = [row for row in wanted if after is None or sorted_by(kind.order(row)) > sorted_by(after)]
    page, following = keyset.split(rows, limit, kind.order)
    return await asyncio.to_thread(_suggested, kind, page, picture), following, picture.read_at


async def _replaced(
    kind: LinkKind[Link, Target], ports: Ports, partner: str, key: str, link: Link, *, by: Actor
) -> Suggested[Link]:
    try:
        picture = await Linking(kind, kind.store(ports)).replace(partner, key, link, by)
    except UnknownRowError:
        raise not_found(f"There is no such {kind.noun}.") from None
    except NotInHaloError as error:
        raise _not_in_halo(error) from None
    row = await asyncio.to_thread(row_of, kind, key, picture)
    return (await asyncio.to_thread(_suggested, kind, [row], picture))[0]


def _suggested(
    kind: LinkKind[Link, Target], rows: Sequence[LinkRow[Link]], picture: LinkPicture[Link, Target]
) -> list[Suggested[Link]]:
    # Used in a thread: comparing thousands of names takes longer than other requests should wait.
    candidates = kind.suggestions(picture)
    found = [suggest(candidates, kind.names(row)) if row.is_unmatched else [] for row in rows]
    return [
        (row, [Suggestion(id=each.id, name=each.name, score=each.score) for each in some])
        for row, some in zip(rows, found, strict=True)
    ]


def _not_in_halo(error: NotInHaloError) -> Problem:
    if error.read_at is None:
        return invalid("halo_client_id", "Halo was not read yet; connect it, press Refresh, and choose from the list")
    return invalid(
        "halo_client_id",
        f"the last read of Halo ({error.read_at:%Y-%m-%d %H:%M} UTC) has no such client; choose one of its clients, "
        "or press Refresh if it is new",
    )


def _customer(suggested: Suggested[CustomerLink]) -> Customer:
    row, suggestions = suggested
    return Customer(
        customer_id=row.key,
        customer_name=row.name,
        halo_client_id=row.target_id,
        halo_client_name=row.target_name,
        matched_by=row.matched_by,
        excluded=row.excluded,
        problem=row.problem,
        detail=row.detail,
        suggestions=suggestions,
    )


def _product(suggested: Suggested[ProductLink]) -> Product:
    row, suggestions = suggested
    return Product(
        product_code=row.key,
        product_name=row.name,
        licence_name=row.target_name,
        matched_by=row.matched_by,
        suggestions=suggestions,
    )
