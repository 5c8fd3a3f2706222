"""The Customers and the License tab: what each row leads to, and the forms that link it."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from halosync.domain.roles import Role
from halosync.ports.links import Link, LinkPicture, Target

from report_api.access.needed_role import needs
from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere
from report_api.links import sentences
from report_api.links.customers import read_client_id as id_typed
from report_api.links.kind import Chosen, LinkKind
from report_api.links.list_page import View, link_table
from report_api.links.pages.halo_read import AwaitedRead
from report_api.links.pages.replies import accept_pairs, change_row, refuse, text_of, texts_of
from report_api.links.search import find
from report_api.links.service import row_of
from report_api.ports import Ports, PortsHere
from report_api.web.addresses import see_other
from report_api.web.rendering import Values, page

Typed = Annotated[str, Query(max_length=500)]


def list_pages(kind: LinkKind[Link, Target]) -> APIRouter:
    """Return the pages of a tab's list."""
    router, tab = partner_pages(changes=Role.BILLER), kind.tab

    @router.get(f"/{tab}")
    async def show(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
        """Show a page of rows, those that need a person first."""
        view = View.of(request.query_params)
        picture = await kind.store(ports).picture(visitor.partner_id)
        table = await asyncio.to_thread(link_table, kind, picture, view)
        awaited = AwaitedRead.of(request, picture.read_at)
        values: Values = {"view": view, "table": table, "awaited": awaited}
        return page(request, f"links/{tab}.html", tab=tab, sentences=sentences, **values)

    @router.get(f"/{tab}/{kind.search_path}")
    @needs(Role.BILLER)
    async def search(request: Request, visitor: VisitorHere, ports: PortsHere, q: Typed = "") -> dict[str, object]:
        """Answer the type-ahead: candidates that may be meant, each with who leads there already."""
        picture = await kind.store(ports).picture(visitor.partner_id)
        key = request.query_params.get(kind.key_field, "")
        return {"items": await asyncio.to_thread(choices, kind, picture, key, q)}

    @router.post(f"/{tab}/link")
    async def link(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
        """Link a row to what was chosen, or whose id was typed exactly; with only a name, show what to choose from."""
        form = await request.form()
        key, typed = text_of(form, kind.key_field), text_of(form, "q")
        chosen = kind.read_typed(text_of(form, kind.choice_field))
        chosen = chosen or await _of_id(kind, typed, ports, visitor.partner_id)
        if chosen is not None:
            return await change_row(request, kind, lambda _: chosen, lambda picture: _linked(kind, key, picture))
        if kind.nothing_chosen is not None:
            return await refuse(request, tab, form, kind.nothing_chosen)
        kept = {name: text_of(form, name) for name in ("back", "before", "from_unmatched")}
        query = {kind.key_field: key, "q": typed[:200], **kept}
        return see_other(visitor.partner_id, tab, "client", **query)

    @router.post(f"/{tab}/unlink")
    async def unlink(request: Request) -> Response:
        """Remove a link: the row is matched by its name again."""
        done = kind.unlinked(text_of(await request.form(), kind.key_field))
        return await change_row(request, kind, lambda before: Chosen(kind.unlink(before)), lambda _: done)

    @router.post(f"/{tab}/accept")
    async def accept(request: Request) -> Response:
        """Link exactly the pairs that were ticked on the page."""
        form = await request.form()
        ticked = texts_of(form, "pair")
        if not ticked:
            return await refuse(request, tab, form, sentences.NOTHING_TICKED)
        return await accept_pairs(request, kind, form, ticked)

    return router


async def _of_id(kind: LinkKind[Link, Target], typed: str, ports: Ports, partner_id: str) -> Chosen[Link] | None:
    """Return the candidate whose id was typed, with or without `#`, as it is now; None if there is none."""
    number = id_typed(typed)
    if number is None:
        return None
    picture = await kind.store(ports).picture(partner_id)
    found = next((each for each in kind.candidates(picture) if each[0] == number), None)
    return None if found is None else kind.read_choice(kind.choice(found, picture))


def choices(kind: LinkKind[Link, Target], picture: LinkPicture[Link, Target], key: str, q: str) -> list[dict[str, str]]:
    """Return the candidates that `q` may mean, as the type-ahead takes them; hints are for the row of that key."""
    by_place, inactive = kind.by_place(kind.rows(picture)), kind.inactive(picture)

    def note(number: int | None) -> str:
        return "" if number is None else f"#{number}{', inactive in Halo' if number in inactive else ''}"

    return [
        {
            "value": kind.choice(candidate, picture),
            "name": candidate[1],
            "note": note(candidate[0]),
            "hint": kind.shared(by_place.others(kind.place(candidate), key)),
        }
        for candidate in find(kind.candidates(picture), q, companies=kind.companies)
    ]


def _linked(kind: LinkKind[Link, Target], key: str, picture: LinkPicture[Link, Target]) -> str:
    row = row_of(kind, key, picture)
    others = kind.by_place(kind.rows(picture)).others(kind.taken(row), key)
    return kind.linked(row, others, picture)
