"""Small worlds in which names collide, and a Halo that is nothing but a dictionary."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from math import prod
from typing import Any, TypeVar

from halosync.domain.licences import other_prices
from halosync.domain.model import Action, Cleanup, Client, Licence, Line, LineKind, Outcome, PriceField, Removal
from halosync.domain.plan import CustomerLink, DeleteGuard, PlanInput, PlannedItem, PlanSettings
from hypothesis import strategies as st

CUSTOMER_IDS = ["C-1", "C-2", "C-3", "C-4"]
NAMES = [
    "Søns",
    "Straße",
    "acme",
    "SØNS",
    " søns ",
    "So\u0308ns",
    "S\u00f6ns",
    "Straße",
    "STRASSE",
    "\uff21cme",
    "acme",
]
CLIENT_NAMES = ["Søns", "Straße", "acme", "Other", *NAMES]
CODES = ["MS-365", "Z", "ms-365", "MS 365", "MS  365", "\uff2d", "m"]
CYCLES = ["Monthly", "Monthly", "Annual"]
QUANTITIES = [Decimal(text) for text in ("1", "1", "2.50", "1", "0", "0.0", "0.1", "-1", "12345678901234567890.12345")]
PRICES = [Decimal(text) for text in ("31.5", "0", "31.50", "31.5", "0.12345678901234567890123")]


def line(line_no: int = 1, **changes: Any) -> Line:
    plain = Line(line_no, "C-1", "Contoso", "MS-365", LineKind.RECURRING, Decimal(12), Decimal("31.50"), "Monthly")
    return replace(plain, **changes)


def licence(number: int = 1, **changes: Any) -> Licence:
    plain = Licence(number, 7, "MS-365", Decimal(12), Decimal("31.5"), None, "Monthly")
    return replace(plain, **changes)


T = TypeVar("T")


def row_of(make: Callable[..., T], *choices: Sequence[object]) -> st.SearchStrategy[T]:
    """Return what `make` makes of one value of each column, drawn as one number: each draw takes its time."""

    def row(number: int) -> T:
        values = []
        for choice in choices:
            number, at = divmod(number, len(choice))
            values.append(choice[at])
        return make(*values)

    return st.integers(0, prod(map(len, choices)) - 1).map(row)


def together(*values: object) -> tuple[Any, ...]:
    return values


def through_a_double(value: Decimal) -> Decimal:
    return Decimal(repr(float(value)))


# Strategies are made once: to make one takes longer than to draw from it.
KINDS = [LineKind.RECURRING] * 5 + [LineKind.PRORATION, LineKind.CREDIT]
LINES = st.lists(row_of(partial(Line, 0), CUSTOMER_IDS, NAMES, CODES, KINDS, QUANTITIES, PRICES, CYCLES), max_size=8)
DOUBLES = [[*map(through_a_double, each), None] for each in (QUANTITIES, PRICES, PRICES)]
CLIENTS = row_of(partial(Client, 0), CLIENT_NAMES, [False, True])
PRODUCT_LINKS = st.lists(row_of(together, CODES, [*CODES, "Linked"]), max_size=2)
GUARDS = [DeleteGuard(count, share) for count in range(3) for share in (Decimal(0), Decimal("0.25"))]
LICENCE_IDS = [(), (1, 3), (2, 4, 5), (1, 2, 3, 4, 5, 6, 7, 8)]
EIGHT_MARKS = st.lists(
    row_of(together, [None, None, None, "snowid", "azure_connection_id"], [None, 0, 1]), min_size=8, max_size=8
)


def of_clients(many: int) -> st.SearchStrategy[tuple[list[Client], list[Licence], list[tuple[str, CustomerLink]]]]:
    """Return so many clients, their licences and links to them; rows have no numbers yet."""
    ids = list(range(1, 1 + many))
    licences = row_of(partial(Licence, 0), ids, CODES, *DOUBLES, [*CYCLES, None], [True, True, False])
    links = row_of(
        lambda customer_id, *link: (customer_id, CustomerLink(*link)),
        *(CUSTOMER_IDS, [*ids * 4, None, 99], [False] * 5 + [True]),
    )
    return st.tuples(
        st.lists(CLIENTS, min_size=many, max_size=many),
        st.lists(licences, max_size=8),
        st.lists(links, min_size=1, max_size=4),
    )


OF_CLIENTS = st.one_of(*map(of_clients, range(1, 5)))
WAYS: list[Sequence[object]] = [list(Removal), list(Cleanup), list(PriceField)]
PLAIN = row_of(together, *WAYS, [None], LICENCE_IDS, LICENCE_IDS, [None])
GUARDED = row_of(together, *WAYS, GUARDS, LICENCE_IDS, LICENCE_IDS, [*[None] * 4, 0, 1, 2, 3])
SHARED = row_of(
    together,
    *([False, False, True], [{}, {"annual": "Yearly"}], [None, None, 1]),
    *(LICENCE_IDS, LICENCE_IDS, [False, True], [*[None] * 5, 0, 1, 2, 3, 4]),
)


@st.composite
def worlds(draw: st.DrawFn, *, guarded: bool = False) -> PlanInput:
    lines = draw(LINES)
    clients, licences, links = draw(OF_CLIENTS)
    *settings, owned, removed, approved = draw(GUARDED if guarded else PLAIN)
    return PlanInput(
        lines=[replace(each, line_no=number) for number, each in enumerate(lines, start=1)],
        clients=[replace(each, id=number) for number, each in enumerate(clients, start=1)],
        licences=[replace(each, id=number) for number, each in enumerate(licences, start=1)],
        customer_links=dict(links),
        product_links=dict(draw(PRODUCT_LINKS)),
        settings=PlanSettings(*settings),
        owned=frozenset(owned),
        removed=frozenset(removed),
        approve_removals=approved,
    )


@st.composite
def shared_worlds(draw: st.DrawFn) -> PlanInput:
    """A world in which others write too: marks, types, other partners, what is kept; and a review that may be due."""
    inputs = draw(worlds(guarded=True))
    marks = draw(EIGHT_MARKS)
    adopt, cycles, of_type, of_others, kept, due, approved = draw(SHARED)
    return replace(
        inputs,
        licences=[
            replace(each, foreign_mark=mark, licence_type=kind)
            for each, (mark, kind) in zip(inputs.licences, marks, strict=False)
        ],
        settings=replace(inputs.settings, adopt_foreign=adopt, billing_cycles=cycles, licence_type=of_type),
        owned_by_others=frozenset(of_others),
        kept=frozenset(kept),
        review_due=due,
        approve_review=approved,
    )


@dataclass
class ModelHalo:
    """Holds doubles, keeps deleted licences when its delete is soft, and gives every create a new id."""

    rows: dict[int, Licence]
    soft: bool = False
    removed: set[int] = field(default_factory=set)
    owned: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, inputs: PlanInput, *, soft: bool = False) -> "ModelHalo":
        rows = {each.id: each for each in inputs.licences}
        return cls(rows, soft, set(inputs.removed), set(inputs.owned))

    def apply(self, items: Iterable[PlannedItem], settings: PlanSettings) -> None:
        for item in items:
            if item.outcome is Outcome.PENDING:
                self._apply(item, settings)

    def _apply(self, item: PlannedItem, settings: PlanSettings) -> None:
        if item.action is Action.DELETE and settings.removal is Removal.DELETE:
            assert item.halo_licence_id is not None
            self.removed.add(item.halo_licence_id)
            gone = self.rows.pop(item.halo_licence_id)
            if self.soft:
                self.rows[gone.id] = replace(gone, is_active=False)
            return
        if item.action is Action.CREATE:
            assert item.halo_client_id is not None
            assert item.set_name is not None
            number = max({*self.rows, *self.removed}, default=100) + 100  # no number is given twice
            row = Licence(number, item.halo_client_id, item.set_name, None, None, None, None)
            if item.restores is not None:
                row = self._as_before(row, item, settings)
        else:
            assert item.halo_licence_id is not None
            row = self.rows[item.halo_licence_id]
        self.rows[row.id] = self._written(row, item, settings)
        self.owned.add(row.id)

    def _as_before(self, row: Licence, item: PlannedItem, settings: PlanSettings) -> Licence:
        assert item.was is not None
        assert item.after is not None
        prices = other_prices(settings.price_field, item.after.price, item.was.other_price)
        return replace(
            row,
            price=prices.get(PriceField.PRICE),
            purchase_price=prices.get(PriceField.PURCHASE_PRICE),
            licence_type=item.was.licence_type,
        )

    def _written(self, row: Licence, item: PlannedItem, settings: PlanSettings) -> Licence:
        assert item.after is not None
        row = replace(
            row,
            name=item.set_name or row.name,
            quantity=None if item.after.quantity is None else through_a_double(item.after.quantity),
            billing_cycle=item.after.billing_cycle,
            is_active=item.after.active,
        )
        price = None if item.after.price is None else through_a_double(item.after.price)
        match settings.price_field:
            case PriceField.PRICE:
                return replace(row, price=price)
            case PriceField.PURCHASE_PRICE:
                return replace(row, purchase_price=price)
            case PriceField.NONE:
                return row

    def read(self, inputs: PlanInput) -> PlanInput:
        """Return the inputs of the next run of the same invoice."""
        return replace(
            inputs, licences=list(self.rows.values()), removed=frozenset(self.removed), owned=frozenset(self.owned)
        )
