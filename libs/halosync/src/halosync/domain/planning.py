"""The plan: from an invoice and a read of Halo to items (spec section 3)."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import cache

from halosync.domain import item_sentences
from halosync.domain.approvals import released_places
from halosync.domain.billing_cycles import words_by_key
from halosync.domain.client_plan import plan_client
from halosync.domain.client_rules import Rules
from halosync.domain.deletions import accepted_by_sync, accepted_by_undo
from halosync.domain.drift import deletion_of, hold_edited
from halosync.domain.first_review import hold_for_review, needs_review
from halosync.domain.groups import Group, groups_of
from halosync.domain.guard import guarded, hold, must_hold
from halosync.domain.matching import Unmatched, match_customers
from halosync.domain.model import Action, Drift, Licence, OnDrift, Outcome
from halosync.domain.names import name_key
from halosync.domain.plan import Plan, PlanInput, PlannedItem, PlanSettings
from halosync.domain.products import products_of
from halosync.domain.undo import touched_licences, undo_items


def make_plan(inputs: PlanInput) -> Plan:
    """Return what a run will do.

    The plan depends on what is in `inputs`, not on its order. Client ids and licence ids are taken to be unique, as
    a complete read makes them. Items are ordered by the names of their client's customers, then by product, then
    clean-up by licence; so neighbours share a client. The plan of an undo has the order of the run that it undoes.
    """
    if inputs.undone is not None:
        plan = _held(list(undo_items(inputs)), inputs, active=touched_licences(inputs), is_whole=False)
        return replace(plan, accepted_deletions=accepted_by_undo(inputs.vanished, plan.items))
    picture = Picture(inputs)
    plan = _held(list(picture.items(inputs.settings)), inputs, active=picture.active, is_whole=picture.is_whole)
    return replace(plan, accepted_deletions=accepted_by_sync(inputs.vanished, plan.items, picture.cleaned_up))


def _held(items: list[PlannedItem], inputs: PlanInput, *, active: int, is_whole: bool) -> Plan:
    """Return the plan of `items`, once those that wait for a person are held.

    `is_whole`: every customer of the invoice has its client.
    """
    removal = Action.DELETE
    removals = [place for place, item in enumerate(items) if item.action is removal]
    released = released_places(items, inputs.approved)
    if inputs.settings.on_drift is OnDrift.HOLD:
        hold_edited(items, released)
    to_review, approved = _review(items, inputs, released)
    guard = inputs.settings.delete_guard
    suspicious = guarded(items, removals, approved - released)
    if guard is not None and must_hold(len(suspicious), active, guard, inputs.approve_removals):
        rest = [place for place in suspicious if place not in released]
        detail = item_sentences.delete_guard(
            *(len(suspicious), active, guard), approved=len(suspicious) - len(rest), undo=inputs.undone is not None
        )
        hold(items, rest, detail)
    waiting = to_review - len(approved)
    return Plan(items, len(removals), active, to_review, _is_reviewed(inputs, to_review, waiting, is_whole=is_whole))


class Picture:
    """An invoice beside a read of Halo, matched once, for as many plans as there are choices of settings.

    Attributes:
        active: how many active licences the matched clients have.
        is_whole: every customer of the invoice has its client.
    """

    def __init__(self, inputs: PlanInput) -> None:
        matches = match_customers(inputs.lines, inputs.clients, inputs.customer_links)
        self._inputs = inputs
        self._protected = matches.protected
        self._groups = groups_of(inputs.lines, matches)
        self._licences_of: dict[int, list[Licence]] = {client_id: [] for client_id in matches.client_of.values()}
        self.active = 0
        self.is_whole = not matches.unmatched
        for licence in inputs.licences:
            of_client = self._licences_of.get(licence.client_id)
            if of_client is not None:
                of_client.append(licence)
                self.active += licence.is_active

    @property
    def cleaned_up(self) -> Collection[int]:
        """The clients of whose every product the plan says what it wants: matched, and of no customer left out."""
        return self._licences_of.keys() - self._protected

    def licences(self) -> Iterator[Licence]:
        """Yield every licence of the matched clients."""
        for of_client in self._licences_of.values():
            yield from of_client

    def items(self, settings: PlanSettings) -> Iterator[PlannedItem]:
        """Yield the items of a plan under some settings, in their order, before anything is held."""
        inputs = self._inputs
        rules = Rules(
            settings=settings,
            links=_links_by_key(inputs.product_links),
            words=words_by_key(settings.billing_cycles),
            owned=inputs.owned,
            owned_by_others=inputs.owned_by_others,
            removed=inputs.removed,
            kept=inputs.kept,
            protected=self._protected,
            written=inputs.written,
            perhaps_created=_by_product(inputs.perhaps_created),
            vanished=_deletions(inputs),
            key=cache(name_key),  # Codes and names repeat; the cache, and the keys it shares, end with the plan.
        )
        for group in self._groups:
            if isinstance(group.client, Unmatched):
                yield from _skipped(group, group.client, rules)
            else:
                yield from plan_client(group, group.client, self._licences_of[group.client], rules)


def _deletions(inputs: PlanInput) -> dict[tuple[int, str], Drift]:
    """Return what somebody has deleted in Halo, or moved to where the read has it, by client and product."""
    if not inputs.vanished:
        return {}
    now_at = {licence.id: licence.client_id for licence in inputs.licences if licence.id in inputs.vanished}
    return {
        (client, name_key(code)): deletion_of(number, now_at.get(number))
        for number, (client, code) in sorted(inputs.vanished.items())
    }


def _by_product(perhaps: Mapping[tuple[int, str], frozenset[int]]) -> dict[tuple[int, str], frozenset[int]]:
    by_key: dict[tuple[int, str], frozenset[int]] = {}
    for (client_id, code), licences in perhaps.items():
        key = (client_id, name_key(code))
        by_key[key] = by_key.get(key, frozenset()) | licences
    return by_key


def _review(items: list[PlannedItem], inputs: PlanInput, released: frozenset[int]) -> tuple[int, frozenset[int]]:
    """Hold what waits for the first review; return how many items need it, and the places of those approved.

    The approved number is a ceiling: more than were approved are all held again (spec section 9, "First review"), but
    for those at the places `released`, which a person has approved one by one.
    """
    if not inputs.review_due:
        return 0, frozenset()
    price_field = inputs.settings.price_field
    places = [place for place, item in enumerate(items) if needs_review(item, price_field, inputs.owned)]
    if inputs.approve_review is not None and len(places) <= inputs.approve_review:
        return len(places), frozenset(places)
    waiting = [place for place in places if place not in released]
    hold_for_review(items, waiting)
    return len(places), frozenset(places) & released


def _is_reviewed(inputs: PlanInput, to_review: int, waiting: int, *, is_whole: bool) -> bool:
    """Tell whether the first review is done once the plan is carried out: a person approved it, or nothing was held.

    A run that left a customer out has not looked at what that customer's client holds, so nothing held proves nothing
    (decision 7). An undo looks at what one run did, which is not what a Sync would do.
    """
    if not inputs.review_due or inputs.undone is not None:
        return False
    if inputs.approve_review is not None or (to_review and inputs.approved):
        return not waiting
    return not to_review and is_whole


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
            detail=unmatched.sentence(),
            line_nos=tuple([line.line_no for line in product.lines]),
        )
