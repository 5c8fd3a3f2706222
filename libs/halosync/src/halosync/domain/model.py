"""The values that planning works on. Words: docs/glossary.md."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class LineKind(StrEnum):
    """What a line of an invoice bills. Only `recurring` lines set a licence (spec section 3)."""

    RECURRING = "recurring"
    PRORATION = "proration"
    CREDIT = "credit"
    ONE_OFF = "one_off"
    USAGE = "usage"


class Action(StrEnum):
    """What an item asks of Halo."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    UNCHANGED = "unchanged"
    NONE = "none"


class Outcome(StrEnum):
    """Where an item stands (spec section 4)."""

    PENDING = "pending"
    SYNCED = "synced"
    SKIPPED = "skipped"
    HELD = "held"
    FAILED = "failed"


class Removal(StrEnum):
    """What the partner wants a removal to do to the licence in Halo."""

    DELETE = "delete"
    DEACTIVATE = "deactivate"
    ZERO = "zero"


class Cleanup(StrEnum):
    """Which licences without a product in the invoice are cleaned up."""

    ALL = "all"
    OWNED = "owned"


class PriceField(StrEnum):
    """Which of Halo's fields takes the invoice's unit price."""

    PRICE = "price"
    PURCHASE_PRICE = "purchase_price"
    NONE = "none"


class OnDrift(StrEnum):
    """What happens to what somebody has edited in Halo since halosync wrote it (spec section 11, "Drift")."""

    OVERWRITE = "overwrite"
    HOLD = "hold"


class Reason(StrEnum):
    """Why an item was not simply synchronised. The first block comes from planning, the second from writing."""

    CUSTOMER_NOT_FOUND = "customer_not_found"
    CUSTOMER_AMBIGUOUS = "customer_ambiguous"
    CUSTOMER_EXCLUDED = "customer_excluded"
    NOT_RECURRING = "not_recurring"
    QUANTITY_ZERO = "quantity_zero"
    CONFLICTING_LINES = "conflicting_lines"
    NEGATIVE_QUANTITY = "negative_quantity"
    LICENCE_AMBIGUOUS = "licence_ambiguous"
    LICENCE_CLAIMED_TWICE = "licence_claimed_twice"
    NEGATIVE_PRICE = "negative_price"
    DELETE_GUARD = "delete_guard"
    FIRST_REVIEW = "first_review"
    MANAGED_ELSEWHERE = "managed_elsewhere"
    KEPT = "kept"
    EDITED_IN_HALO = "edited_in_halo"
    CHANGED_SINCE = "changed_since"

    HALO_REJECTED = "halo_rejected"
    HALO_UNAVAILABLE = "halo_unavailable"
    PERMISSION_DENIED = "permission_denied"
    OUTCOME_UNKNOWN = "outcome_unknown"
    NOT_KEPT = "not_kept"
    CONNECTION_LOST = "connection_lost"
    RUN_CANCELLED = "run_cancelled"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the invoice. `line_no` counts from 1 in the order of the invoice."""

    line_no: int
    customer_id: str
    customer_name: str
    product_code: str
    kind: LineKind
    quantity: Decimal
    unit_price: Decimal
    billing_cycle: str


@dataclass(frozen=True, slots=True)
class Client:
    """A client as Halo showed it."""

    id: int
    name: str
    inactive: bool = False


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence as Halo showed it. None is Halo's unset, which is not zero.

    `foreign_mark` is the field by which another integration says that the licence is its own, None without such a mark
    (spec section 9, "Somebody else's licences"). `licence_type` is Halo's number (1 is a subscription).
    `stamp` is the one of ours that its notes carry, if they do (`halosync.domain.details`).
    """

    id: int
    client_id: int
    name: str
    quantity: Decimal | None
    price: Decimal | None
    purchase_price: Decimal | None
    billing_cycle: str | None
    is_active: bool = True
    foreign_mark: str | None = None
    licence_type: int | None = None
    stamp: str | None = None


