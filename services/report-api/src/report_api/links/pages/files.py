"""The links of a tab as a file: out, in, and what a file would change before it does."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from fastapi import APIRouter, Request, Response
from halosync.domain.roles import Role
from halosync.ports.links import Link, LinkChange, LinkPicture, Target
from starlette.datastructures import FormData

from report_api.access.needed_role import needs
from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere
from report_api.links import sentences
from report_api.links.changes import NotOursError, differences, file_rows, pack, read_file, unpack, with_fingerprints
from report_api.links.kind import LinkKind
from report_api.links.list_page import View
from report_api.links.pages.replies import answer, not_ours, text_of, texts_of
from report_api.links.service import Linking, UnknownRowError
from report_api.links.sheet import SheetErrors
from report_api.ports import Ports, PortsHere
from report_api.web.csv_export import csv_response, for_reader
from report_api.web.formats import plural
from report_api.web.forms import NoFileError, uploaded
from report_api.web.rendering import page
from report_api.web.visitor import Visitor

_CHANGES_PAGE = "links/changes.html"


def file_pages(kind: LinkKind[Link, Target]) -> APIRouter:
    """Return the pages of a tab's file."""
    router, tab = partner_pages(changes=Role.BILLER), kind.tab

    @router.get(f"/{tab}/{tab}.csv")
    async def export(visitor: VisitorHere, ports: PortsHere) -> Response:
        """Return every row as a file that can be loaded again."""
        picture = await kind.store(ports).picture(visitor.partner_id)
        rows = await asyncio.to_thread(file_rows, kind, picture)
        cells = itemgetter(*kind.columns)
        return csv_response(kind.columns, _at_once(rows), f"{tab}.csv", cells=cells, signs=for_reader())

    @router.get(f"/{tab}/import")
    @needs(Role.BILLER)
    async def ask(request: Request) -> Response:
        """Ask for a file."""
        return page(request, "links/import.html", tab=tab, view=View.of(request.query_params), errors=None)

    @router.post(f"/{tab}/import")
    async def show_changes(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
        """Show what a file would change, or what is wrong with it. Nothing is changed."""
        picture = await kind.store(ports).picture(visitor.partner_id)
        view = _list_of(await request.form())
        try:
            content = await uploaded(request)
            values = await asyncio.to_thread(asked, content, picture)
        except (SheetErrors, NoFileError) as errors:
            return page(request, "links/import.html", 422, tab=tab, view=view, errors=errors)
        return await asyncio.to_thread(page, request, _CHANGES_PAGE, tab=tab, view=view, refusals=(), **values)

    def asked(content: bytes, picture: LinkPicture[Link, Target]) -> Mapping[str, Any]:
        changes: Sequence[LinkChange[Link]] = read_file(kind, content, picture)
        return {
            "differences": differences(kind, changes, picture),
            "packed": pack(kind, with_fingerprints(kind, changes, picture)),
        }

    @router.post(f"/{tab}/import/apply")
    async def apply(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
        """Make exactly the changes that were shown, all of them or none."""
        return await _make(kind, request, visitor, ports, "changed")

    @router.post(f"/{tab}/undo")
    async def undo(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
        """Make the links what they were before, all of them or none: the form of a notice."""
        return await _make(kind, request, visitor, ports, "set back")

    return router


def _list_of(form: FormData) -> View:
    """Return how the list was looked at from which a file is loaded."""
    return View.back(text_of(form, "back"))


async def _make(kind: LinkKind[Link, Target], request: Request, visitor: Visitor, ports: Ports, done: str) -> Response:
    form = await request.form()
    try:
        changes = await asyncio.to_thread(unpack, kind, texts_of(form, "changes"))
        applied = await Linking(kind, kind.store(ports)).apply(visitor.partner_id, changes, visitor.actor)
    except (NotOursError, UnknownRowError):
        raise not_ours() from None
    if applied.refusals:
        refusals = sentences.listed(applied.refusals)
        shown = {"tab": kind.tab, "view": _list_of(form), "differences": (), "packed": (), "refusals": refusals}
        return page(request, _CHANGES_PAGE, 409, **shown)
    return await answer(request, kind, form, applied, f"{plural(len(applied.made), kind.noun)} {done}.")


async def _at_once(rows: Sequence[Mapping[str, Any]]) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    yield rows
