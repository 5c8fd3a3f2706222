"""Starting, watching, cancelling and repeating runs from the portal (spec sections 2.3 to 2.7)."""

from collections.abc import Awaitable
from typing import Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from halosync.domain.roles import Role
from halosync.domain.run_order import RunMode, RunOrder, Seen, SeenChange
from halosync.ports.run_start import SeenChangedError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.datastructures import FormData

from report_api.access.needed_role import needs
from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere, notify
from report_api.ports import Ports, PortsHere
from report_api.runs import sentences
from report_api.runs.service import NO_RUN, find_run, no_run_as_problem, run_uuid, show_run
from report_api.runs.sync_panel import ReturnTo
from report_api.runs.watch import sync_events
from report_api.web.addresses import see_other
from report_api.web.problem_sentences import NOT_FILLED_IN
from report_api.web.problems import Problem, not_found
from report_api.web.rendering import page
from report_api.web.visitor import Visitor

router: APIRouter = partner_pages(changes=Role.BILLER)


class SyncForm(BaseModel):
    """What the forms of the panel and of the preview ask for.

    Attributes:
        invoice: the invoice that the person has seen; a newer one is not synchronised unseen.
        revision: its revision.
        counting: the keys of all invoices that the page said count together, separated by commas.
        allow_older: the person wants it although a later month was synchronised.
        approve_removals: how many removals the person has looked at.
        approve_review: how many changes of the first review the person has looked at.
        looked: the person says so.
        seen_in: the run whose page showed them.
        undoes: the run that an undo is about; its preview was `seen_in`.
    """

    model_config = ConfigDict(extra="ignore")

    mode: RunMode = RunMode.APPLY
    invoice: str = Field(max_length=200)
    revision: int
    approve_removals: int | None = Field(default=None, ge=0, le=2_000_000_000)
    approve_review: int | None = Field(default=None, ge=0, le=2_000_000_000)
    looked: bool = False
    seen_in: UUID | None = None
    accept_shrunk_read: bool = False
    back: ReturnTo = "report"
    counting: str = Field(default="", pattern=r"^[0-9]{1,18}(,[0-9]{1,18}){0,99}$|^$")
    allow_older: bool = False
    undoes: UUID | None = None

    @model_validator(mode="after")
    def _undo_was_previewed(self) -> Self:
        if self.mode.undoes != (self.undoes is not None) or (self.mode.undoes and self.seen_in is None):
            raise ValueError("an undo names its run and the preview that was seen")
        return self

    @property
    def order(self) -> RunOrder:
        """What to start."""
        counting = frozenset(int(key) for key in self.counting.split(",") if key)
        seen = Seen(self.invoice, self.revision, self.seen_in, counting)
        return RunOrder(
            self.mode,
            None,
            self.approve_removals,
            self.accept_shrunk_read,
            seen,
            allow_older=self.allow_older,
            approve_review=self.approve_review,
            undoes=self.undoes,
        )

    @property
    def approved(self) -> int | None:
        """How much the person has looked at and approves; None: nothing was asked."""
        numbers = [number for number in (self.approve_removals, self.approve_review) if number is not None]
        return sum(numbers) if numbers else None

    @property
    def looked_at(self) -> str:
        """The page on which the person looks at what is approved."""
        if self.undoes is not None:
            return "preview"
        return "removals" if self.approve_review is None else "review"


