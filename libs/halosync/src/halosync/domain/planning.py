"""The plan: from an invoice and a read of Halo to items (spec section 3)."""

from collections.abc import Iterator, Mapping
from functools import cache

from halosync.domain import item_sentences
from halosync.domain.client_plan import Rules, plan_client
from halosync.domain.groups import Group, groups_of
from halosync.domain.guard import hold, must_hold
from halosync.domain.matching import Unmatched, match_customers
from halosync.domain.model import Action, Licence, Outcome, Plan, PlanInput, PlannedItem
from halosync.domain.names import name_key
from halosync.domain.products import products_of


def make_plan(inputs: PlanInput) -> Plan:
    """Return what a run will do.

    The plan depends on what is in `inputs`, not on its order. Client ids and licence ids are taken to be unique, as
    a complete read makes them. Items are ordered by the names of their client's customers, then by product, then
    clean-up by licence; so neighbours share a client.
    """
    matches = match_customers(inputs.lines, inputs.clients, inputs.customer_links)
    key = cache(name_key)  # Codes and licence names repeat; the cache, and the equal keys it shares, end with the plan.
    rules = Rules(
        settings=inputs.settings,
        links=_links_by_key(inputs.product_links),
        owned=inputs.owned,
        removed=inputs.removed,
        protected=matches.protected,
        key=key,
    )
    licences_of: dict[int, list[Licence]] = {client_id: [] for client_id in matches.client_of.values()}
    active = 0
    for licence in inputs.licences:
        of_client = licences_of.get(licence.client_id)
        if of_client is not None:
            of_client.append(licence)
            active += licence.is_active

    items: list[PlannedItem] = []
    for group in groups_of(inputs.lines, matches):
        if isinstance(group.client, Unmatched):
            items.extend(_skipped(group, group.client, rules))
        else:
            items.extend(plan_client(group, group.client, licences_of[group.client], rules))

    removals = sum(item.action is Action.DELETE for item in items)
    guard = inputs.settings.delete_guard
    if guard is not None and must_hold(removals, active, guard, inputs.approve_removals):
        hold(items, item_sentences.delete_guard(removals, active, guard))
    return Plan(items, removals, active)


def _links_by_key(product_links: Mapping[str, str]) -> dict[str, str]:
    # Codes that differ only in spelling are one product: of two links the one that sorts first counts.
    links: dict[str, str] = {}
    for code in sorted(product_links):
        if product_links[code].strip():
            links.setdefault(name_key(code), product_links[code])
    return links


def _skipped(group: Group, unmatched: Unmatched, rules: Rules) -> Iterator[PlannedItem]:
    for product in products_of(group.lines, rules.key):
        yield PlannedItem(
            customer_ids=group.customer_ids,
            customer_name=group.customer_name,
            halo_client_id=None,
            product_code=product.code,
            licence_name=None,
            halo_licence_id=None,
            action=Action.NONE,
            outcome=Outcome.SKIPPED,
            reason=unmatched.reason,
            detail=unmatched.detail,
            line_nos=tuple([line.line_no for line in product.lines]),
        )
