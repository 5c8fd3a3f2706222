"""Small worlds in which names collide, and a Halo that is nothing but a dictionary."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from halosync.domain.model import (
    Action,
    Cleanup,
    Client,
    CustomerLink,
    DeleteGuard,
    Kind,
    Licence,
    Line,
    Outcome,
    PlanInput,
    PlannedItem,
    PlanSettings,
    PriceField,
    Removal,
)
from hypothesis import strategies as st

CUSTOMER_IDS = ["C-1", "C-2", "C-3", "C-4"]
NAMES = ["Søns", "SØNS", " søns ", "So\u0308ns", "S\u00f6ns", "Straße", "STRASSE", "Ａcme", "acme"]
CODES = ["MS-365", "ms-365", "MS 365", "MS  365", "Ｍ", "m", "Z"]
CYCLES = ["Monthly", "Annual"]
QUANTITIES = [Decimal(text) for text in ("0", "0.0", "1", "2.50", "0.1", "-1", "12345678901234567890.12345")]
PRICES = [Decimal(text) for text in ("0", "31.5", "31.50", "0.1", "0.12345678901234567890123")]


def line(line_no: int = 1, **changes: object) -> Line:
    plain = Line(line_no, "C-1", "Contoso", "MS-365", Kind.RECURRING, Decimal(12), Decimal("31.50"), "Monthly")
    return replace(plain, **changes)  # type: ignore[arg-type]  # replace checks no keyword types of a mapping


def licence(number: int = 1, **changes: object) -> Licence:
    plain = Licence(number, 7, "MS-365", Decimal(12), Decimal("31.5"), None, "Monthly")
    return replace(plain, **changes)  # type: ignore[arg-type]  # as above


@st.composite
def worlds(draw: st.DrawFn, *, guarded: bool = False) -> PlanInput:
    client_ids = list(range(1, 1 + draw(st.integers(1, 4))))
    lines = draw(
        st.lists(
            st.builds(
                Line,
                line_no=st.just(0),
                customer_id=st.sampled_from(CUSTOMER_IDS),
                customer_name=st.sampled_from(NAMES),
                product_code=st.sampled_from(CODES),
                kind=st.sampled_from([Kind.RECURRING, Kind.RECURRING, Kind.RECURRING, Kind.PRORATION, Kind.CREDIT]),
                quantity=st.sampled_from(QUANTITIES),
                unit_price=st.sampled_from(PRICES),
                billing_cycle=st.sampled_from(CYCLES),
            ),
            max_size=8,
        )
    )
    observed = draw(
        st.lists(
            st.builds(
                Licence,
                id=st.just(0),
                client_id=st.sampled_from(client_ids),
                name=st.sampled_from(CODES),
                quantity=st.none() | st.sampled_from(QUANTITIES).map(through_a_double),
                price=st.none() | st.sampled_from(PRICES).map(through_a_double),
                purchase_price=st.none() | st.sampled_from(PRICES).map(through_a_double),
                billing_cycle=st.none() | st.sampled_from(CYCLES),
                is_active=st.booleans(),
            ),
            max_size=8,
        )
    )
    licences = [replace(each, id=number) for number, each in enumerate(observed, start=1)]
    licence_ids = st.frozensets(st.integers(1, 8))
    link = st.builds(CustomerLink, st.none() | st.sampled_from([*client_ids, 99]), st.booleans())
    guards: st.SearchStrategy[DeleteGuard | None] = st.none()
    if guarded:
        guards = st.builds(DeleteGuard, st.integers(0, 2), st.sampled_from([Decimal(0), Decimal("0.25")]))
    return PlanInput(
        lines=[replace(each, line_no=number) for number, each in enumerate(lines, start=1)],
        clients=draw(
            st.tuples(
                *[st.builds(Client, st.just(each), st.sampled_from(NAMES), st.booleans()) for each in client_ids]
            ).map(list)
        ),
        licences=licences,
        customer_links=draw(st.dictionaries(st.sampled_from(CUSTOMER_IDS), link, max_size=3)),
        product_links=draw(st.dictionaries(st.sampled_from(CODES), st.sampled_from([*CODES, "Linked"]), max_size=2)),
        settings=PlanSettings(
            removal=draw(st.sampled_from(Removal)),
            cleanup=draw(st.sampled_from(Cleanup)),
            price_field=draw(st.sampled_from(PriceField)),
            delete_guard=draw(guards),
        ),
        owned=draw(licence_ids),
        removed=draw(licence_ids),
        approve_removals=draw(st.none() | st.integers(0, 3)) if guarded else None,
    )


def through_a_double(value: Decimal) -> Decimal:
    return Decimal(repr(float(value)))


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
            number = max(self.rows, default=100) + 100
            row = Licence(number, item.halo_client_id, item.set_name, None, None, None, None)
        else:
            assert item.halo_licence_id is not None
            row = self.rows[item.halo_licence_id]
        self.rows[row.id] = self._written(row, item, settings)
        self.owned.add(row.id)

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
