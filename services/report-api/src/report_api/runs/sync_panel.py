"""The panel with Preview and Sync: what goes on now, what came of the last run, and what can be done next.

Pages that show it include `sync_panel.html` with `sync` set to a `SyncPanel`, and load `sync.css` and `live.js`. When
something has changed, `live.js` loads the page again behind the scenes and replaces every element that has `data-live`
and an id: the panel, and what else a page marks so (counters, lines).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from halosync.domain.connection_sentences import NOT_CONNECTED
from halosync.domain.model import Outcome, Reason
from halosync.domain.remedy import Remedy, remedy_of
from halosync.domain.run_sentences import WHY_NO_RUN, NoRun
from halosync.domain.states import RunState
from halosync.ports.invoice_views import LoadedInvoice
from halosync.ports.months import NewestMonth
from halosync.ports.run_views import RunView

from report_api.ports import Ports
from report_api.runs import sentences
from report_api.runs.models import Run
from report_api.runs.progress import Progress
from report_api.runs.sentences import RemedyLink
from report_api.runs.service import show_run_alone
from report_api.web.visitor import Visitor

ReturnTo = Literal["report", "run", "month"]
"""Where a person is led who has started something: to the report, or to the page of the new run."""

_CALLED = {"apply": "Sync", "preview": "preview", "undo": "undo", "undo_preview": "preview of an undo"}
"""What people call a run of a mode."""

_QUESTIONS: Mapping[NoRun, str] = {
    NoRun.OLDER_PERIOD: "Preview and Sync of the older month have buttons of their own above.",
    NoRun.SEVERAL_INVOICES: "Preview and Sync can be used when that is answered.",
    NoRun.SEVERAL_CURRENCIES: WHY_NO_RUN[NoRun.SEVERAL_CURRENCIES],
}
"""What stands below the buttons while the panel asks a question."""
_RECONNECT = "Preview and Sync can be used when Halo is connected again."
"""Why it is not, the notice on top of every page says."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why `count` items failed, in words."""

    label: str
    count: int


