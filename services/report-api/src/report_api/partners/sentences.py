"""How a partner stands, in a few words for the list of partners."""

from halosync.domain.states import RunState
from halosync.ports.readiness import PartnerReadiness

from report_api.runs.sentences import STATES, Meaning
from report_api.web.formats import number, plural

_WORST_FIRST = ("bad", "warn", "none", "good")


def standing(partner: PartnerReadiness) -> Meaning:
    """Return the most important thing that somebody has to do about a partner."""
    failed, held, unmatched = partner.open_failed, partner.open_held, partner.unmatched_customers
    told = ([f"{number(failed)} failed"] if failed else []) + ([f"{number(held)} held"] if held else [])
    every = [
        (partner.connection == "broken", Meaning("Connection broken", "bad", partner.problem or "")),
        (partner.connection == "disconnected", Meaning("Not connected", "warn" if partner.invoice_id else "none", "")),
        (not partner.review_done, Meaning("Waits for the first review", "warn", "")),
        (partner.is_closed, Meaning("Month closed", "good", "")),
        (partner.run_state == RunState.FAILED, Meaning("Last Sync failed", "bad", "")),
        (bool(told), Meaning(", ".join(told), "bad" if failed else "warn", "")),
        (
            bool(unmatched) and not partner.waits_for_nobody,
            Meaning(f"{plural(unmatched, 'customer')} without client", "warn", ""),
        ),
        (partner.is_undone, Meaning("Sync undone", "warn", "")),
        (bool(partner.not_synchronised), Meaning("Not synchronised", "warn", "")),
        (partner.run_id is None, Meaning("No Sync yet", "none", "")),
    ]
    return next((meaning for holds, meaning in every if holds), Meaning("All done", "good", ""))


def state_order(partner: PartnerReadiness) -> tuple[int, str]:
    """Return what the states of partners are sorted by: the worst first."""
    found = standing(partner)
    return _WORST_FIRST.index(found.tone), found.label


def last_run(partner: PartnerReadiness) -> Meaning | None:
    """Return the state of the newest Sync; None: there was none."""
    return None if partner.run_state is None else STATES[RunState(partner.run_state)]
