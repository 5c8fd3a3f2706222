"""What the Customers and License tabs say after a form, and where they lead."""

import asyncio
from collections.abc import Callable, Sequence

from fastapi import Request, Response
from halosync.ports.links import Link, LinkChange, LinkPicture, Target
from starlette.datastructures import FormData

from report_api.access.session import notify, visitor_of
from report_api.links import sentences
from report_api.links.changes import NotOursError, pack, with_fingerprints
from report_api.links.kind import Chosen, LinkKind
from report_api.links.list_page import View
from report_api.links.service import Linking, LinkingResult, UnknownRowError
from report_api.links.unmatched import UnmatchedView
from report_api.ports import ports_of
from report_api.web.addresses import see_other
from report_api.web.formats import plural
from report_api.web.problem_sentences import NOT_FILLED_IN
from report_api.web.problems import Problem

UNMATCHED = ("customers", "unmatched")
"""The page with all that is unmatched, below the partner's address."""

MOST_UNDONE = 500
"""The most changes that a notice can undo: it holds them all, as they were shown. More are undone by a file."""


def text_of(form: FormData, name: str) -> str:
    """Return a field of a form; empty if it is missing or a file."""
    value = form.get(name)
    return value if isinstance(value, str) else ""


def texts_of(form: FormData, name: str) -> list[str]:
    """Return every value of a field."""
    return [value for value in form.getlist(name) if isinstance(value, str)]


async def change_row(
    request: Request,
    kind: LinkKind[Link, Target],
    decide: Callable[[Link], Chosen[Link]],
    done: Callable[[LinkPicture[Link, Target]], str],
) -> Response:
    """Make of the link that a form's row was shown with what `decide` says, if it still is so, and lead back.

    `done` tells what was done, from the picture then.
    """
    form, visitor = await request.form(), visitor_of(request)
    text = form.get("before")
    try:
        before = kind.read_shown(text if isinstance(text, str) else None)
    except ValueError:
        raise not_ours() from None
    after = decide(before)
    change = LinkChange(text_of(form, kind.key_field), before, after.link, after.fingerprint)
    try:
        applied = await Linking(kind, kind.store(ports_of(request))).apply(visitor.partner_id, [change], visitor.actor)
    except UnknownRowError:
        return await refuse(request, kind.tab, form, sentences.gone(kind.noun))
    sentence = await asyncio.to_thread(done, applied.picture) if applied.made else ""
    return await answer(request, kind, form, applied, sentence)


async def accept_pairs(
    request: Request, kind: LinkKind[Link, Target], form: FormData, pairs: Sequence[str]
) -> Response:
    """Link each row to what stands beside it in its pair, where that still holds, and lead back."""
    linking = Linking(kind, kind.store(ports_of(request)))
    try:
        applied = await linking.accept(visitor_of(request).partner_id, pairs, visitor_of(request).actor)
    except NotOursError:
        raise not_ours() from None
    return await answer(request, kind, form, applied, f"{plural(len(applied.made), kind.noun)} linked.")


async def answer(
    request: Request, kind: LinkKind[Link, Target], form: FormData, applied: LinkingResult[Link, Target], done: str
) -> Response:
    """Say what became of a form, and lead back to the list that it came from. `done` is said if anything was made.

    What was made can be undone from there, if nobody has changed it again by then.
    """
    if applied.made:
        undo = await asyncio.to_thread(_undo, kind, applied)
        fields = [("back", text_of(form, "back")), ("from_unmatched", text_of(form, "from_unmatched"))]
        path = f"{kind.tab}/undo" if undo else ""
        await notify(request, f"{done} {sentences.NEXT}", undo=(path, [*fields, *undo] if undo else ()))
    for sentence in sentences.listed(applied.refusals):
        await notify(request, sentence, "bad")
    return back_to(request, kind.tab, form)


def _undo(kind: LinkKind[Link, Target], applied: LinkingResult[Link, Target]) -> list[tuple[str, str]]:
    """Return the fields of the form that makes the links what they were; none where they are too many for a notice."""
    back = [LinkChange(each.key, each.after, each.before) for each in applied.made if each.after != each.before]
    if len(back) > MOST_UNDONE:
        return []
    return [("changes", text) for text in pack(kind, with_fingerprints(kind, back, applied.picture))]


async def refuse(request: Request, tab: str, form: FormData, sentence: str) -> Response:
    """Say why nothing was done, and lead back to the list."""
    await notify(request, sentence, "bad")
    return back_to(request, tab, form)


def back_to(request: Request, tab: str, form: FormData) -> Response:
    """Lead back to the list that a form came from: a tab, or the page of all that is unmatched."""
    back, partner_id = text_of(form, "back"), visitor_of(request).partner_id
    if text_of(form, "from_unmatched"):
        return see_other(partner_id, *UNMATCHED, **UnmatchedView.back(back).query)
    return see_other(partner_id, tab, **View.back(back).query)


def not_ours() -> Problem:
    """Return the error for a form that no page of ours has sent."""
    return Problem(400, "bad_request", NOT_FILLED_IN)
