"""The partner's settings: what is left out has its default, and a typing mistake is told (spec section 3)."""

import json
from decimal import Decimal

import pytest
from halosync.contracts.settings import PartnerSettings
from pydantic import ValidationError

from tests.usual_settings import USUAL_SETTINGS


def test_what_is_left_out_has_the_default() -> None:
    assert json.loads(PartnerSettings().model_dump_json()) == USUAL_SETTINGS


@pytest.mark.parametrize(
    "chosen",
    [
        {"delete_guard": None},
        {"delete_guard": {"max_count": 0, "max_fraction": "0"}},
        {"rate_limit": {"requests": 100_000, "window_s": 0.5}},
        {"country": "AU", "invoice_day": 28},
        {"removal": "zero", "cleanup": "owned", "price_field": "none", "auto_sync": True},
        {"review_first_sync": False, "adopt_foreign": True, "details": False, "licence_type": 0},
        {"billing_cycles": {"Annual": "Yearly", "per month": "Monthly"}, "licence_type": None},
    ],
)
def test_what_is_chosen_comes_back_as_it_was(chosen: dict[str, object]) -> None:
    settings = PartnerSettings.model_validate_json(json.dumps(chosen))
    assert json.loads(settings.model_dump_json()) == USUAL_SETTINGS | chosen


def test_a_guard_that_names_one_threshold_keeps_the_default_of_the_other() -> None:
    guard = PartnerSettings.model_validate({"delete_guard": {"max_count": 0}}).delete_guard
    assert guard is not None
    assert (guard.max_count, guard.max_fraction) == (0, Decimal("0.25"))


@pytest.mark.parametrize(
    ("chosen", "field"),
    [
        ({"removel": "delete"}, "removel"),
        ({"removal": "remove"}, "removal"),
        ({"delete_guard": {"max_cuont": 3}}, "delete_guard.max_cuont"),
        ({"delete_guard": {"max_count": -1}}, "delete_guard.max_count"),
        ({"delete_guard": {"max_count": True}}, "delete_guard.max_count"),
        ({"delete_guard": {"max_fraction": "1.01"}}, "delete_guard.max_fraction"),
        ({"delete_guard": {"max_fraction": "NaN"}}, "delete_guard.max_fraction"),
        ({"rate_limit": {"requests": 0, "window_s": 300}}, "rate_limit.requests"),
        ({"rate_limit": {"requests": 100_001, "window_s": 300}}, "rate_limit.requests"),
        ({"rate_limit": {"requests": 500}}, "rate_limit.window_s"),
        ({"rate_limit": {"requests": 500, "window_s": 0}}, "rate_limit.window_s"),
        ({"rate_limit": {"requests": 500, "window_s": float("inf")}}, "rate_limit.window_s"),
        ({"country": "au"}, "country"),
        ({"country": "QQ"}, "country"),
        ({"invoice_day": 0}, "invoice_day"),
        ({"invoice_day": 29}, "invoice_day"),
        ({"auto_sync": None}, "auto_sync"),
        ({"licence_type": True}, "licence_type"),
        ({"licence_type": -1}, "licence_type"),
        ({"billing_cycles": {"Annual": " "}}, "billing_cycles.Annual"),
        ({"billing_cycles": {"Annual": "a\u0000b"}}, "billing_cycles.Annual"),
        ({"billing_cycles": {"Annual": 1}}, "billing_cycles.Annual"),
        ({"billing_cycles": None}, "billing_cycles"),
    ],
)
def test_a_mistake_is_told_with_its_field(chosen: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        PartnerSettings.model_validate(chosen)
    assert [".".join(map(str, error["loc"])) for error in caught.value.errors()] == [field]
