"""What a run holds, to be released change by change (spec section 11, "Approving in parts")."""

from fastapi import APIRouter, Request, Response
from halosync.domain.model import Action, Outcome
from halosync.domain.roles import Role
from halosync.domain.run_order import Approval, RunMode, RunOrder, Seen
from halosync.ports.item_views import ItemFilter
from halosync.ports.run_start import SeenChangedError

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere, notify
from report_api.ports import PortsHere
from report_api.runs import sentences
from report_api.runs.item_groups import ItemRowsHere, by_customer, item_order_of
from report_api.runs.models import Item
from report_api.runs.pages.sync import started
from report_api.runs.service import find_run, items_page, show_run
from report_api.runs.sync_panel import sync_panel
from report_api.runs.views import shown_item
from report_api.web.addresses import partner_url, see_other
from report_api.web.forms import list_query_of
from report_api.web.rendering import Values, page

router: APIRouter = partner_pages(changes=Role.BILLER)


@router.get("/runs/{run_id}/held")
async def show(
    *, request: Request, visitor: VisitorHere, ports: PortsHere, run_id: str, asked: ItemRowsHere
) -> Response:
    """Show a page of the held items of a run, each with a tick."""
    sync = await sync_panel(ports, visitor, "month")
    view = await find_run(ports, visitor.partner_id, run_id)
    run = await show_run(ports, view)
    path = partner_url(visitor.partner_id, "runs", str(run.run_id), "held")
    listing = asked.listing(path, {}, run.counters.held)
    items = await items_page(ports, run.run_id, ItemFilter(Outcome.HELD), item_order_of(asked.sort), listing)
    removed = [
        item.halo_licence_id for item in items if item.action is Action.DELETE and item.halo_licence_id is not None
    ]
    known = await ports.halo_licences.of_ids(visitor.partner_id, removed)
    values: Values = {
        "run": run,
        "view": view,
        "sync": sync,
        "sentences": sentences,
        "listing": listing,
        "sort": asked.sort,
        "groups": by_customer([shown_item(Item.model_validate(item), run) for item in items]),
        "kept": frozenset(number for number, licence in known.items() if licence.keep),
        "change": await ports.runs.changed_since(visitor.partner_id, run.run_id),
    }
    return page(request, "runs/held.html", tab="month", **values)


@router.post("/runs/{run_id}/held")
async def approve(request: Request, visitor: VisitorHere, ports: PortsHere, run_id: str) -> Response:
    """Start a run that carries out the ticked changes, if they still are the same; all others stay held."""
    view = await find_run(ports, visitor.partner_id, run_id)
    form = await request.form()
    # `elsewhere` are the ticks of other pages of the list, which the page's script remembers.
    elsewhere = [value for text in form.getlist("elsewhere") for value in str(text).split(",") if value]
    ticked = [*(str(value) for value in form.getlist("item")), *elsewhere]
    numbers = frozenset(int(value) for value in ticked if value.isascii() and value.isdigit() and len(value) < 19)
    if not numbers or len(numbers) != len(set(ticked)):
        await notify(request, "Nothing was started. Tick the changes that are right, then approve them.", "bad")
        return see_other(visitor.partner_id, "runs", str(view.run_id), "held", **list_query_of(form))
    mode = RunMode.UNDO if view.mode.undoes else RunMode.APPLY
    # A Sync is of the invoice that was seen: a newer one that nobody has looked at must not ride along.
    seen = None if mode is RunMode.UNDO else Seen(view.invoice_id, view.revision, view.run_id)
    order = RunOrder(mode, seen=seen, undoes=view.undoes, approve=Approval(view.run_id, numbers))
    run = ports.runs.request(visitor.partner_id, order, by=visitor.actor)
    try:
        return await started(request, visitor, run, mode, "run")
    except SeenChangedError as error:
        text = f"Nothing was started. {sentences.SEEN_CHANGES[error.change]} Look at the newest Sync first."
        await notify(request, text, "bad")
        return see_other(visitor.partner_id, "report")
