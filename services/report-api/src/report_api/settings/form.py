"""The form of the settings: what it shows of stored settings, and what was entered as settings again.

Everything in a form is text. A field that cannot be right keeps what was entered, with a sentence on what to enter.
"""

import hashlib
from collections.abc import Mapping
from decimal import Decimal

from halosync.contracts.settings import DeleteGuard, PartnerSettings, RateLimit
from halosync.contracts.values import number
from halosync.domain.decimals import plain
from pydantic import ValidationError

ON = "on"
OWN = "own"
_CHOOSE = "Choose one of these."

MESSAGES: Mapping[str, str] = {
    "removal": _CHOOSE,
    "cleanup": _CHOOSE,
    "on_drift": _CHOOSE,
    "guard_max_count": "Enter a whole number of licences from 0 to 1,000,000, without commas: 10.",
    "guard_percent": "Enter a percentage from 0 to 100 with at most 4 digits behind the point: 25.",
    "price_field": _CHOOSE,
    "licence_type": "Enter Halo's number of the type, a whole number from 0: 1. Leave it empty for every type.",
    "billing_cycles": "Write a pair on each line, the invoice's word, an equals sign, Halo's word: Annual = Yearly.",
    "rate_requests": "Enter a whole number of requests from 1 to 100,000, without commas: 500.",
    "rate_window_s": "Enter a number of seconds above 0 and up to 86400, which is a day: 300.",
    "country": "Choose one of the countries of the list.",
    "invoice_day": "Enter a day of the month from 1 to 28: 5.",
}
"""What to enter in each field, in the order of the page."""

_FIELDS = {
    "delete_guard.max_count": "guard_max_count",
    "delete_guard.max_fraction": "guard_percent",
    "rate_limit.requests": "rate_requests",
    "rate_limit.window_s": "rate_window_s",
}
"""Fields of the form that are called otherwise in the settings."""

NAMES = ("auto_sync", "review_first_sync", "adopt_foreign", "details", "email_notices", "guard", "rate", *MESSAGES)
"""All fields of the form."""

FormFields = Mapping[str, str]
"""What the form holds, by the names of its fields."""


def form_of(settings: PartnerSettings, usual: RateLimit) -> FormFields:
    """Return what the form shows of settings; `usual` is the services' request limit.

    The fields of what is switched off show what they would begin with.
    """
    guard, rate = settings.delete_guard or DeleteGuard(), settings.rate_limit or usual
    return {
        "auto_sync": ON if settings.auto_sync else "",
        "removal": settings.removal,
        "cleanup": settings.cleanup,
        "on_drift": settings.on_drift,
        "guard": ON if settings.delete_guard else "",
        "guard_max_count": str(guard.max_count),
        "guard_percent": plain((guard.max_fraction * 100).normalize()),
        "price_field": settings.price_field,
        "review_first_sync": ON if settings.review_first_sync else "",
        "adopt_foreign": ON if settings.adopt_foreign else "",
        "details": ON if settings.details else "",
        "email_notices": ON if settings.email_notices else "",
        "licence_type": "" if settings.licence_type is None else str(settings.licence_type),
        "billing_cycles": "\n".join(f"{word} = {halo}" for word, halo in sorted(settings.billing_cycles.items())),
        "rate": OWN if settings.rate_limit else "",
        "rate_requests": str(rate.requests),
        "rate_window_s": plain(Decimal(repr(rate.window_s)).normalize()),
        "country": settings.country or "",
        "invoice_day": str(settings.invoice_day),
    }


def settings_of(entered: FormFields) -> tuple[PartnerSettings | None, Mapping[str, str]]:
    """Return what was entered as settings, or None and what is wrong, by field in the order of the page."""
    guard = {"max_count": entered["guard_max_count"], "max_fraction": _fraction(entered["guard_percent"])}
    rate = {"requests": entered["rate_requests"], "window_s": entered["rate_window_s"]}
    wanted: dict[str, object] = {
        "auto_sync": entered["auto_sync"] == ON,
        "removal": entered["removal"],
        "cleanup": entered["cleanup"],
        "on_drift": entered["on_drift"],
        "price_field": entered["price_field"],
        "review_first_sync": entered["review_first_sync"] == ON,
        "adopt_foreign": entered["adopt_foreign"] == ON,
        "details": entered["details"] == ON,
        "email_notices": entered["email_notices"] == ON,
        "licence_type": entered["licence_type"] or None,
        "billing_cycles": _words(entered["billing_cycles"]),
        "delete_guard": guard if entered["guard"] == ON else None,
        "rate_limit": rate if entered["rate"] == OWN else None,
        "country": entered["country"] or None,
        "invoice_day": entered["invoice_day"],
    }
    try:
        return PartnerSettings.model_validate(wanted), {}
    except ValidationError as error:
        paths = {".".join(map(str, problem["loc"])) for problem in error.errors()}
    wrong = {_FIELDS.get(path, path if path in MESSAGES else path.partition(".")[0]) for path in paths}
    return None, {field: message for field, message in MESSAGES.items() if field in wrong}


def fingerprint(settings: PartnerSettings) -> str:
    """Return what tells settings from others: a form carries it, so that nobody overwrites what he has not seen."""
    return hashlib.sha256(settings.model_dump_json().encode()).hexdigest()[:16]


def _words(text: str) -> dict[str, str] | str:
    """Return lines of pairs as a table; what is none stays as it is, and is refused with the rest.

    The invoice's word comes once; no word holds an equals sign.
    """
    pairs = [line.partition("=") for line in text.split("\n") if line.strip()]
    words = {word.strip(): halo.strip() for word, _, halo in pairs}
    return words if all(sign for _, sign, _ in pairs) and len(words) == len(pairs) else text


def _fraction(percent: str) -> Decimal | str:
    """Return a percentage as a fraction; what is no number stays as it is, and is refused with the rest."""
    try:
        written = number(percent.removesuffix("%").strip().replace(",", "."))
        return Decimal(str(written)) / 100
    except (ValueError, ArithmeticError):  # no number, or one that no decimal can hold
        return percent
