"""What a Halo keeps of what it is sent: it may round, normalise or ignore a field (halo-api section 5)."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from html import escape
from math import trunc

from halo_sandbox.json_object import JsonObject
from halo_sandbox.settings import TenantSettings

_CENT = Decimal("0.01")


def kept(fields: Mapping[str, object], settings: TenantSettings) -> JsonObject:
    """Return what is stored of the fields of a row."""
    return {
        name: _KEEP.get(name, _as_sent)(value, settings)
        for name, value in fields.items()
        if name not in settings.ignored_fields
    }


def _as_sent(value: object, _settings: TenantSettings) -> object:
    return value


def _name(value: str, settings: TenantSettings) -> str:
    match settings.kept_names:
        case "escaped":
            return escape(value)
        case "cut":
            return value[: settings.name_length]
        case "trimmed":
            return value.strip()
        case "as_sent":
            return value


def _count(value: float, settings: TenantSettings) -> float:
    return value if settings.kept_counts == "as_sent" else float(trunc(value))


def _price(value: float, settings: TenantSettings) -> float:
    return value if settings.kept_prices == "as_sent" else float(Decimal(repr(value)).quantize(_CENT))


def _cycle(value: str, settings: TenantSettings) -> str:
    return settings.kept_cycles.get(value, value)


_KEEP: Mapping[str, Callable[..., object]] = {
    "name": _name,
    "count": _count,
    "price": _price,
    "purchase_price": _price,
    "billing_cycle": _cycle,
}