@router.post("/sync")
async def start(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Start a Sync or a preview of the newest invoice."""
    form = _form(await request.form())
    if form.approved is not None and form.seen_in is None:
        raise Problem(422, "validation_failed", NOT_FILLED_IN)
    if form.approved and not form.looked:
        what = "changes" if form.looked_at == "review" else "removals"
        await notify(request, f"Nothing was started. Tick the box that says that you have looked at the {what}.", "bad")
        return see_other(visitor.partner_id, "runs", str(form.seen_in), form.looked_at)
    run = ports.runs.request(visitor.partner_id, form.order, by=visitor.actor)
    try:
        return await started(request, visitor, run, form.mode, form.back)
    except SeenChangedError as error:
        return await _look_again(request, visitor, ports, form, error.change)


@router.post("/runs/{run_id}/retry")
async def retry(request: Request, visitor: VisitorHere, ports: PortsHere, run_id: str) -> Response:
    """Start a run that does what this one left."""
    run = ports.retries.retry(run_uuid(run_id), partner_id=visitor.partner_id, by=visitor.actor)
    return await started(request, visitor, run, RunMode.APPLY, "report")


@router.post("/runs/{run_id}/undo")
async def preview_undo(request: Request, visitor: VisitorHere, ports: PortsHere, run_id: str) -> Response:
    """Preview what undoing a run would do: nothing is undone unseen."""
    view = await find_run(ports, visitor.partner_id, run_id)
    order = RunOrder(RunMode.UNDO_PREVIEW, undoes=view.run_id)
    run = ports.runs.request(visitor.partner_id, order, by=visitor.actor)
    return await started(request, visitor, run, order.mode, "run")


@router.get("/runs/{run_id}/cancel")
@needs(Role.BILLER)
async def ask_cancel(request: Request, visitor: VisitorHere, ports: PortsHere, run_id: str) -> Response:
    """Ask before a run is cancelled."""
    view = await find_run(ports, visitor.partner_id, run_id)
    return page(request, "runs/cancel_run.html", tab="month", run=await show_run(ports, view))


@router.post("/runs/{run_id}/cancel")
async def cancel(request: Request, visitor: VisitorHere, ports: PortsHere, run_id: str) -> Response:
    """Cancel a run: what is not yet sent is not sent."""
    with no_run_as_problem():
        cancelled = await ports.runs.cancel(visitor.partner_id, run_uuid(run_id), by=visitor.actor)
    if cancelled:
        await notify(request, "Cancelled. Nothing more is sent. What was already sent is finished.", "info")
    else:
        await notify(request, "The run had already ended, so there was nothing to cancel.", "info")
    return see_other(visitor.partner_id, "month")


@router.get("/sync/events")
async def events(visitor: VisitorHere, ports: PortsHere, seen: str = "") -> StreamingResponse:
    """Tell a page that is open what changes; see `sync_events`."""
    headers = {"X-Accel-Buffering": "no"}  # proxies that know it do not hold events back
    return StreamingResponse(sync_events(ports, visitor, seen), media_type="text/event-stream", headers=headers)


async def started(request: Request, visitor: Visitor, run: Awaitable[UUID], mode: RunMode, back: ReturnTo) -> Response:
    """Start a run and lead to where it can be watched; or say why there is none, which is no error of the person's."""
    try:
        with no_run_as_problem():
            run_id = await run
    except Problem as problem:
        if problem.status_code == 404:
            raise
        await notify(request, problem.detail, "info" if problem.code == "run_in_progress" else "bad")
        return see_other(visitor.partner_id, "month" if back == "month" else "report")
    if not mode.writes:
        return see_other(visitor.partner_id, "runs", str(run_id), "preview")
    if back == "run":
        return see_other(visitor.partner_id, "runs", str(run_id))
    return see_other(visitor.partner_id, back)


async def _look_again(request: Request, visitor: Visitor, ports: Ports, form: SyncForm, change: SeenChange) -> Response:
    """Say what is not as the person saw it, and lead to where it can be seen as it is now."""
    if change is SeenChange.RUN:
        raise not_found(NO_RUN)
    if change is SeenChange.INVOICE:
        newest = await ports.invoice_views.newest(visitor.partner_id)
        name = f", {newest.invoice.invoice_id} (revision {newest.invoice.revision})," if newest else ""
        text = (
            f"Nothing was started: a newer invoice{name} has come since you opened the page. "
            "It is shown now; look at it, then press Sync again."
        )
        await notify(request, text, "info")
        return see_other(visitor.partner_id, "report")
    await notify(
        request, f"Nothing was started. {sentences.SEEN_CHANGES[change]} Look again before you approve.", "bad"
    )
    return see_other(visitor.partner_id, "runs", str(form.seen_in), form.looked_at)


def _form(form: FormData) -> SyncForm:
    """Return what a form asks for.

    Raises:
        Problem: 422, it is none of ours.
    """
    try:
        return SyncForm.model_validate({name: value for name, value in form.items() if value != ""})
    except ValidationError:
        raise Problem(422, "validation_failed", NOT_FILLED_IN) from None
