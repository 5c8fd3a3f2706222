"""The API does what its OpenAPI description says, tried by Schemathesis: with what fits it, and what does not.

Every operation gets its examples, what covers each constraint, and some random cases, the same each time. The requests
are real to the last byte, and go to the application in the loop of the fixtures.
"""

import asyncio
import io
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
import requests
import schemathesis
from halosync.contracts.connection import (
    BeginConnection,
    CompleteConnection,
    ConnectionBegun,
    ConnectionCompleted,
    ConnectionEnded,
    ConnectionTested,
    EndConnection,
    TestConnection,
)
from halosync.contracts.message import Message
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.roles import Role
from hypothesis import HealthCheck, settings
from requests.adapters import HTTPAdapter
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.generation.modes import GenerationMode
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.schemas import BaseSchema
from urllib3 import HTTPResponse

from tests.integration.conftest import ACME, PUBLIC_URL, World
from tests.integration.made_rows import ISSUED

pytestmark = pytest.mark.integration

RUN = UUID("00000000-0000-4000-8000-000000000001")
EMAIL = "anna@acme.example"
EXISTING = {
    "partner": ACME,
    "run_id": str(RUN),
    "invoice_id": "INV-1",
    "customer_id": "C-1",
    "product_code": "P-1",
    "email": EMAIL,
}
"""Ids in addresses that lead somewhere; drawn ones would be 404 each time."""


DESCRIPTION = Path(__file__).parents[3] / "docs/generated/openapi.json"
"""As it is committed; a unit test says that it is what the application gives."""
OPERATIONS = [
    f"{method.upper()} {path}"
    for path, methods in json.loads(DESCRIPTION.read_text("utf-8"))["paths"].items()
    for method in methods
]


@pytest.fixture(scope="session")
def described() -> BaseSchema:
    """The operations of the description, with every check that Schemathesis has."""
    schema = schemathesis.openapi.from_path(DESCRIPTION, config=SchemathesisConfig())
    schema.config.update(base_url=PUBLIC_URL)
    schema.config.seed = 0
    schema.config.generation.update(with_security_parameters=False)  # the key is ours; without it all is 401
    return schema


class Loop(HTTPAdapter):
    """Takes requests to the application, in the event loop of the fixtures, which stands still during the test."""

    def __init__(self, loop: asyncio.AbstractEventLoop, client: httpx.AsyncClient) -> None:
        super().__init__()
        self._loop, self._client = loop, client

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        body: Any = request.body  # bytes, as all that Schemathesis makes
        headers = {name: str(text) for name, text in request.headers.items()}
        asking = self._client.request(str(request.method), str(request.url), content=body, headers=headers)
        answer = self._loop.run_until_complete(asking)
        raw = HTTPResponse(
            body=io.BytesIO(answer.content),
            headers=answer.headers,
            status=answer.status_code,
            reason=answer.reason_phrase,
            preload_content=False,
        )
        return self.build_response(request, raw)


def grants(request: Message) -> Message:
    """Answer as auth does when everything is well."""
    if isinstance(request, BeginConnection):
        return ConnectionBegun(authorize_url="https://acme.halopsa.com/auth/authorize")
    if isinstance(request, CompleteConnection):
        return ConnectionCompleted(partner_id=ACME, tenant="acme")
    if isinstance(request, EndConnection):
        return ConnectionEnded(partner_id=request.partner_id)
    if isinstance(request, TestConnection):
        return ConnectionTested(partner_id=ACME, tenant="acme", clients=2, licences=1, checked_at=ISSUED, took_ms=300)
    raise TypeError(f"nobody should ask for {request.message_type}")


@pytest_asyncio.fixture(loop_scope="session")
async def api(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The application with an invoice and a run that ended; every request of `requests` goes to it."""
    loop = Loop(asyncio.get_running_loop(), world.client)
    # All sessions, because some checks ask again with one of their own.
    monkeypatch.setattr(requests.Session, "get_adapter", lambda *_, **__: loop)
    # Each request would look through all variables of the environment, for proxies that it does not go through.
    monkeypatch.setattr("requests.sessions.get_environ_proxies", lambda *_, **__: {})
    world.auth.reply = grants
    world.ports.closing.set()  # live events end at once, also those of a run that goes on
    invoice = await world.invoice(lines=[world.line(number) for number in range(3)])
    await world.connect()
    await world.sealing_key()  # else auth has not started yet, and no webhook can be created
    await world.halo({7: "Contoso", 8: "Fabrikam"}, ["MS-365-BP"])
    failed = world.item(outcome="failed", reason="rejected", detail="Halo refuses it.")
    await world.run(invoice, [failed], run_id=RUN, state="writing")
    await world.finish(RUN, "partial")
    await world.ports.people.put(ACME, EMAIL, Role.VIEWER, by=COMMAND_LINE)
    await world.ports.people.put(None, EMAIL, Role.VIEWER, by=COMMAND_LINE)
    return world


# Some thousand requests. What a case leaves, the next one finds: the fixtures are made once for an operation.
@pytest.mark.parametrize("label", OPERATIONS)
def test_the_api_is_as_described(label: str, described: BaseSchema, api: World) -> None:
    # As the plugin does for all operations when it collects tests, which takes each worker five seconds.
    load_all_checks()
    operation = described.find_operation_by_label(label)
    assert operation is not None
    test = build_operation_test(
        config=described.config, operation=operation, test_func=tried, given_kwargs={}, feedback=FeedbackSources()
    )
    test(api=api)


@settings(max_examples=10, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
def tried(case: schemathesis.Case[Any], api: World) -> None:
    assert case.meta is not None
    if not case.meta.is_negative_at(ParameterLocation.PATH):
        case.path_parameters = {name: EXISTING.get(name, given) for name, given in case.path_parameters.items()}
    if case.meta.generation.mode is GenerationMode.POSITIVE:
        without_what_only_words_describe(case)
    operators = str(case.path).startswith("/v1/people")
    case.call_and_validate(headers=api.key(None if operators else ACME))


def without_what_only_words_describe(case: schemathesis.Case[Any]) -> None:
    """Leave out what a schema cannot say, and the API rightly refuses, such as the cursor of no page."""
    case.query.pop("cursor", None)
    if "zone" in case.query:  # zones have names that change from year to year
        case.query["zone"] = "Australia/Sydney"
    body: Any = case.body
    if not isinstance(body, dict):
        return
    if body.get("country") is not None:  # holidays are not known for every country
        body["country"] = "AU"
    if body.get("halo_client_id") is not None:  # it must be one that Halo has
        body["halo_client_id"] = 7
    if body.get("url") is not None:  # notices go to an address in the internet
        body["url"] = "https://example.com/halosync"
    if str(body.get("mode")).startswith("undo"):  # the run says which invoice it is for
        body.update(run_id=str(RUN), invoice_id=None, allow_older=False)
    else:
        body.pop("run_id", None)  # only an undo names a run
    guard = body.get("delete_guard")
    if guard and isinstance(guard.get("max_fraction"), float):  # six decimal places at most
        guard["max_fraction"] = round(guard["max_fraction"], 6)
