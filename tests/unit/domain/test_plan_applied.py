"""What a plan leads to in Halo, also one that was cut short."""

from collections import Counter
from dataclasses import replace

from halosync.domain.model import LineKind, Outcome, PriceField, Removal
from halosync.domain.names import name_key
from halosync.domain.plan import PlanInput
from halosync.domain.planning import make_plan
from hypothesis import given
from hypothesis import strategies as st

from .plan_items import acting, customers_of_client
from .worlds import ModelHalo, worlds


def without_sleeping_twins(inputs: PlanInput) -> PlanInput:
    """Leave out inactive licences of which there is an active one of the same name.

    When the invoice cancels such a product, one run removes the active one, which alone it may touch (spec section 3);
    then the inactive one is the only one, and the next run removes it too. So a single run is not the end there.
    """
    active = {(row.client_id, name_key(row.name)) for row in inputs.licences if row.is_active}
    kept = [row for row in inputs.licences if row.is_active or (row.client_id, name_key(row.name)) not in active]
    return replace(inputs, licences=kept)


@given(worlds().map(without_sleeping_twins), st.booleans())
def test_applying_a_plan_leaves_nothing_to_do(inputs: PlanInput, soft: bool) -> None:
    halo = ModelHalo.of(inputs, soft=soft)
    halo.apply(make_plan(inputs).items, inputs.settings)
    assert acting(make_plan(halo.read(inputs))) == []


@given(worlds().map(without_sleeping_twins), st.booleans(), st.data())
def test_a_plan_cut_short_anywhere_is_finished_by_the_next(inputs: PlanInput, soft: bool, data: st.DataObject) -> None:
    plan = make_plan(inputs)
    whole, cut = ModelHalo.of(inputs, soft=soft), ModelHalo.of(inputs, soft=soft)
    whole.apply(plan.items, inputs.settings)
    done = data.draw(st.permutations(acting(plan)))[: data.draw(st.integers(0, len(acting(plan))))]
    cut.apply(done, inputs.settings)
    cut.apply(make_plan(cut.read(inputs)).items, inputs.settings)

    def contents(halo: ModelHalo) -> Counter[object]:
        return Counter(replace(row, id=row.id if row.id < 100 else 0) for row in halo.rows.values())

    assert contents(cut) == contents(whole)


@given(worlds(), st.booleans())
def test_applying_a_plan_reaches_the_desired_state(inputs: PlanInput, soft: bool) -> None:
    plan = make_plan(inputs)
    halo = ModelHalo.of(inputs, soft=soft)
    halo.apply(plan.items, inputs.settings)
    for client in inputs.clients:
        customers = customers_of_client(inputs, client.id)
        wanted: dict[str, list[int]] = {}
        for each in inputs.lines:
            if each.customer_id in customers and each.kind is LineKind.RECURRING:
                wanted.setdefault(name_key(each.product_code), []).append(each.line_no)
        for key, line_nos in wanted.items():
            item = next(
                item
                for item in plan.items
                if item.halo_client_id == client.id and name_key(item.product_code or "") == key
            )
            quantity = sum(each.quantity for each in inputs.lines if each.line_no in line_nos)
            links = {name_key(code): inputs.product_links[code] for code in sorted(inputs.product_links, reverse=True)}
            name = name_key(links.get(key, key))
            active = [
                row
                for row in halo.rows.values()
                if row.client_id == client.id and name_key(row.name) == name and row.is_active
            ]
            if item.outcome is Outcome.FAILED:
                continue
            if quantity == 0:
                assert active == [] or inputs.settings.removal is Removal.ZERO
                assert all(row.quantity == 0 for row in active)
                continue
            assert len(active) == 1
            assert float(active[0].quantity or 0) == float(quantity)
            line = next(each for each in inputs.lines if each.line_no in line_nos and each.quantity)
            assert active[0].billing_cycle == line.billing_cycle
            if inputs.settings.price_field is PriceField.PRICE:
                assert float(active[0].price or 0) == float(line.unit_price)
                assert active[0].price is not None
