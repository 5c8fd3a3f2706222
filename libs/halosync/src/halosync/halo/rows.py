"""The rows of Halo's lists as values (spec section 9, "Lenient where no licence hangs on it").

What can only mean one thing is taken: numbers and flags as text, absent fields as null. What is still not understood
is a failed read where a licence or its price hangs on it, and says which row it is; in a row that no plan looks at
(a licence that is deleted, or nobody's) it counts as unset.
"""

from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from typing import Any, Literal, TypeAlias, TypeVar

from halosync.domain.details import stamp_in
from halosync.domain.foreign_marks import is_mark
from halosync.domain.model import Client, Licence, SeenLicence
from halosync.ports.failures import UnreadableRowError

NO_CLIENT = 0
"""The client of a licence that Halo shows with none."""

HaloRow: TypeAlias = dict[str, Any]
"""A row as Halo sent it, or is to get it; what its values are is not known."""

MOST_NOTES = 2_000
"""How many characters of a licence's notes are read."""

MOST_SKU = 500
"""How many characters of a licence's product code are kept."""

_MOST_ID = 2**63 - 1
"""What Postgres can number; more is no Halo."""

_MOST_DIGITS, _MOST_EXPONENT = 400, 308
"""A double has no more of either; a longer number is none of Halo's."""

T = TypeVar("T")


def client(row: object, position: int) -> Client:
    """Return a client; `position` counts the page's rows from 1.

    Raises:
        UnreadableRowError: it is none, or a field that a plan depends on is not understood.
    """
    fields = _Fields("client", row, position)
    return Client(
        id=fields.id,
        name=fields.take("name", text) or "",
        inactive=fields.take("inactive", flag) or False,
    )


def licence(row: object, position: int, foreign_marks: tuple[str, ...]) -> SeenLicence:
    """Return a licence; as `client`. `foreign_marks` are the fields by which other integrations mark theirs."""
    return _plain(row, foreign_marks) or _by_field(row, position, foreign_marks)


def _plain(row: Any, foreign_marks: tuple[str, ...]) -> SeenLicence | None:
    """Return a licence that is there and written as Halo writes it; None: it is to be looked at field by field.

    Nearly all are plain, and field by field takes two to three times as long.
    """
    if type(row) is not dict:
        return None
    get = row.get
    number_of, client_id, kind, active = get("id"), get("client_id"), get("type"), get("is_active")
    name, cycle, notes, sku = get("name"), get("billing_cycle"), get("notes"), get("product_sku")
    count, price, cost = get("count"), get("price"), get("purchase_price")
    if not (
        type(number_of) is type(client_id) is int
        and 0 < number_of <= _MOST_ID
        and NO_CLIENT < client_id <= _MOST_ID
        and (kind is None or (type(kind) is int and 0 <= kind <= _MOST_ID))
        and (get("deleted") is None or get("deleted") is False)
        and (active is None or active is True or active is False)
        and type(name) is str
        and (cycle is None or type(cycle) is str)
        and (notes is None or type(notes) is str)
        and (sku is None or type(sku) is str)
        and (whole_text := f"{name}{cycle}{sku}").isascii()
        and "\0" not in whole_text
        and type(count) in _NUMBERS
        and type(price) in _NUMBERS
        and type(cost) in _NUMBERS
        and not any(map(get, foreign_marks))
    ):
        return None
    try:
        of = (number_of, client_id, name, number(count), number(price), number(cost), cycle, active is not False)
    except ValueError:
        return None
    stamp = None if notes is None else stamp_in(notes[:MOST_NOTES])
    return SeenLicence(Licence(*of, None, kind, stamp, None if sku is None else sku[:MOST_SKU] or None))


_NUMBERS = frozenset({float, int, type(None)})


