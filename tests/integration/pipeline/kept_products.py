"""Products of one customer, and what Halo keeps of them."""

from devstack.fields import Fields

TENANT = "acme"
ONE = {"method": "POST", "path": "SoftwareLicence"}


def product(code: str, **values: str) -> Fields:
    return {"product_code": code, "quantity": "3", **values}
