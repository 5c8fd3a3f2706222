"""The License tab: which licence name in Halo each product has (spec section 3, "Licence of a product")."""

import asyncio
from typing import Annotated, Any

from fastapi import Query, Request, Response
from halosync.contracts.message import Text
from halosync.domain.names import name_key
from halosync.store.link_changes import ProductChange
from halosync.store.links import ProductPicture
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import FormData

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere
from report_api.links import sentences as wording
from report_api.links.answers import accept_ticked, answer, not_ours, refuse, text_of
from report_api.links.licence_table import licence_table
from report_api.links.pages.halo_reading import Awaited
from report_api.links.products import products
from report_api.links.search import find
from report_api.links.service import Linking, UnknownProductError
from report_api.links.sharing import Claims
from report_api.links.view import View
from report_api.ports import PortsHere
from report_api.web.rendering import page

router = partner_pages()

TAB = "licences"
_GONE = "This product is no longer in the invoice. Nothing was done."
_NO_NAME = "Enter the licence name that the product has in Halo: 1 to 500 characters."
_TEXT: TypeAdapter[str] = TypeAdapter(Text)
Typed = Annotated[str, Query(max_length=500)]


@router.get("/licences")
async def show(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Show a page of products, those without a licence name in Halo first."""
    view = View.of(request.query_params)
    table = await licence_table(ports.links, visitor.partner_id, view)
    awaited = Awaited.of(request, table.read_at)
    return page(request, "links/licences.html", tab=TAB, view=view, table=table, awaited=awaited)


@router.get("/licences/names.json")
async def names(visitor: VisitorHere, ports: PortsHere, product_code: Typed = "", q: Typed = "") -> dict[str, Any]:
    """Answer the type-ahead: licence names that may be meant, each with which products use it already."""
    picture = await ports.links.products(visitor.partner_id)
    return {"items": await asyncio.to_thread(_found, picture, product_code, q)}


@router.post("/licences/link")
async def link(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Link a product to a licence name, one of Halo's or a new one."""
    form = await request.form()
    code = text_of(form, "product_code")
    try:
        name = _TEXT.validate_python(text_of(form, "licence_name").strip())
        change = ProductChange(code, _before(form), name)
        applied = await Linking(ports.links).apply_products(visitor.partner_id, [change], visitor.actor)
    except ValidationError:
        return await refuse(request, TAB, form, _NO_NAME)
    except UnknownProductError:
        return await refuse(request, TAB, form, _GONE)
    picture = await ports.links.products(visitor.partner_id)
    return await answer(request, TAB, form, applied, _linked(code, name, picture))


@router.post("/licences/unlink")
async def unlink(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Remove a link: the licence named like the product code counts again."""
    form = await request.form()
    code = text_of(form, "product_code")
    try:
        change = ProductChange(code, _before(form), None)
        applied = await Linking(ports.links).apply_products(visitor.partner_id, [change], visitor.actor)
    except UnknownProductError:
        return await refuse(request, TAB, form, _GONE)
    done = f'The link is removed; the licence named "{code}" counts again.'
    return await answer(request, TAB, form, applied, done)


@router.post("/licences/accept")
async def accept(request: Request, ports: PortsHere) -> Response:
    """Link exactly the pairs that were ticked on the page."""
    return await accept_ticked(request, TAB, "product", Linking(ports.links).accept_products)


def _before(form: FormData) -> str | None:
    """Return the licence name that the row was shown linked to; a form without the field is none of ours."""
    if "before" not in form:
        raise not_ours()
    return text_of(form, "before") or None


def _found(picture: ProductPicture, product_code: str, q: str) -> list[dict[str, Any]]:
    claims = Claims(products(picture))
    return [
        {
            "value": name,
            "name": name,
            "note": "",
            "hint": wording.shares_licence_name(claims.others(name, product_code)),
        }
        for _, name in find([(None, name) for name in picture.licence_names], q)
    ]


def _linked(code: str, name: str, picture: ProductPicture) -> str:
    others = Claims(products(picture)).others(name, code)
    is_new = name_key(name) not in {name_key(each) for each in picture.licence_names}
    sentences = [f'"{code}" is linked to the licence name "{name}".']
    if is_new:
        sentences.append("No licence in Halo has this name yet; the next sync creates licences with it.")
    if others:
        sentences.append(wording.shares_licence_name(others))
    return " ".join(sentences)