def _by_field(row: object, position: int, foreign_marks: tuple[str, ...]) -> SeenLicence:
    fields = _Fields("licence", row, position)
    deleted = fields.take("deleted", flag) or False
    client_id = fields.take("client_id", whole) or NO_CLIENT
    if deleted or client_id == NO_CLIENT:
        fields.must_be_understood = False
    is_active = fields.take("is_active", flag)
    return SeenLicence(
        Licence(
            id=fields.id,
            client_id=client_id,
            name=fields.take("name", text) or "",
            quantity=fields.take("count", number),
            price=fields.take("price", number),
            purchase_price=fields.take("purchase_price", number),
            billing_cycle=fields.take("billing_cycle", text),
            is_active=True if is_active is None else is_active,
            foreign_mark=next((name for name in foreign_marks if is_mark(fields.row.get(name))), None),
            licence_type=fields.lenient("type", whole),
            stamp=stamp_in((fields.lenient("notes", text) or "")[:MOST_NOTES]),
            product_sku=(fields.lenient("product_sku", text) or "")[:MOST_SKU] or None,
        ),
        deleted=deleted,
    )


class _Fields:
    """The fields of one row, and how a complaint names it."""

    def __init__(self, what: Literal["client", "licence"], row: object, position: int) -> None:
        self._name = f"row {position} of the page"
        self._what = what
        self.must_be_understood = True
        if not isinstance(row, dict):
            raise self._unreadable("is no object")
        self.row: HaloRow = row
        found = self.take("id", whole)
        if found is None:
            raise self._unreadable("has no id")
        self.id = found
        self._name = str(found)

    def take(self, field: str, parse: Callable[[object], T | None]) -> T | None:
        """Return a field's value; None when it is absent or null, or not understood where nothing depends on it."""
        value = self.row.get(field)
        try:
            return parse(value)
        except (TypeError, ValueError, ArithmeticError) as error:
            if self.must_be_understood:
                raise self._unreadable(f"has the {field} {_shown(value)}, which is {error}") from None
            return None

    def lenient(self, field: str, parse: Callable[[object], T | None]) -> T | None:
        """Return a field's value; None where it is not understood."""
        try:
            return parse(self.row.get(field))
        except (TypeError, ValueError, ArithmeticError):
            return None

    def _unreadable(self, why: str) -> UnreadableRowError:
        return UnreadableRowError(f"{self._what} {self._name} {why}")


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:60]}…"


def whole(value: object, most: int = _MOST_ID) -> int | None:
    """Return a whole number, also from text or from a double without a fraction; None for nothing.

    Raises:
        ValueError: it is none, or more than `most`.
    """
    if type(value) is int and abs(value) <= most:  # as nearly all of them are
        return value
    found = number(value)
    if found is None:
        return None
    if found != found.to_integral_value():
        raise ValueError("no whole number")
    if abs(found) > most:
        raise ValueError("too large a number")
    return int(found)


def number(value: object) -> Decimal | None:
    """Return a number by its shortest text, which is a double's exact identity, also from text; None for nothing.

    Raises:
        ValueError: it is none.
    """
    if type(value) is float and isfinite(value):  # as nearly all of them are
        return Decimal(str(value))
    if type(value) is int and abs(value) <= _MOST_ID:
        return Decimal(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    written = str(value).strip()
    # Digits of other scripts and underscores are read by Python, and written by no Halo.
    odd = isinstance(value, bool) or not isinstance(value, int | float | str) or not written.isascii() or "_" in written
    if odd or len(written) > _MOST_DIGITS:
        raise ValueError("no number")
    try:
        found = Decimal(written)
    except ArithmeticError:
        raise ValueError("no number") from None
    if not found.is_finite():
        raise ValueError("no number")
    if found and abs(found.adjusted()) > _MOST_EXPONENT + 16:  # the smallest double but 0 is 5E-324
        raise ValueError("no number that Halo can hold")
    return found


def flag(value: object) -> bool | None:
    """Return true or false, also from 1 and 0 and from text; None for nothing.

    Raises:
        ValueError: it is neither.
    """
    if value is None or value is True or value is False:
        return value
    if value == "":
        return None
    match str(value).strip().lower() if isinstance(value, str | int | float) else value:
        case "true" | "1" | "1.0":
            return True
        case "false" | "0" | "0.0":
            return False
        case _:
            raise ValueError("neither true nor false")


def text(value: object) -> str | None:
    """Return a text as it can be shown and stored: Postgres holds no NUL and no half of a character; None for nothing.

    Raises:
        TypeError: it is a list or an object.
    """
    if value is None:
        return None
    if not isinstance(value, str | int | float):
        raise TypeError("no text")
    written = str(value)
    if written.isascii() and "\0" not in written:
        return written
    return written.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
