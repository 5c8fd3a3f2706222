"""Products of one customer, and what Halo keeps of them."""

from typing import Any

TENANT = "acme"
ONE = {"method": "POST", "path": "SoftwareLicence"}


def product(code: str, **values: Any) -> dict[str, Any]:
    return {"product_code": code, "quantity": "3", **values}
