"""The items of one matched client: its products, then what is cleaned up (spec section 3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from halosync.domain import item_sentences, write_sentences
from halosync.domain.client_rules import Rules
from halosync.domain.groups import Group
from halosync.domain.licence_names import by_name, rivals_of, unclaimed_of
from halosync.domain.licences import (
    after_removal,
    choose,
    desired_state,
    holds,
    same_state,
    state_of,
)
from halosync.domain.model import (
    Action,
    KeptOtherwise,
    Licence,
    LicenceState,
    Outcome,
    Reason,
)
from halosync.domain.natural_order import natural_parts
from halosync.domain.plan import PlannedItem
from halosync.domain.products import Demand, Fault, Product, demand_of, products_of
from halosync.domain.verification import differences

_UPDATE, _DELETE, _UNCHANGED, _SYNCED = Action.UPDATE, Action.DELETE, Action.UNCHANGED, Outcome.SYNCED
# Python 3.11 calls a function for each look into an enum.


def plan_client(group: Group, client_id: int, licences: list[Licence], rules: Rules) -> Iterator[PlannedItem]:
    """Yield the items of a matched client: products in the order of their keys, then clean-up by name and id."""
    products = products_of(group.lines, rules.key)
    targets = rules.targets(products)
    claimed = frozenset(targets.values()) if rules.links else targets.keys()
    by_key = by_name(licences, targets, claimed, rules)
    items = _ItemsOfClient(group, client_id, rules, unclaimed_of(by_key, claimed, rules))
    rivals = rivals_of(products, targets) if len(claimed) < len(targets) else {}
    for product in products:
        target = targets[product.key]
        if target in rivals and product.recurring:
            yield items.of_rival(product, rivals[target])
        else:
            yield items.of_product(product, by_key.get(target, ()))
    if client_id not in rules.protected and (left := [target for target in by_key if target not in claimed]):
        unsure = items.perhaps([product for product in products if not by_key.get(targets[product.key])])
        for target in sorted(left, key=natural_parts):
            yield from items.of_cleanup([licence for licence in by_key[target] if licence.id not in unsure])


@dataclass(frozen=True, slots=True)
class _ItemsOfClient:
    group: Group
    client_id: int
    rules: Rules
    unclaimed: frozenset[int]

    def perhaps(self, products: Sequence[Product]) -> frozenset[int]:
        """Return the unclaimed licences that earlier creates of these products may have made, nobody knows which."""
        found = [self.rules.perhaps_created.get((self.client_id, product.key)) for product in products]
        return self.unclaimed.intersection(*[frozenset().union(*filter(None, found))])

    def of_rival(self, product: Product, rivals: list[Product]) -> PlannedItem:
        """Return the item of a product whose licence other products claim too; `rivals` are all of them."""
        detail = item_sentences.licence_claimed_twice([rival.code for rival in rivals], self.rules.name_of(product))
        # None of them owns the licence, so no item shows its id.
        return self._fail(product, None, Fault(Reason.LICENCE_CLAIMED_TWICE, detail))

    def of_product(self, product: Product, found: Sequence[Licence]) -> PlannedItem:
        """Return the item of a product; `found` are the licences that have its name."""
        chosen = found[0] if len(found) == 1 else choose(found)
        licence = None if isinstance(chosen, Fault) else chosen
        if not product.recurring:
            return self._skip(product, licence, Reason.NOT_RECURRING, item_sentences.NOT_RECURRING)
        unmarked = licence is not None and licence.foreign_mark is None
        if not unmarked and (foreign := self._foreign(found if licence is None else (licence,))):
            return self._skip(product, licence, Reason.MANAGED_ELSEWHERE, item_sentences.managed_elsewhere(*foreign))
        demand = demand_of(product, self.rules.words)
        if isinstance(demand, Fault):
            return self._fail(product, licence, demand)
        if isinstance(chosen, Fault):
            return self._fail(product, None, chosen)
        if chosen is None:
            return self._without_licence(product, demand)
        return self._with_licence(product, demand, chosen)

    def _foreign(self, found: Sequence[Licence]) -> tuple[list[int], str] | None:
        """Return the ids of `found` and a mark that they bear, if all of them are somebody else's."""
        for licence in found:
            if not self.rules.is_foreign(licence):
                return None
        if not found:
            return None
        return sorted(licence.id for licence in found), min(licence.foreign_mark or "" for licence in found)

    def of_cleanup(self, licences: list[Licence]) -> Iterator[PlannedItem]:
        """Yield the removals of active licences that no product of the invoice has."""
        for licence in sorted(licences, key=lambda licence: licence.id):
            if self.rules.may_clean_up(licence):
                yield self._remove(None, licence)

    def _without_licence(self, product: Product, demand: Demand) -> PlannedItem:
        if not demand.quantity:
            return self._skip(product, None, Reason.QUANTITY_ZERO, item_sentences.QUANTITY_ZERO)
        if unsure := self.perhaps([product]):
            detail = write_sentences.perhaps_created(sorted(unsure))
            return self._fail(product, None, Fault(Reason.OUTCOME_UNKNOWN, detail))
        desired = desired_state(demand, None, self.rules.settings.price_field)
        item = self._item(product, None, Action.CREATE, after=desired, set_name=self.rules.name_of(product))
        deletion = self.rules.vanished.get((self.client_id, product.key))
        return item if deletion is None else replace(item, drift=(deletion,))

    def _with_licence(self, product: Product, demand: Demand, licence: Licence) -> PlannedItem:
        if not demand.quantity:
            return self._remove(product, licence)
        price_field, name = self.rules.settings.price_field, self.rules.name_of(product)
        before = state_of(licence, price_field)
        set_name = None if name == licence.name or self.rules.keeps_name(product, licence) else name
        if set_name is None and holds(before, demand, price_field) and not self.rules.kept_otherwise(licence):
            return self._item(product, licence, _UNCHANGED, _SYNCED, before=before, after=before)  # as nearly all are
        desired = desired_state(demand, before, price_field)
        answered = self.rules.answered_before(licence, desired, set_name)
        if answered is not None and differences(answered):
            return self._not_kept(product, licence, answered)
        if answered is not None or (set_name is None and same_state(desired, before)):
            return self._item(product, licence, _UNCHANGED, _SYNCED, before=before, after=before)
        return self._item(product, licence, _UPDATE, before=before, after=desired, set_name=set_name)

    def _remove(self, product: Product | None, licence: Licence) -> PlannedItem:
        before = self.rules.state(licence)
        if self.rules.is_removed(licence):
            return self._item(product, licence, _UNCHANGED, _SYNCED, before=before, after=before)
        if licence.id in self.rules.kept:
            return self._skip(product, licence, Reason.KEPT, item_sentences.kept(licence.id))
        after = after_removal(before, self.rules.settings.removal)
        answered = self.rules.answered_before(licence, after, None)
        if answered is not None:
            return self._not_kept(product, licence, answered)
        return self._item(product, licence, _DELETE, before=before, after=after)

    def _not_kept(self, product: Product | None, licence: Licence, answered: KeptOtherwise) -> PlannedItem:
        detail = write_sentences.not_kept(differences(answered), answered.warning)
        return self._idle(product, licence, Outcome.FAILED, Fault(Reason.NOT_KEPT, detail))

    def _skip(self, product: Product | None, licence: Licence | None, reason: Reason, detail: str) -> PlannedItem:
        return self._idle(product, licence, Outcome.SKIPPED, Fault(reason, detail))

    def _fail(self, product: Product, licence: Licence | None, fault: Fault) -> PlannedItem:
        return self._idle(product, licence, Outcome.FAILED, fault)

    def _idle(self, product: Product | None, licence: Licence | None, outcome: Outcome, fault: Fault) -> PlannedItem:
        # A licence that is left as it is shows the same state twice, so that sums over items stay true.
        state = self.rules.state(licence) if licence else None
        return self._item(product, licence, Action.NONE, outcome, fault=fault, before=state, after=state)

    def _item(
        self,
        product: Product | None,
        licence: Licence | None,
        action: Action,
        outcome: Outcome = Outcome.PENDING,
        *,
        fault: Fault | None = None,
        before: LicenceState | None = None,
        after: LicenceState | None = None,
        set_name: str | None = None,
    ) -> PlannedItem:
        customer_ids, customer_name = self.group.customers_of(product)
        number = None if licence is None else licence.id
        # What a licence is besides its state is lost by a removal, and the name by an update that gives it another.
        loses_traits = set_name is not None or action is _DELETE
        return PlannedItem(
            customer_ids,
            customer_name,
            self.client_id,
            None if product is None else product.code,
            set_name or (None if licence is None else licence.name),
            number,
            action,
            outcome,
            None if fault is None else fault.reason,
            None if fault is None else fault.detail,
            before,
            after,
            set_name,
            () if product is None else product.line_nos,
            () if licence is None else self.rules.drift(licence),
            self.rules.traits(licence) if licence and loses_traits else None,
            was_owned=number in self.rules.owned and action in (_UPDATE, _DELETE),
        )
