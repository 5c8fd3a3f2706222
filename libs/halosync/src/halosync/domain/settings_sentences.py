"""What became of a partner's settings, for people."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from halosync.domain.countries import country_name
from halosync.domain.decimals import percent
from halosync.domain.listing import counted

_SETTINGS = {
    "auto_sync": "automatic sync",
    "removal": "what to do with a removed licence",
    "cleanup": "which licences are cleaned up",
    "price_field": "where the price goes",
    "delete_guard": "the delete guard",
    "rate_limit": "the request limit",
    "country": "the holiday country",
    "invoice_day": "the invoice day",
    "allow_shared_tenant": "sharing its Halo with another partner",
    "review_first_sync": "the first review",
    "adopt_foreign": "taking over licences of other programs",
    "billing_cycles": "the words for billing cycles",
    "licence_type": "the type of licence",
    "details": "details of new licences",
    "email_notices": "e-mail notices",
    "on_drift": "what happens to licences that somebody has edited in Halo",
}
_CHOICES = {
    "removal": {"delete": "delete it", "deactivate": "deactivate it", "zero": "set its quantity to zero"},
    "cleanup": {"all": "all that are not on the invoice", "owned": "only those that Converge wrote"},
    "on_drift": {"overwrite": "overwrite them", "hold": "ask first"},
    "price_field": {"price": "price", "purchase_price": "purchase price", "none": "nowhere"},
}
_UNSET = {"delete_guard": "off", "rate_limit": "the services' default", "country": "none", "licence_type": "any"}


def describe_changes(changes: Mapping[str, Sequence[object]]) -> str:
    """Say what became of settings, in their usual order: `automatic sync from off to on; the invoice day from 5 to 7`.

    Args:
        changes: the old and the new value of each, as the API's JSON has them.
    """
    known = [*_SETTINGS]
    names = sorted(changes, key=lambda name: known.index(name) if name in known else len(known))
    return "; ".join(
        f"{_SETTINGS.get(name, name)} from {_value(name, changes[name][0])} to {_value(name, changes[name][1])}"
        for name in names
    )


def _value(setting: str, value: object) -> str:
    if value is None:
        return _UNSET.get(setting, "none")
    if isinstance(value, bool):
        return "on" if value else "off"
    if setting in _TOLD:
        return _TOLD[setting](value)
    return f'"{_CHOICES.get(setting, {}).get(value, value)}"' if isinstance(value, str) else str(value)


def _guard(value: Mapping[str, Any]) -> str:
    return f"more than {value['max_count']} and more than {percent(Decimal(value['max_fraction']))} %"


def _words(value: Mapping[str, str]) -> str:
    return ", ".join(f'"{word}" is "{halo}"' for word, halo in sorted(value.items())) or "none"


_TOLD: Mapping[str, Callable[[Any], str]] = {
    "delete_guard": _guard,
    "rate_limit": lambda value: f"{counted(value['requests'], 'request')} in {value['window_s']:g} seconds",
    "billing_cycles": _words,
    "country": country_name,
}
"""Settings whose values are neither words, numbers nor switches."""
