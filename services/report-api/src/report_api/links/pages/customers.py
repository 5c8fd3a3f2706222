"""What only customers have: clients to be chosen from without a script, and leaving a customer out."""

import asyncio
from dataclasses import replace

from fastapi import Request, Response
from halosync.domain.roles import Role

from report_api.access.needed_role import needs
from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere
from report_api.links import sentences
from report_api.links.customers import CUSTOMERS
from report_api.links.kind import Chosen
from report_api.links.pages.lists import Typed, choices
from report_api.links.pages.replies import change_row, text_of
from report_api.links.service import row_of
from report_api.ports import PortsHere
from report_api.web.problems import not_found
from report_api.web.rendering import Values, page

router = partner_pages(changes=Role.BILLER)


@router.get("/customers/client")
@needs(Role.BILLER)
async def choose_client(
    request: Request, visitor: VisitorHere, ports: PortsHere, customer_id: Typed = "", q: Typed = ""
) -> Response:
    """Show the clients that may be meant, one to be chosen: the same as the type-ahead, without a script."""
    picture = await CUSTOMERS.store(ports).picture(visitor.partner_id)
    if customer_id not in picture.keys:
        raise not_found(sentences.gone(CUSTOMERS.noun))
    row = await asyncio.to_thread(row_of, CUSTOMERS, customer_id, picture)
    values: Values = {
        "row": row,
        # What the list showed, if this page was reached from there: it is what the person has decided by.
        "before": request.query_params.get("before") or CUSTOMERS.shown(row.link),
        "q": q,
        "choices": await asyncio.to_thread(choices, CUSTOMERS, picture, customer_id, q),
        "back": request.query_params.get("back", ""),
        "from_unmatched": request.query_params.get("from_unmatched", ""),
    }
    return page(request, "links/choose_client.html", tab=CUSTOMERS.tab, **values)


@router.post("/customers/exclude")
async def exclude(request: Request) -> Response:
    """Leave a customer out of every sync, or take it in again (`excluded` is yes or no); its link is kept."""
    excluded = text_of(await request.form(), "excluded") == "yes"
    done = sentences.excluded(is_excluded=excluded)
    return await change_row(
        request, CUSTOMERS, lambda before: Chosen(replace(before, excluded=excluded)), lambda _: done
    )