@dataclass(frozen=True, slots=True)
class SeenLicence:
    """A licence of a read, and whether Halo calls it deleted: such a one counts for the list, but is not there."""

    licence: Licence
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class LicenceState:
    """The four things that halosync keeps in step, before or after an action. `price` is the partner's price field."""

    quantity: Decimal | None
    price: Decimal | None
    billing_cycle: str | None
    active: bool


@dataclass(frozen=True, slots=True)
class KeptOtherwise:
    """What Halo made of a wish that it did not keep as asked (spec section 9, "Verified writes").

    `asked` is None where the licence was to be deleted; `asked_name` where its name was not to change. `warning` is
    Halo's own `_warning`.
    """

    asked: LicenceState | None
    kept: LicenceState
    asked_name: str | None = None
    kept_name: str | None = None
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class LastWritten:
    """What a licence was when halosync wrote it last, as Halo kept it. `state.price` is the field `price_field`."""

    name: str
    state: LicenceState
    price_field: PriceField


@dataclass(frozen=True, slots=True)
class Drift:
    """A field that somebody has edited in Halo since halosync wrote it: numbers as text, activity as true or false."""

    field: str
    we_wrote: str | bool | None
    halo_has: str | bool | None


@dataclass(frozen=True, slots=True)
class Traits:
    """What a licence is besides its state: its name, its price in the other price field, and Halo's type."""

    name: str
    other_price: Decimal | None = None
    licence_type: int | None = None


@dataclass(frozen=True, slots=True)
class WrittenLicence:
    """What halosync remembers of a licence that it wrote (spec section 9, "Names that Halo changes").

    `product_code` is the product that it was written for. `kept_name` is how Halo calls what was to be called
    `asked_name`. `otherwise` is the last wish, if Halo did not keep it to the letter. `last` is what was written last;
    None: Halo shows just that, or it is not known.
    """

    product_code: str | None = None
    asked_name: str | None = None
    kept_name: str | None = None
    otherwise: KeptOtherwise | None = None
    last: LastWritten | None = None


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
class Change:
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
class PlanInput:
    """Everything a plan depends on.

    `owned` are licences that halosync wrote for this partner, `owned_by_others` those it wrote for other partners with
    the same Halo; `removed` are ids it has deleted, `kept` those that are never removed. `review_due`: the first review
    of this Halo is still to be done (spec section 9). `written` is what halosync remembers of licences by their ids.
    `perhaps_created`: by client and product code, licences of which an earlier create may have made one; it was never
    found out. `restored` has, by the id of a deleted licence, the one that an undo has created for it;
    `perhaps_restored` those of which such a create may have made one.
    `approved` are held changes that a person has released one by one. `undone` is what the run to undo has done, None
    for a plan from the invoice (spec section 11, "Undo"); `settings.price_field` is that run's then.
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
    approved: frozenset[Change] = frozenset()
    undone: "tuple[PlannedItem, ...] | None" = None


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """One item of a plan (spec section 3, "Items").

    `set_name` is the name a create or update gives the licence; None leaves it. `licence_name` is the name the
    licence will have, for people. `line_nos` are the invoice's lines that the item answers for. `drift` is what
    somebody has edited in Halo since halosync wrote the licence. `restores` is the deleted licence that a create brings
    back; `was` is what that one, or one that is removed or renamed, was besides its state. `was_owned`: halosync had
    written the licence before; `owned_after`: it counts as halosync's own once written; not what an
    undo gives back.
    """

    customer_ids: tuple[str, ...]
    customer_name: str
    halo_client_id: int | None
    product_code: str | None
    licence_name: str | None
    halo_licence_id: int | None
    action: Action
    outcome: Outcome
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


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do.

    `removals` counts the items with action delete, held ones too; `active` the guard's base. `to_review` counts the
    items that need the first review, approved or not; `review_done`: with this plan carried out, it is done.
    """

    items: list[PlannedItem]
    removals: int
    active: int
    to_review: int = 0
    review_done: bool = False
