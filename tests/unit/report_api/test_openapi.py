"""The OpenAPI description: committed, complete, and true to what the routes answer."""

import json
import re
from pathlib import Path

import pytest
from devstack.fields import Fields
from report_api.openapi import text

COMMITTED = Path(__file__).parents[3] / "docs/generated/openapi.json"
DESCRIPTION: Fields = json.loads(COMMITTED.read_text("utf-8"))
OPERATIONS = [
    pytest.param(path, method, operation, id=f"{method} {path}")
    for path, methods in DESCRIPTION["paths"].items()
    for method, operation in methods.items()
]


def test_what_is_committed_is_fresh() -> None:
    assert COMMITTED.read_text("utf-8") == text(), "run `make generate`"


def test_every_reference_leads_somewhere() -> None:
    schemas = DESCRIPTION["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/([^"]+)"', COMMITTED.read_text("utf-8"))) == set(schemas)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_call_is_described(path: str, method: str, operation: Fields) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    for parameter in operation.get("parameters", []):
        assert parameter.get("description"), (path, method, parameter["name"])
    if path.startswith("/v1/"):
        assert operation["security"] == [{"ApiKey": []}]
        for status in ("401", "404", "422", "503"):
            assert "application/problem+json" in operation["responses"][status]["content"]


PERSON = ("GET", "PUT", "DELETE")


def test_the_calls_are_those_of_the_spec() -> None:
    calls = {f"{method.upper()} {path}" for path, methods in DESCRIPTION["paths"].items() for method in methods}
    prefix = "/v1/partners/{partner}"
    assert calls == {
        "GET /accounts/",
        *(f"{method} {prefix}/connection" for method in ("GET", "POST", "DELETE")),
        f"POST {prefix}/connection/test",  # beyond the spec: the portal's "Test connection"
        f"POST {prefix}/runs/{{run_id}}/retry",  # beyond the spec: the button beside what a run left
        f"GET {prefix}/invoices",
        f"GET {prefix}/invoices/{{invoice_id}}/lines",
        *(f"{method} {prefix}/runs" for method in ("GET", "POST")),
        f"GET {prefix}/runs/{{run_id}}",
        f"GET {prefix}/runs/{{run_id}}/items",
        f"GET {prefix}/runs/{{run_id}}/events",
        f"POST {prefix}/runs/{{run_id}}/cancel",
        f"GET {prefix}/months",
        *(f"{method} {prefix}/months/{{period}}" for method in ("GET", "PUT")),
        f"GET {prefix}/months/{{period}}/items",  # beyond the spec: the rows behind the sums
        *(f"{method} {prefix}/months/{{period}}/acceptances/{{item_key}}" for method in ("PUT", "DELETE")),
        f"POST {prefix}/months/{{period}}/close",
        f"GET {prefix}/months/{{period}}/certificate",
        *(f"{method} {prefix}/settings" for method in ("GET", "PUT")),
        *(f"{method} {people}/{{email}}" for people in (f"{prefix}/people", "/v1/people") for method in PERSON),
        f"GET {prefix}/people",
        "GET /v1/people",
        *(f"{method} {prefix}/webhooks" for method in ("GET", "POST")),
        f"DELETE {prefix}/webhooks/{{webhook_id}}",
        f"POST {prefix}/webhooks/{{webhook_id}}/test",
        f"GET {prefix}/webhooks/{{webhook_id}}/deliveries",
        f"POST {prefix}/webhooks/{{webhook_id}}/deliveries/{{delivery_id}}/replay",
        f"GET {prefix}/customers",
        f"PUT {prefix}/customers/{{customer_id}}",
        f"GET {prefix}/products",
        f"PUT {prefix}/products/{{product_code}}",
        f"GET {prefix}/halo/clients",
        f"GET {prefix}/halo/licence-names",
        f"GET {prefix}/halo/licences",
        f"PUT {prefix}/halo/licences/{{halo_licence_id}}",
        f"POST {prefix}/halo/refresh",
        f"POST {prefix}/connection/complete",
        f"GET {prefix}/summary",
        *(f"{method} {prefix}/keys" for method in ("GET", "POST")),  # beyond the spec: the portal has pages for these
        f"DELETE {prefix}/keys/{{key_id}}",
        f"GET {prefix}/audit",
        f"GET {prefix}/halo/licences/{{halo_licence_id}}/history",
        f"GET {prefix}/invoices/{{invoice_id}}/lines/{{line_id}}/history",
        "GET /v1/partners",
        "GET /v1/readiness",
    }
