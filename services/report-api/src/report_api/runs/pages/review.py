"""The first review of a Halo: looking at what waits, choosing what is meant, and approving it (spec section 9)."""

from fastapi import APIRouter, Request, Response
from halosync.domain.review_choices import ReviewChoice
from halosync.domain.roles import Role
from halosync.domain.run_order import RunMode, RunOrder
from halosync.domain.settings_sentences import describe_changes
from halosync.ports.partners import SettingsChangedError

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere, notify
from report_api.ports import PortsHere
from report_api.runs import sentences
from report_api.runs.pages.sync import started
from report_api.runs.review import SETTINGS, ReviewSortsHere, shown_review
from report_api.runs.service import find_run, show_run
from report_api.runs.sync_panel import sync_panel
from report_api.settings.service import stored_settings
from report_api.web.addresses import partner_url, see_other
from report_api.web.problem_sentences import NOT_FILLED_IN
from report_api.web.problems import Problem
from report_api.web.rendering import Values, page

router: APIRouter = partner_pages(changes=Role.ADMIN)  # a choice is a setting; approving is a Sync


@router.get("/runs/{run_id}/review")
async def show(
    *, request: Request, visitor: VisitorHere, ports: PortsHere, run_id: str, sorts: ReviewSortsHere
) -> Response:
    """Show what a Sync holds for the first review, what a person can mean by it, and the form that approves it."""
    sync = await sync_panel(ports, visitor, "month")
    view = await find_run(ports, visitor.partner_id, run_id)
    run = await show_run(ports, view)
    if run.mode == "preview":
        return see_other(visitor.partner_id, "runs", str(run.run_id), "preview")
    path = partner_url(visitor.partner_id, "runs", str(run.run_id), "review")
    values: Values = {
        "run": run,
        "view": view,
        "sync": sync,
        "sentences": sentences,
        "review": await shown_review(ports, run, view.removal, path, sorts),
        "change": await ports.runs.changed_since(visitor.partner_id, run.run_id),
    }
    return page(request, "runs/review_page.html", tab="month", **values)


@router.post("/runs/{run_id}/review")
async def choose(request: Request, visitor: VisitorHere, ports: PortsHere, run_id: str) -> Response:
    """Set what the person means, and preview what a Sync does then: nothing is approved unseen."""
    await find_run(ports, visitor.partner_id, run_id)
    form = await request.form()
    try:
        name, value = SETTINGS[ReviewChoice(str(form.get("choice")))]
    except ValueError:
        raise Problem(422, "validation_failed", NOT_FILLED_IN) from None
    stored = await stored_settings(ports, visitor.partner_id)
    wanted = stored.model_copy(update={name: value})
    try:
        changes = await ports.partners.save_settings(visitor.partner_id, wanted, by=visitor.actor, seen=stored)
    except SettingsChangedError:
        await notify(request, "Somebody changed the settings at the same moment. Look again, then choose.", "bad")
        return see_other(visitor.partner_id, "runs", run_id, "review")
    if changes:
        await notify(request, f"Saved: {describe_changes(changes)}. This is what a Sync does now.")
    run = ports.runs.request(visitor.partner_id, RunOrder(RunMode.PREVIEW), by=visitor.actor)
    return await started(request, visitor, run, RunMode.PREVIEW, "report")
