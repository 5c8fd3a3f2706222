"""The values that planning works on. Words: docs/glossary.md."""

from dataclasses import dataclass
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


class Undone(StrEnum):
    """What undos have made of what an item did, where it does not stand any more."""

    UNDONE = "undone"
    UNSURE = "unsure"
    """An undo was sent, and Halo did not keep it as asked, or nobody could find out what became of it."""


class Reason(StrEnum):
    """Why an item was not simply synchronised. The first block comes from planning, the second from writing.

    The third is of lines alone, whose item was synchronised.
    """

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

    UNDONE = "undone"


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
    `stamp` is the one of ours that its notes carry, if they do (`halosync.domain.details`). `product_sku` is
    looked at by an undo alone, which brings it back.
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
    product_sku: str | None = None


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


NamedState = tuple[str, LicenceState]
"""A licence's name and state."""


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
    """A field that somebody has edited in Halo since halosync wrote it: numbers as text, activity as true or false.

    Of a licence that was deleted there is one, `licence`: its id, and None. Of one that was moved: its id, and that of
    the client that has it now.
    """

    field: str
    we_wrote: str | bool | None
    halo_has: str | bool | None


@dataclass(frozen=True, slots=True)
class Traits:
    """What a licence is besides its state: its name, its price in the other price field, Halo's type and product code.

    `asked_name` is what Halo was told so that it keeps `name`; None: that name itself, as far as is known.
    """

    name: str
    other_price: Decimal | None = None
    licence_type: int | None = None
    asked_name: str | None = None
    product_sku: str | None = None


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
