"""The search that every page has: a few hits of each kind, each with the page that it leads to."""

from typing import Annotated

from fastapi import Query, Request, Response

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere
from report_api.ports import PortsHere
from report_api.runs import sentences
from report_api.web.fields import QueryText
from report_api.web.rendering import page

router = partner_pages()

MOST = 10
"""Hits of a kind that are shown."""

Typed = Annotated[QueryText, Query(max_length=200)]


@router.get("/search")
async def show(request: Request, visitor: VisitorHere, ports: PortsHere, q: Typed = "") -> Response:
    """Show what the text was found in."""
    typed = q.strip()
    found = await ports.search.find(visitor.partner_id, typed, most=MOST + 1) if typed else None
    return page(
        request,
        "search/search.html",
        tab="",
        searched=typed,
        found=found,
        most=MOST,
        sentences=sentences,
    )
