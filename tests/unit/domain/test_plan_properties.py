"""What holds for every plan, whatever the invoice and Halo are."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from random import Random

from halosync.domain.batching import batches
from halosync.domain.matching import match_customers
from halosync.domain.model import Action, Client, Outcome, Reason
from halosync.domain.names import name_key
from halosync.domain.plan import DeleteGuard, PlanInput, PlanSettings
from halosync.domain.planning import make_plan
from halosync.domain.states import count
from hypothesis import example, given
from hypothesis import strategies as st

from .plan_items import REAL, acting, customers_of_client
from .worlds import licence, line, worlds


@given(worlds(guarded=True), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(inputs: PlanInput, order: Random) -> None:
    lines, clients, licences = list(inputs.lines), list(inputs.clients), list(inputs.licences)
    links, product_links = list(inputs.customer_links.items()), list(inputs.product_links.items())
    for rows in (lines, clients, licences, links, product_links):
        order.shuffle(rows)
    shuffled = replace(
        inputs,
        lines=lines,
        clients=clients,
        licences=licences,
        customer_links=dict(links),
        product_links=dict(product_links),
    )
    # `repr` tells 31.5 from 31.50, which are equal.
    assert repr(make_plan(shuffled)) == repr(make_plan(inputs))


@given(worlds())
def test_every_line_has_exactly_one_item(inputs: PlanInput) -> None:
    plan = make_plan(inputs)
    answered = Counter(number for item in plan.items for number in item.line_nos)
    assert answered == Counter(each.line_no for each in inputs.lines)


@given(worlds())
def test_no_licence_and_no_name_is_acted_on_twice(inputs: PlanInput) -> None:
    plan = make_plan(inputs)
    ids = Counter(item.halo_licence_id for item in acting(plan) if item.halo_licence_id is not None)
    assert all(times == 1 for times in ids.values())
    created = Counter((item.halo_client_id, name_key(item.set_name or "")) for item in acting(plan) if item.set_name)
    assert all(times == 1 for times in created.values())
    products = Counter(
        (item.halo_client_id or item.customer_ids, name_key(item.product_code))
        for item in plan.items
        if item.product_code
    )
    assert all(times == 1 for times in products.values())


@given(worlds())
def test_clients_that_no_customer_matched_are_never_touched(inputs: PlanInput) -> None:
    for item in make_plan(inputs).items:
        if item.halo_client_id is not None:
            customers = customers_of_client(inputs, item.halo_client_id)
            assert customers
            assert set(item.customer_ids) <= customers
            assert list(item.customer_ids) == sorted(item.customer_ids)


@given(worlds())
def test_every_customer_with_one_client_reaches_it(inputs: PlanInput) -> None:
    plan = make_plan(inputs)
    for client in inputs.clients:
        customers = customers_of_client(inputs, client.id)
        billed = {each.line_no for each in inputs.lines if each.customer_id in customers}
        here = {number for item in plan.items if item.halo_client_id == client.id for number in item.line_nos}
        assert here == billed


@given(worlds())
def test_what_is_excluded_is_never_touched(inputs: PlanInput) -> None:
    excluded = {customer_id for customer_id, link in inputs.customer_links.items() if link.excluded}
    protected = {
        link.halo_client_id
        for link in inputs.customer_links.values()
        if link.excluded and link.halo_client_id is not None
    }
    for each in inputs.lines:
        if each.customer_id in excluded and inputs.customer_links[each.customer_id].halo_client_id is None:
            key = name_key(each.customer_name)
            protected |= {client.id for client in inputs.clients if name_key(client.name) == key}
    for item in make_plan(inputs).items:
        if set(item.customer_ids) & excluded:
            assert (item.action, item.outcome, item.reason) == (
                Action.NONE,
                Outcome.SKIPPED,
                Reason.CUSTOMER_EXCLUDED,
            )
        assert item.product_code is not None or item.halo_client_id not in protected


@given(worlds())
def test_licences_of_ambiguous_failed_and_non_recurring_items_are_untouched(inputs: PlanInput) -> None:
    plan = make_plan(inputs)
    touched = {item.halo_licence_id for item in acting(plan)}
    codes = sorted(inputs.product_links, reverse=True)
    linked = {name_key(code): name_key(inputs.product_links[code]) for code in codes}
    for item in plan.items:
        if item.action is Action.NONE and item.halo_client_id is not None:
            code = name_key(item.product_code or "")
            key = linked.get(code, code)
            of_client = [row for row in inputs.licences if row.client_id == item.halo_client_id]
            own = {row.id for row in of_client if name_key(row.name) == key}
            rivals = [
                other
                for other in plan.items
                if other.halo_client_id == item.halo_client_id and other.halo_licence_id in own and other.action in REAL
            ]
            # A product without recurring lines claims nothing: another product may have the licence.
            assert not own & touched or (item.reason is Reason.NOT_RECURRING and rivals and rivals[0].product_code)


@given(worlds(guarded=True))
def test_held_means_that_nothing_is_removed(inputs: PlanInput) -> None:
    plan = make_plan(inputs)
    removals = [item for item in plan.items if item.action is Action.DELETE]
    assert plan.removals == len(removals)
    guard, approved = inputs.settings.delete_guard, inputs.approve_removals
    matched = set(match_customers(inputs.lines, inputs.clients, inputs.customer_links).client_of.values())
    assert plan.active == sum(row.is_active for row in inputs.licences if row.client_id in matched)
    over = guard is not None and len(removals) > guard.max_count and len(removals) > guard.max_fraction * plan.active
    expected = Outcome.HELD if over and (approved is None or len(removals) > approved) else Outcome.PENDING
    assert all(item.outcome is expected for item in removals)
    assert all(item.outcome is not Outcome.HELD for item in plan.items if item.action is not Action.DELETE)


@given(st.integers(1, 40), st.integers(0, 40), st.integers(0, 20), st.fractions(0, 1), st.integers(0, 45))
def test_the_guard_holds_beyond_both_thresholds_until_at_least_that_many_are_approved(
    stale: int, kept: int, max_count: int, fraction: Fraction, approved: int
) -> None:
    guard = DeleteGuard(max_count, Decimal(fraction.numerator) / fraction.denominator)
    inputs = PlanInput(
        lines=[line(n, product_code=f"KEPT-{n}") for n in range(1, kept + 1)] or [line(1, quantity=Decimal(0))],
        clients=[Client(7, "Contoso")],
        licences=[
            *(licence(n, name=f"KEPT-{n}") for n in range(1, kept + 1)),
            *(licence(100 + n, name=f"STALE-{n}") for n in range(stale)),
        ],
        settings=PlanSettings(delete_guard=guard),
    )
    held = stale > max_count and stale > guard.max_fraction * (stale + kept)
    assert count(make_plan(inputs).items).held == (stale if held else 0)
    released = count(make_plan(replace(inputs, approve_removals=approved)).items)
    assert released.held == (stale if held and approved < stale else 0)


@given(worlds(guarded=True))
def test_counters_add_up_and_outcomes_fit_actions(inputs: PlanInput) -> None:
    plan = make_plan(inputs)
    counters = count(plan.items)
    assert counters.total == len(plan.items)
    for item in plan.items:
        if item.action in REAL:
            assert item.outcome in (Outcome.PENDING, Outcome.HELD)
            assert (item.halo_licence_id is None) == (item.action is Action.CREATE) == (item.before is None)
        elif item.action is Action.UNCHANGED:
            assert item.outcome is Outcome.SYNCED
            assert item.before == item.after
        else:
            assert item.outcome in (Outcome.SKIPPED, Outcome.FAILED)
            assert item.reason is not None
            assert item.detail
            assert item.before == item.after


@given(worlds(guarded=True), st.integers(1, 4))
def test_every_pending_action_is_in_one_batch(inputs: PlanInput, size: int) -> None:
    plan = make_plan(inputs)
    travelling = [index for batch in batches(plan.items, size, inputs.settings.removal) for index in batch.indexes]
    assert sorted(travelling) == [at for at, item in enumerate(plan.items) if item.outcome is Outcome.PENDING]


@given(st.permutations([1, 2, 3]))
@example([3, 2, 1])
def test_n_customers_on_one_client_are_taken_together(order: list[int]) -> None:
    lines = [line(number, customer_id=f"C-{number}", customer_name=" contoso"[number % 2 :]) for number in order]
    plan = make_plan(PlanInput(lines, [Client(7, "Contoso")], [licence(1)]))
    (item,) = plan.items
    assert item.customer_ids == ("C-1", "C-2", "C-3")
    assert item.customer_name == "contoso,  contoso"
    assert item.after is not None
    assert item.after.quantity == 36
    assert item.line_nos == (1, 2, 3)
