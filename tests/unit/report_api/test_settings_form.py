"""The form of the settings: text to settings and back, and a sentence for everything that cannot be right."""

from decimal import Decimal

import pytest
from halosync.contracts.settings import DeleteGuard, PartnerSettings, RateLimit
from hypothesis import given
from hypothesis import strategies as st
from report_api.settings.form import MESSAGES, NAMES, fingerprint, form_of, settings_of

USUAL = RateLimit(requests=500, window_s=300)
EVERY = [
    PartnerSettings(),
    PartnerSettings(delete_guard=None, country="AU", invoice_day=28),
    PartnerSettings(
        auto_sync=True,
        removal="deactivate",
        cleanup="owned",
        price_field="none",
        delete_guard=DeleteGuard(max_count=0, max_fraction=Decimal("0.125")),
        rate_limit=RateLimit(requests=100, window_s=2.5),
        review_first_sync=False,
        adopt_foreign=True,
        billing_cycles={"Annual": "Yearly", "per  month": "Monatlich \u00e4"},
        licence_type=0,
        details=False,
        email_notices=False,
        on_drift="hold",
    ),
]


@pytest.mark.parametrize("settings", EVERY)
def test_what_is_shown_is_read_as_the_same(settings: PartnerSettings) -> None:
    entered = form_of(settings, USUAL)
    assert set(entered) == set(NAMES)
    assert settings_of(entered) == (settings, {})


@given(
    st.floats(0, 86_400, exclude_min=True, allow_subnormal=False),
    st.decimals(0, 1, places=6, allow_nan=False),
    st.integers(0, 1_000_000),
)
def test_saving_what_is_shown_changes_nothing(window_s: float, fraction: Decimal, count: int) -> None:
    settings = PartnerSettings(
        delete_guard=DeleteGuard(max_count=count, max_fraction=fraction),
        rate_limit=RateLimit(requests=100, window_s=window_s),
    )
    assert settings_of(form_of(settings, USUAL)) == (settings, {})


@pytest.mark.parametrize(
    ("field", "text"),
    [
        *[("guard_max_count", text) for text in ("", "ten", "-1", "1.5", "1000001", "1,000", "1_000", "true")],
        *[("guard_percent", text) for text in ("", "a", "101", "-1", "0.12345", "\u0662\u0665", "2_5", "1e9999999")],
        *[("rate_requests", text) for text in ("", "0", "100001", "\uff11\uff10\uff10")],
        *[("rate_window_s", text) for text in ("", "0", "inf", "nan", "86401", "3_00", "5 minutes")],
        *[("country", text) for text in ("XX", "au", "Australia")],
        *[("licence_type", text) for text in ("-1", "one", "1.5", "2147483648", "1_0")],
        *[("billing_cycles", text) for text in ("Annual", "= Yearly", "a = ", "a = b\r\na = c", "a = b = c", "a = \0")],
        *[("invoice_day", text) for text in ("", "0", "29", "5th", "\u0665")],
        *[(field, text) for field in ("removal", "cleanup", "price_field") for text in ("", "other")],
    ],
)
def test_what_cannot_be_right_is_named_with_what_to_enter(field: str, text: str) -> None:
    entered = {**form_of(PartnerSettings(), USUAL), "rate": "own", field: text}
    assert settings_of(entered) == (None, {field: MESSAGES[field]})


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_page() -> None:
    entered = {**dict.fromkeys(NAMES, "?"), "guard": "on", "rate": "own"}
    settings, errors = settings_of(entered)
    assert settings is None
    assert list(errors) == list(MESSAGES)


def test_fields_of_what_is_switched_off_are_not_judged() -> None:
    entered = {**form_of(PartnerSettings(), USUAL), "guard": "", "guard_percent": "?", "rate_requests": "?"}
    settings, errors = settings_of(entered)
    assert settings == PartnerSettings(delete_guard=None)
    assert not errors


@pytest.mark.parametrize(("text", "fraction"), [("12.5", "0.125"), ("12,5", "0.125"), ("25 %", "0.25"), ("100", "1")])
def test_a_percentage_may_be_written_as_people_do(text: str, fraction: str) -> None:
    settings, _ = settings_of({**form_of(PartnerSettings(), USUAL), "guard_percent": text})
    assert settings is not None
    assert settings.delete_guard == DeleteGuard(max_fraction=Decimal(fraction))


@pytest.mark.parametrize("text", ["Annual = Yearly", "\r\n Annual=Yearly \r\n\r\n", "Annual  =  Yearly"])
def test_pairs_of_words_stand_one_on_each_line(text: str) -> None:
    settings, _ = settings_of({**form_of(PartnerSettings(), USUAL), "billing_cycles": text})
    assert settings == PartnerSettings(billing_cycles={"Annual": "Yearly"})


def test_a_fingerprint_tells_settings_apart() -> None:
    assert len({fingerprint(settings) for settings in EVERY}) == len(EVERY)
    assert fingerprint(PartnerSettings()) == fingerprint(PartnerSettings())
