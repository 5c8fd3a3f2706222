"""The Customers tab: which client in Halo each customer has (spec section 3, "Customers")."""

import asyncio
from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import Query, Request, Response
from halosync.domain.client_marks import client_mark
from halosync.store.links import CustomerPicture
from starlette.datastructures import FormData

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere
from report_api.links import sentences as wording
from report_api.links.answers import accept_ticked, answer, not_ours, refuse, text_of
from report_api.links.client_ids import client_choice, read_client_choice
from report_api.links.customer_table import customer_table
from report_api.links.customers import customers, link_of
from report_api.links.form_payload import NotCarriedError, pack_link, unpack_link
from report_api.links.models import Customer
from report_api.links.pages.halo_reading import Awaited
from report_api.links.search import find
from report_api.links.service import Linking, Row, UnknownCustomerError
from report_api.links.sharing import Serving
from report_api.links.view import View
from report_api.ports import PortsHere
from report_api.web.addresses import see_other
from report_api.web.problems import not_found
from report_api.web.rendering import page

router = partner_pages()

TAB = "customers"
_GONE = "This customer is no longer in the invoice. Nothing was done."
Typed = Annotated[str, Query(max_length=200)]


@router.get("/customers")
async def show(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Show a page of customers, those that need a person first."""
    view = View.of(request.query_params)
    table = await customer_table(ports.links, visitor.partner_id, view)
    awaited = Awaited.of(request, table.read_at)
    return page(request, "links/customers.html", tab=TAB, view=view, table=table, awaited=awaited)


@router.get("/customers/clients.json")
async def clients(visitor: VisitorHere, ports: PortsHere, customer_id: Typed = "", q: Typed = "") -> dict[str, Any]:
    """Answer the type-ahead: clients that may be meant, each with whom it serves already."""
    picture = await ports.links.customers(visitor.partner_id)
    return {"items": await asyncio.to_thread(clients_found, picture, customer_id, q)}


@router.get("/customers/client")
async def choose_client(
    request: Request, visitor: VisitorHere, ports: PortsHere, customer_id: Typed = "", q: Typed = ""
) -> Response:
    """Show the clients that may be meant, one to be chosen: the same as the type-ahead, without a script."""
    back = request.query_params.get("back", "")
    picture = await ports.links.customers(visitor.partner_id)
    customer = _known(customer_id, customers(picture))
    if customer is None:
        raise not_found(_GONE)
    found = await asyncio.to_thread(clients_found, picture, customer_id, q)
    # What the list showed, if this page was reached from there: it is what the person has decided by.
    before = request.query_params.get("before") or pack_link(link_of(customer))
    values: dict[str, Any] = {"customer": customer, "before": before, "q": q, "found": found, "back": back}
    return page(request, "links/customer_client.html", tab=TAB, **values)


@router.post("/customers/link")
async def link(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Link a customer to the chosen client; with only a name typed, show the clients to choose from."""
    form = await request.form()
    customer_id, chosen, typed = (text_of(form, name) for name in ("customer_id", "halo_client_id", "q"))
    choice = read_client_choice(chosen)
    if choice is None:
        kept = {name: text_of(form, name) for name in ("back", "before")}
        query = {"customer_id": customer_id, "q": typed[:200], **kept}
        return see_other(visitor.partner_id, TAB, "client", **query)
    try:
        applied = await Linking(ports.links).link_customer(visitor.partner_id, _row(form), choice, visitor.actor)
    except UnknownCustomerError:
        return await refuse(request, TAB, form, _GONE)
    picture = await ports.links.customers(visitor.partner_id)
    return await answer(request, TAB, form, applied, _linked(customer_id, picture))


@router.post("/customers/unlink")
async def unlink(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Remove a link: the customer is matched by its name again."""
    form = await request.form()
    try:
        applied = await Linking(ports.links).unlink_customer(visitor.partner_id, _row(form), visitor.actor)
    except UnknownCustomerError:
        return await refuse(request, TAB, form, _GONE)
    return await answer(request, TAB, form, applied, "The link is removed; the client of the same name counts again.")


@router.post("/customers/exclude")
async def exclude(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Leave a customer out of every sync, or take it in again (`excluded` is yes or no)."""
    form = await request.form()
    excluded = text_of(form, "excluded") == "yes"
    linking = Linking(ports.links)
    try:
        applied = await linking.set_excluded(visitor.partner_id, _row(form), excluded=excluded, by=visitor.actor)
    except UnknownCustomerError:
        return await refuse(request, TAB, form, _GONE)
    done = (
        "The customer is excluded: its licences in Halo stay as they are."
        if excluded
        else "The customer is included again."
    )
    return await answer(request, TAB, form, applied, done)


@router.post("/customers/accept")
async def accept(request: Request, ports: PortsHere) -> Response:
    """Link exactly the pairs that were ticked on the page."""
    return await accept_ticked(request, TAB, "customer", Linking(ports.links).accept_customers)


def clients_found(picture: CustomerPicture, customer_id: str, q: str) -> list[dict[str, Any]]:
    """Return the clients that `q` may mean, as the type-ahead takes them; hints are for the customer."""
    serving = Serving(customers(picture))
    inactive = {client.id for client in picture.clients if client.inactive}
    return [
        {
            "value": client_choice(number, client_mark(picture.tenant, number, name)),
            "name": name,
            "note": f"#{number}{', inactive in Halo' if number in inactive else ''}",
            "hint": wording.shares_client(serving.others(number, customer_id)),
        }
        for number, name in find([(client.id, client.name) for client in picture.clients], q)
        if number is not None
    ]


def _row(form: FormData) -> Row:
    try:
        return Row(text_of(form, "customer_id"), unpack_link(text_of(form, "before")))
    except NotCarriedError:
        raise not_ours() from None


def _known(customer_id: str, every: Iterable[Customer]) -> Customer | None:
    return next((each for each in every if each.customer_id == customer_id), None)


def _linked(customer_id: str, picture: CustomerPicture) -> str:
    every = customers(picture)
    customer = _known(customer_id, every)
    if customer is None or customer.halo_client_id is None:
        return "The customer is linked."
    client = customer.halo_client_name or f"client #{customer.halo_client_id}"
    others = Serving(every).others(customer.halo_client_id, customer_id)
    together = f" Their products are taken together: it serves {others.listed} as well." if others else ""
    return f'"{customer.customer_name or customer_id}" is linked to "{client}".{together}'
