"""What the Customers and License tabs say after a change, and where they lead."""

from collections.abc import Awaitable, Callable, Sequence

from fastapi import Request, Response
from halosync.domain.acts import Actor
from starlette.datastructures import FormData

from report_api.access.session import notify, visitor_of
from report_api.links import sentences as wording
from report_api.links.accepting import NotAPairError
from report_api.links.service import Applied
from report_api.links.view import View
from report_api.web.addresses import see_other
from report_api.web.formats import plural
from report_api.web.problems import Problem

NEXT = "Press Sync on the Report tab to apply it."


def text_of(form: FormData, name: str) -> str:
    """Return a field of a form; empty if it is missing or a file."""
    value = form.get(name)
    return value if isinstance(value, str) else ""


def texts_of(form: FormData, name: str) -> list[str]:
    """Return every value of a field."""
    return [value for value in form.getlist(name) if isinstance(value, str)]


async def answer(request: Request, tab: str, form: FormData, applied: Applied, done: str) -> Response:
    """Say what became of a form, and lead back to the list that it came from."""
    if applied.made:
        await notify(request, f"{done} {NEXT}")
    for sentence in wording.listed(applied.refusals):
        await notify(request, sentence, "bad")
    return back_to(request, tab, form)


async def accept_ticked(
    request: Request, tab: str, noun: str, accepting: Callable[[str, Sequence[str], Actor], Awaitable[Applied]]
) -> Response:
    """Link exactly the pairs that were ticked, by `accepting(partner_id, pairs, by)`; `noun` is what a row is."""
    form, visitor = await request.form(), visitor_of(request)
    ticked = texts_of(form, "pair")
    if not ticked:
        return await refuse(
            request, tab, form, "No suggestion was ticked. Tick those that are right, then accept them."
        )
    try:
        applied = await accepting(visitor.partner_id, ticked, visitor.actor)
    except NotAPairError:
        raise not_ours() from None
    return await answer(request, tab, form, applied, f"{plural(applied.made, noun)} linked.")


async def refuse(request: Request, tab: str, form: FormData, sentence: str) -> Response:
    """Say why nothing was done, and lead back to the list."""
    await notify(request, sentence, "bad")
    return back_to(request, tab, form)


def back_to(request: Request, tab: str, form: FormData) -> Response:
    """Lead back to the list that a form came from."""
    return see_other(visitor_of(request).partner_id, tab, **View.back(text_of(form, "back")).query)


def not_ours() -> Problem:
    """Return the error for a form that no page of ours has sent."""
    return Problem(400, "bad_request", "This form does not fit its page. Nothing was done. Load the page again.")
