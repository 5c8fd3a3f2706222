"""The settings of a partner that has chosen nothing (spec section 3)."""

USUAL_SETTINGS: dict[str, object] = {
    "auto_sync": False,
    "removal": "delete",
    "cleanup": "all",
    "price_field": "price",
    "delete_guard": {"max_count": 10, "max_fraction": "0.25"},
    "rate_limit": None,
    "country": None,
    "invoice_day": 5,
    "review_first_sync": True,
    "adopt_foreign": False,
    "on_drift": "overwrite",
    "billing_cycles": {},
    "licence_type": None,
    "details": True,
    "email_notices": True,
}
