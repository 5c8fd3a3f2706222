"""The lines of the report page as the reader sees them: amounts, states in words, and the button that helps."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import urlencode

from halosync.domain.model import Outcome
from halosync.domain.remedy import Remedy, needs_attention, remedy_of
from halosync.ports.invoice_report import CustomerLines, ReportedInvoice

from report_api.invoices.models import Line
from report_api.runs import sentences
from report_api.runs.said_reasons import SharedReason, SharedReasons, Told, shared_reasons
from report_api.runs.sentences import Meaning
from report_api.web.addresses import partner_url

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class RemedyButton:
    """The button of a remedy: a link, or with `posts` a form, because it begins a run."""

    label: str
    url: str
    posts: bool = False

    @property
    def for_all(self) -> str:
        """The address of its page without what narrows that to one line."""
        return self.url.partition("?")[0]


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line. `note` is what was done, or in a few words why not; `remedy` is None where nothing can be done here.

    `total` is rounded to cents, as the invoice's total takes it.
    """

    line: Line
    total: Decimal
    meaning: Meaning
    note: str | None
    remedy: RemedyButton | None

    def own(self, shared: SharedReasons["ShownLine"]) -> str:
        """Return the sentences of its reason that do not stand above all customers."""
        return shared.own(self.note or "", self.line.detail or "")


@dataclass(frozen=True, slots=True)
class ShownCustomer:
    """A customer with those of its lines that are on the page."""

    customer: CustomerLines
    lines: Sequence[ShownLine]

    def said_once(self, shared: SharedReasons[ShownLine]) -> SharedReason[ShownLine] | None:
        """Return what stands at the customer, because several of its lines have it; None: each line has its own.

        `shared` stands above all customers already.
        """
        told = [(shown.note or "", own, shown) for shown in self.lines if (own := shown.own(shared))]
        ((name, own), many), *_ = Counter(each[:2] for each in told).most_common(1) or [(("", ""), 0)]
        return next(SharedReason(*each) for each in told if each[:2] == (name, own)) if many > 1 else None


def shared_of(customers: Sequence[ShownCustomer]) -> SharedReasons[ShownLine]:
    """Return the reasons that several customers of a page have, which stand above them."""
    return shared_reasons(
        Told(shown, each.customer.customer_id, shown.note, shown.line.detail)
        for each in customers
        for shown in each.lines
        if shown.note and shown.line.detail
    )


@dataclass(frozen=True, slots=True)
class PossibleRemedies:
    """What somebody who looks at the report can do about a line now.

    Attributes:
        partner_id: whose report it is.
        connection: the state of the connection to Halo; without one nothing can be linked.
        idle: no run goes on.
    """

    partner_id: str
    connection: str
    idle: bool

    def remedy(self, line: Line, of: ReportedInvoice) -> RemedyButton | None:
        """Return the button of the line's remedy; None where there is none, or not now."""
        wanted = remedy_of(line.reason)
        if wanted in sentences.REMEDY_PAGES:
            return self._page(line, wanted)
        if (
            wanted in {Remedy.NONE, Remedy.CORRECT, Remedy.SYNC}
            or of.run is None
            or not (of.is_newest and self.idle and self.connection == "connected")
        ):
            return None
        run = (self.partner_id, "runs", str(of.run.run_id))
        if wanted in sentences.HELD_PAGES:
            held = sentences.HELD_PAGES[wanted]
            return RemedyButton(held.button, partner_url(*run, held.tab))
        return RemedyButton("Try again", partner_url(*run, "retry"), posts=True)

    def _page(self, line: Line, wanted: Remedy) -> RemedyButton | None:
        button = sentences.REMEDY_PAGES[wanted]
        url = partner_url(self.partner_id, button.tab)
        if wanted is Remedy.RECONNECT:
            return RemedyButton(button.button, url)
        if self.connection == "disconnected":
            return None  # the tabs to link on are not there
        word = line.product_code if wanted is Remedy.LINK_LICENCE else line.customer_name
        return RemedyButton(button.button, f"{url}?{urlencode({'q': word})}")


def shown_customers(
    customers: Sequence[CustomerLines], of: ReportedInvoice, possible: PossibleRemedies
) -> Sequence[ShownCustomer]:
    """Return the customers of a page with their lines."""
    return [
        ShownCustomer(customer, [_shown(Line.model_validate(line), of, possible) for line in customer.lines])
        for customer in customers
    ]


def _shown(line: Line, of: ReportedInvoice, possible: PossibleRemedies) -> ShownLine:
    synced = line.outcome is Outcome.SYNCED and line.action is not None
    return ShownLine(
        line=line,
        total=(line.quantity * line.unit_price).quantize(CENT, ROUND_HALF_UP),
        meaning=_meaning(line),
        note=sentences.DONE[line.action] if synced and line.action else sentences.reason_label(line.reason),
        remedy=possible.remedy(line, of),
    )


def _meaning(line: Line) -> Meaning:
    if line.outcome is None:
        return sentences.NOT_YET
    meaning = sentences.OUTCOMES[line.outcome]
    if line.outcome is Outcome.SKIPPED and needs_attention(line.outcome, line.reason):
        return replace(meaning, tone="warn")
    return meaning