@dataclass(frozen=True, slots=True)
class SyncPanel:
    """What the panel shows.

    Attributes:
        run: the partner's newest run, also a preview, without its money; None before the first.
        view: the same run with what was asked of it.
        month: the month of the newest invoice, which a run would be for; None before the first.
        connection: the state of the connection to Halo.
        back: where to go after something was started.
        to_review: how many changes of the newest run wait for the first review.
        edited: how many would overwrite what somebody has edited in Halo, and wait.
        failed_reasons: why items of the newest run failed, and how many; the most frequent reason first.
    """

    run: Run | None
    view: RunView | None
    month: NewestMonth | None
    connection: str
    back: ReturnTo
    to_review: int = 0
    edited: int = 0
    failed_reasons: Mapping[str | None, int] = field(default_factory=dict)

    @property
    def invoice(self) -> LoadedInvoice | None:
        """The newest invoice; None before the first."""
        return None if self.month is None else self.month.newest

    @property
    def version(self) -> str:
        """What the page shows, for the question whether that is still so; see `version_of`."""
        return "" if self.run is None else version_of(self.run.run_id, self.run.state)

    @property
    def active(self) -> bool:
        """Tell whether a run goes on, so that no other can be started by anybody."""
        return self.run is not None and not self.run.state.is_final

    @property
    def ended(self) -> Run | None:
        """The newest run, if it has ended and was for the invoice that is the newest now."""
        if self.run is None or self.view is None or self.active or self.invoice is None:
            return None
        return self.run if self.view.invoice_pk == self.invoice.invoice_pk else None

    def shows(self, run: Run) -> bool:
        """Tell whether the panel is about this run: it goes on, or was the newest of the newest invoice."""
        return self.run is not None and self.run.run_id == run.run_id and (self.active or self.ended is not None)

    @property
    def requester(self) -> str:
        """Who asked for the newest run."""
        return "" if self.run is None else sentences.requester(self.run.requested_by)

    @property
    def result(self) -> str:
        """How the newest run ended, in a sentence."""
        if self.ended is None:
            return ""
        what = _CALLED[self.ended.mode]
        match self.ended.state:
            case RunState.FAILED:
                return f"The last {what} failed. {sentences.error_label(self.ended.error_code)}."
            case RunState.CANCELLED:
                return f"The last {what} was cancelled."
            case RunState.PREVIEWED:
                return f"A {what} of this invoice is ready." if what == "preview" else f"A {what} is ready."
            case RunState.PARTIAL:
                return f"The last {what} finished. Some items failed or wait for you."
            case _:
                return f"The last {what} succeeded."

    @property
    def remedy(self) -> RemedyLink | None:
        """Where the reason of a failed run is put right; None if there is no such page."""
        return None if self.ended is None else sentences.REMEDY_LINKS.get(self.ended.error_code or "")

    @property
    def passes(self) -> bool:
        """Tell whether trying a failed run again can help."""
        return self.ended is not None and (self.ended.error_code or "") in sentences.PASSING

    @property
    def failures(self) -> Sequence[Failure]:
        """Why items of the newest run failed."""
        return [
            Failure(sentences.reason_label(reason) or "Unknown", count) for reason, count in self.failed_reasons.items()
        ]

    @property
    def failures_pass(self) -> bool:
        """Tell whether trying again can help with any of them."""
        return any(remedy_of(reason) is Remedy.RETRY for reason in self.failed_reasons)

    @property
    def approved(self) -> int | None:
        """How many removals were approved for the newest run; None: none were asked about."""
        return None if self.view is None else self.view.approve_removals

    @property
    def progress(self) -> Progress:
        """How far the run is that goes on; for an active panel only."""
        if self.run is None or self.view is None:
            raise ValueError("no run goes on")
        return Progress(self.run, cancelling=self.view.cancel_requested_at is not None)

    @property
    def is_asked(self) -> bool:
        """Tell whether the obstacle is a question that the panel asks, with its answers as buttons."""
        asked = (NoRun.SEVERAL_INVOICES, NoRun.OLDER_PERIOD)
        return not self.active and self.obstacle in [_QUESTIONS[each] for each in asked]

    @property
    def is_undecided(self) -> bool:
        """Tell whether nobody has said yet, as it can be, which invoices of the newest month count."""
        unsaid = (NoRun.SEVERAL_INVOICES, NoRun.SEVERAL_CURRENCIES)
        return self.month is not None and self.month.why_not in unsaid

    @property
    def obstacle(self) -> str | None:
        """Why nothing can be started although no run goes on; None if it can."""
        if self.invoice is None:
            return "There is no invoice yet. It appears here as soon as the distributor sends it."
        if not self.invoice.line_count:
            return WHY_NO_RUN[NoRun.INVOICE_EMPTY]
        if self.connection == "broken":
            return _RECONNECT
        if self.connection != "connected":
            return NOT_CONNECTED
        if self.month is not None and self.month.why_not is not None:
            return _QUESTIONS[self.month.why_not]
        return None


async def sync_panel(ports: Ports, visitor: Visitor, back: ReturnTo = "report") -> SyncPanel:
    """Return what the panel shows of the visitor's partner now.

    A page asks for it before all else that it shows. The panel watches for what is newer than itself; of what had
    changed between an older rest and a newer panel the page would never hear.
    """
    view = await ports.run_views.newest(visitor.partner_id)
    unfinished: Mapping[Outcome, Mapping[str | None, int]] = {}
    if view is not None and (view.counters.failed or view.counters.held):
        unfinished = await ports.item_views.unfinished(view.run_id)
    month = await ports.month_choices.newest(visitor.partner_id)
    held = unfinished.get(Outcome.HELD, {})
    return SyncPanel(
        run=None if view is None else await show_run_alone(ports, view),
        view=view,
        month=month,
        connection=visitor.partner.connection,
        back=back,
        to_review=held.get(Reason.FIRST_REVIEW, 0),
        edited=held.get(Reason.EDITED_IN_HALO, 0),
        failed_reasons=unfinished.get(Outcome.FAILED, {}),
    )


def version_of(run_id: UUID, state: RunState) -> str:
    """Return what stands for a run's state as far as the page as a whole depends on it: goes on, or how it ended.

    Writing counts too: then there is a plan, and with it counters and statuses to show.
    """
    return f"{run_id}.{state.value if state.is_final or state is RunState.WRITING else 'active'}"
