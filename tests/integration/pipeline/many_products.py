"""Invoices of many products of one customer."""

from devstack.fields import Fields

from .conftest import Pipeline

TENANT = "acme"
ONE = {"method": "POST", "path": "SoftwareLicence"}


def products(number: int) -> list[Fields]:
    return [{"product_code": f"P-{n}", "quantity": str(n + 1)} for n in range(number)]


async def all_there(pipeline: Pipeline, number: int) -> None:
    licences = await pipeline.licences()
    assert {name: row["count"] for (_, name), row in licences.items()} == {f"P-{n}": n + 1 for n in range(number)}
