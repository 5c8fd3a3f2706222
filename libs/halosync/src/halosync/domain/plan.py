"""What a plan is made from, and what it is. Words: docs/glossary.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from halosync.domain.model import (
    Action,
    Cleanup,
    Client,
    Drift,
    Licence,
    LicenceState,
    Line,
    OnDrift,
    Outcome,
    PriceField,
    Reason,
    Removal,
    Traits,
    WrittenLicence,
)


@dataclass(frozen=True, slots=True)
class CustomerLink:
    """What the partner stored for a Converge customer: its Halo client, or that it is left out."""

    halo_client_id: int | None = None
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class DeleteGuard:
    """Removals beyond both thresholds are held. `max_fraction` is of the matched clients' active licences."""

    max_count: int = 10
    max_fraction: Decimal = Decimal("0.25")

    def trips(self, count: int, of: int) -> bool:
        """Tell whether `count` out of `of` passes both thresholds."""
        return count > self.max_count and count > self.max_fraction * of


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """The partner's settings that shape a plan; the defaults are those of the product (spec sections 3 and 9).

    `billing_cycles` has Halo's word for the invoice's; `licence_type` None: licences of every type are looked at.
    `details`: whether a create also says what the licence is.
    """

    removal: Removal = Removal.DELETE
    cleanup: Cleanup = Cleanup.ALL
    price_field: PriceField = PriceField.PRICE
    delete_guard: DeleteGuard | None = field(default_factory=DeleteGuard)
    adopt_foreign: bool = False
    billing_cycles: Mapping[str, str] = field(default_factory=dict)
    licence_type: int | None = None
    details: bool = True
    on_drift: OnDrift = OnDrift.OVERWRITE


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What an item would change, by which an approval knows it again: another state or name is another one."""

    halo_client_id: int | None
    halo_licence_id: int | None
    product_code: str | None
    action: Action
    before: LicenceState | None
    after: LicenceState | None
    set_name: str | None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ItemHead:
    """Whose licence an item is about, what it asks of Halo, and what became of it.

    Attributes:
        customer_ids: several when customers share a client; none for a clean-up.
        product_code: None for a clean-up.
        licence_name: the name that the licence will have, for people.
    """

    customer_ids: Sequence[str]
    customer_name: str
    halo_client_id: int | None
    product_code: str | None
    licence_name: str | None
    halo_licence_id: int | None
    action: Action
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class PlannedItem(ItemHead):
    """One item of a plan (spec section 3, "Items").

    `set_name` is the name a create or update gives the licence; None leaves it. `line_nos` are the invoice's lines
    that the item answers for. `drift` is what somebody has edited in Halo since halosync wrote the licence; of a
    create, that it was deleted. `restores` is the deleted licence that a create brings back; `was` is what that one,
    or one that is removed or renamed, was besides its state. `was_owned`: halosync had written the licence before;
    `owned_after`: it counts as halosync's own once written; not what an undo gives back. `item_id` is its number once
    it is stored, `undoes` that of the item which it undoes.
    """

    reason: Reason | None = None
    detail: str | None = None
    before: LicenceState | None = None
    after: LicenceState | None = None
    set_name: str | None = None
    line_nos: tuple[int, ...] = ()
    drift: tuple[Drift, ...] = ()
    was: Traits | None = None
    restores: int | None = None
    was_owned: bool = False
    owned_after: bool = True
    item_id: int | None = None
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class PlanInput:
    """Everything a plan depends on.

    `owned` are licences that halosync wrote for this partner, `owned_by_others` those it wrote for other partners with
    the same Halo; `removed` are ids it has deleted, `kept` those that are never removed. `review_due`: the first review
    of this Halo is still to be done (spec section 9). `written` is what halosync remembers of licences by their ids.
    `perhaps_created`: by client and product code, licences of which an earlier create may have made one; it was never
    found out. `restored` has, by the id of a deleted licence, the one that an undo has created for it;
    `perhaps_restored` those of which such a create may have made one.
    `vanished` are licences that halosync wrote and that somebody has deleted in Halo since, or moved to another client:
    the client and the product code of each, by its id.
    `approved` are held changes that a person has released one by one. `undone` is what the run to undo has done, None
    for a plan from the invoice (spec section 11, "Undo"); `settings.price_field` is that run's then, and `left_at` are
    the clients at which it left licences, changed or not. `unsure_since` are licences of which nobody knows whether
    that run changed or removed them, and to which a later run has sent a change since.
    """

    lines: list[Line]
    clients: list[Client]
    licences: list[Licence]
    customer_links: dict[str, CustomerLink] = field(default_factory=dict)
    product_links: dict[str, str] = field(default_factory=dict)
    settings: PlanSettings = field(default_factory=PlanSettings)
    owned: frozenset[int] = frozenset()
    removed: frozenset[int] = frozenset()
    written: dict[int, WrittenLicence] = field(default_factory=dict)
    approve_removals: int | None = None
    owned_by_others: frozenset[int] = frozenset()
    kept: frozenset[int] = frozenset()
    review_due: bool = False
    approve_review: int | None = None
    perhaps_created: Mapping[tuple[int, str], frozenset[int]] = field(default_factory=dict)
    restored: Mapping[int, int] = field(default_factory=dict)
    perhaps_restored: Mapping[int, frozenset[int]] = field(default_factory=dict)
    approved: frozenset[ItemChange] = frozenset()
    undone: tuple[PlannedItem, ...] | None = None
    left_at: frozenset[int] = frozenset()
    unsure_since: frozenset[int] = frozenset()
    vanished: Mapping[int, tuple[int, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do.

    `removals` counts the items with action delete, held ones too; `active` the guard's base. `to_review` counts the
    items that need the first review, approved or not; `review_done`: with this plan carried out, it is done.
    `accepted_deletions` are those of `PlanInput.vanished` that the plan does not want back either.
    """

    items: list[PlannedItem]
    removals: int
    active: int
    to_review: int = 0
    review_done: bool = False
    accepted_deletions: frozenset[int] = frozenset()
