"""What a Halo keeps of what it is sent: it may round, normalise or ignore a field (halo-api section 5)."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from html import escape
from math import trunc
from typing import Any

from halo_sandbox.settings import TenantSettings

_CENT = Decimal("0.01")


def kept(fields: Mapping[str, Any], settings: TenantSettings) -> dict[str, Any]:
    """Return what is stored of the fields of a row."""
    return {
        name: _KEEP.get(name, _as_sent)(value, settings)
        for name, value in fields.items()
        if name not in settings.ignored_fields
    }


def _as_sent(value: object, _settings: TenantSettings) -> object:
    return value


def _name(value: Any, settings: TenantSettings) -> Any:
    match settings.kept_names:
        case "escaped":
            return escape(value)
        case "cut":
            return value[: settings.name_length]
        case "trimmed":
            return value.strip()
        case "as_sent":
            return value


def _count(value: Any, settings: TenantSettings) -> Any:
    return value if settings.kept_counts == "as_sent" else float(trunc(value))


def _price(value: object, settings: TenantSettings) -> object:
    return value if settings.kept_prices == "as_sent" else float(Decimal(repr(value)).quantize(_CENT))


def _cycle(value: Any, settings: TenantSettings) -> Any:
    return settings.kept_cycles.get(value, value)


_KEEP: Mapping[str, Callable[[object, TenantSettings], object]] = {
    "name": _name,
    "count": _count,
    "price": _price,
    "purchase_price": _price,
    "billing_cycle": _cycle,
}
