"""Worlds in which invoices are odd, rows are nobody's, and removals are refused: what is not seen to would be found."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Context
from typing import Any

import pytest
from halosync.contracts import checked_line, values
from halosync.contracts.invoice_checks import LineChecker
from halosync.domain import client_plan
from halosync.domain.invoice_choice import MonthOfCandidates, choose_invoices
from halosync.domain.model import Removal, SeenLicence
from halosync.domain.products import Demand, Fault, Product, demand_of
from halosync.domain.run_sentences import NoRun
from halosync.domain.tenant import HaloHosts
from halosync.halo import rows
from halosync.ports.batch_work import HaloAnswer
from halosync.ports.failures import UnreadableRowError
from simulation import invoices
from simulation.fault_rates import NONE
from simulation.guards import ALL
from simulation.scenario import Scenario
from simulation.story import ODDITIES, Chapter
from simulation.world import WorldResult, simulate


def world(scenario: Scenario, **more: Any) -> WorldResult:
    return simulate(1, rates=NONE, scenario=scenario, **more)


@pytest.mark.parametrize("removal", list(Removal))
def test_what_is_to_be_removed_is_removed_as_the_partner_wants_it(removal: Removal) -> None:
    ended = world(Scenario(removal=removal))
    assert (ended.broken, ended.failed, ended.states) == ((), (), ("succeeded",))


IGNORED = Scenario(removal=Removal.DEACTIVATE, keeps="no_activity")


def test_a_deactivation_that_halo_ignores_is_not_kept_and_is_not_asked_for_again() -> None:
    ended = world(IGNORED)
    assert ended.broken == ()
    assert {reason for _, reason in ended.failed} == {"not_kept"}
    assert world(IGNORED, guards=ALL.without("verified")).broken


UNDELETABLE = Scenario(undeletable=True)


@pytest.mark.parametrize("as_200", [False, True])
def test_a_delete_that_halo_refuses_for_ever_fails_alone_with_its_words(*, as_200: bool) -> None:
    ended = world(replace(UNDELETABLE, as_200=as_200))
    assert ended.broken == ()
    assert set(ended.failed) == {("STALE-0", "halo_rejected")}


NOBODYS = Scenario(nobodys=2, odd_rows=True, stale=0)


def test_a_licence_of_nobody_and_a_client_without_a_name_stop_no_sync() -> None:
    ended = world(NOBODYS)
    assert (ended.broken, ended.failed) == ((), ())


BELOW_ZERO = Scenario(below_zero=True)


def test_a_product_at_a_negative_price_fails_alone() -> None:
    ended = world(BELOW_ZERO)
    assert ended.broken == ()
    assert set(ended.failed) == {("BELOW-ZERO", "negative_price")}


@pytest.mark.parametrize("chapter", ODDITIES)
def test_an_odd_revision_is_refused_or_right(chapter: Chapter) -> None:
    assert world(Scenario(chapters=(chapter, Chapter.SECOND, chapter) * 2)).broken == ()


TWO_CURRENCIES = Scenario(chapters=(Chapter.SECOND, Chapter.OTHER_CURRENCY, Chapter.SYNC) * 2)


def is_found_out(words: str, scenario: Scenario) -> bool:
    """Tell whether one of a few worlds says so; the first that does is enough."""
    worlds = (simulate(seed, rates=NONE, scenario=scenario) for seed in range(8))
    return any(words in sentence for each in worlds for sentence in each.broken)


def test_a_planner_that_takes_negative_prices_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def gullible(product: Product, words: Mapping[str, str]) -> Demand | Fault:
        first = product.recurring[0]
        found = demand_of(product, words)
        return found if isinstance(found, Demand) else Demand(first.quantity, first.unit_price, first.billing_cycle)

    monkeypatch.setattr(client_plan, "demand_of", gullible)
    assert is_found_out("BELOW-ZERO", BELOW_ZERO)


def test_a_reader_that_needs_the_client_of_every_licence_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    read = rows.licence

    def strict(row: Any, *arguments: Any) -> SeenLicence:
        if "client_id" not in row:
            raise UnreadableRowError("'client_id'")
        return read(row, *arguments)

    monkeypatch.setattr(rows, "licence", strict)
    assert is_found_out("liveness", NOBODYS)


def test_a_refused_delete_that_is_called_unavailable_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HaloAnswer, "from_gateway", True)
    assert is_found_out("liveness", UNDELETABLE)


def test_quantities_in_any_digits_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "_NUMBER", re.compile(r"[-+.\w]+"))
    assert is_found_out("must be a number in the digits 0 to 9", Scenario(chapters=(Chapter.OTHER_DIGITS,)))


def test_totals_that_are_rounded_otherwise_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checked_line, "_EXACT", Context(prec=120, rounding=ROUND_HALF_EVEN))
    assert is_found_out("is rounded half up to cents", Scenario(chapters=(Chapter.HALF_EVEN,)))


def test_another_content_under_an_event_id_that_is_passed_over_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LineChecker, "content", b"the same")
    assert is_found_out("came under this event_id before", Scenario(chapters=(Chapter.REUSED_EVENT,)))


def test_invoices_of_two_currencies_in_one_run_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def blind(month: MonthOfCandidates, *, allow_older: bool) -> Sequence[int] | NoRun:
        alike = [replace(invoice, currency="") for invoice in month.invoices]
        return choose_invoices(replace(month, invoices=alike), allow_older=allow_older)

    monkeypatch.setattr(invoices, "choose_invoices", blind)
    assert is_found_out("several currencies", TWO_CURRENCIES)


def test_a_halo_at_a_domain_of_the_partners_own_is_asked_there(monkeypatch: pytest.MonkeyPatch) -> None:
    at_its_own = Scenario(own_domain=True)
    ended = world(at_its_own)
    assert (ended.broken, ended.failed, ended.states) == ((), (), ("succeeded",))
    monkeypatch.setattr(HaloHosts, "url", lambda _hosts, tenant: f"https://{tenant.partition('.')[0]}.halo.example")
    assert world(Scenario()).states == ("succeeded",)
    assert world(at_its_own).states != ("succeeded",)
