"""Why a licence, or a line of an invoice, is as it is: run by run, for people (spec section 11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request, Response
from halosync.domain.model import Action, Outcome
from halosync.domain.run_order import RunMode
from halosync.ports.histories import Step

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere
from report_api.history.licence_models import HistoryStep
from report_api.history.sentences import NO_LICENCE, NO_LINE
from report_api.links.customers import read_client_id
from report_api.links.pages.kept import LicenceId
from report_api.ports import PortsHere
from report_api.runs import sentences
from report_api.runs.sentences import Meaning
from report_api.runs.views import FieldChange, field_changes
from report_api.web.addresses import partner_url
from report_api.web.fields import QueryText
from report_api.web.paging import NumberedPage, PageNumber
from report_api.web.problems import not_found
from report_api.web.rendering import Values, page

router = partner_pages()

STEPS_A_PAGE = 24
"""Two years of months."""

Asked = Annotated[QueryText, Query(max_length=500)]


@dataclass(frozen=True, slots=True)
class ShownStep:
    """What one run did, in words."""

    step: HistoryStep
    title: str
    outcome: Meaning
    reason: str | None
    changes: Sequence[FieldChange]


@router.get("/licence/{halo_licence_id}")
async def show_licence(
    request: Request, visitor: VisitorHere, ports: PortsHere, licence_id: LicenceId, number: PageNumber = 1
) -> Response:
    """Show a licence as it is now, and every run that changed it, the newest first."""
    partner_id, halo_licence_id = visitor.partner_id, read_client_id(licence_id)
    if halo_licence_id is None:
        raise not_found(NO_LICENCE)
    now = await ports.halo_licences.find(partner_id, halo_licence_id)
    steps = await ports.histories.of_licence(partner_id, halo_licence_id)
    if now is None and not steps:
        raise not_found(NO_LICENCE)
    here = partner_url(partner_id, "licence", str(halo_licence_id))
    tenant = visitor.partner.tenant
    known = [step for step in steps if step.customer_ids]
    return page(
        request,
        "history/licence.html",
        tab="licences",
        show_licence=False,
        halo_licence_id=halo_licence_id,
        now=now,
        brought_back=None if now and not now.removed_at else _brought_back(steps, halo_licence_id),
        name=now.name if now else next((step.licence_name for step in reversed(steps) if step.licence_name), "Licence"),
        customer=known[-1] if known else None,
        halo_url=ports.halo_hosts.client_page(tenant, now.halo_client_id) if now and tenant else None,
        **_steps(steps, here, number),
    )


@router.get("/line")
async def show_line(
    *,
    request: Request,
    visitor: VisitorHere,
    ports: PortsHere,
    invoice: Asked,
    line: Asked,
    number: PageNumber = 1,
) -> Response:
    """Show what became of a line of an invoice in every run, the newest first."""
    partner_id = visitor.partner_id
    steps = await ports.histories.of_line(partner_id, invoice, line)
    if steps is None:
        raise not_found(NO_LINE)
    licences = [step.halo_licence_id for step in steps if step.halo_licence_id is not None]
    here = partner_url(partner_id, "line")
    return page(
        request,
        "history/line.html",
        tab="report",
        show_licence=True,
        invoice_id=invoice,
        line_id=line,
        now=await ports.halo_licences.find(partner_id, licences[-1]) if licences else None,
        **_steps(steps, here, number, invoice=invoice, line=line),
    )


def _brought_back(steps: Sequence[Step], halo_licence_id: int) -> int | None:
    """Return the number under which an undo created a licence again last, if it is another one."""
    made = [each for each in steps if each.mode == RunMode.UNDO and each.action is Action.CREATE]
    done = [each.halo_licence_id for each in made if each.outcome is Outcome.SYNCED]
    return done[-1] if done and done[-1] != halo_licence_id else None


def _steps(steps: Sequence[Step], here: str, number: int, **kept: str) -> Values:
    listing = NumberedPage(here, kept, number, STEPS_A_PAGE, len(steps))
    newest_first = list(reversed(steps))[listing.skip : listing.skip + listing.size]
    return {
        "listing": listing,
        "steps": [_shown(HistoryStep.model_validate(step)) for step in newest_first],
        "sentences": sentences,
    }


def _title(step: HistoryStep) -> str:
    """Return what was done, or was to be done; the badge beside it says what became of it."""
    if step.action is Action.NONE:
        return "Nothing asked of Halo"
    return sentences.DONE[step.action] if step.outcome is Outcome.SYNCED else sentences.ACTIONS[step.action].label


def _shown(step: HistoryStep) -> ShownStep:
    return ShownStep(
        step=step,
        title=_title(step),
        outcome=sentences.OUTCOMES[step.outcome],
        reason=sentences.reason_label(step.reason),
        changes=field_changes(step.before, step.after),
    )
