"""Every error is a problem (RFC 9457): with a code, without a trace of our inside."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import unquote

import asyncpg
import httpx
import pytest
import structlog
from devstack.fields import Fields
from halosync.domain.acts import COMMAND_LINE
from halosync.ports.requests import NoReplyError

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

JSON = {"Content-Type": "application/json"}
BY_CODE = {"licence_name": None}


def assert_problem(response: httpx.Response, status: int, code: str) -> Fields:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: Fields = response.json()
    assert body["type"] == f"urn:halosync:problem:{code}"
    assert (body["status"], body["code"]) == (status, code)
    assert body["title"]
    assert body["detail"]
    assert unquote(body["instance"]) == response.request.url.path
    assert "Traceback" not in response.text
    return body


async def test_an_unknown_address(world: "World") -> None:
    assert_problem(await world.client.get("/nothing"), 404, "not_found")
    assert_problem(await world.call("GET", "/nothing"), 404, "not_found")
    assert_problem(await world.client.get("/accounts"), 404, "not_found")


async def test_a_wrong_method_names_the_right_ones(world: "World") -> None:
    response = await world.call("PATCH", "/settings")
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", ""),
        (b"{", ""),
        (b"[]", ""),
        (b'{"mode": "aply"}', "mode"),
        (b'{"mode": "apply", "approve_removals": true}', "approve_removals"),
        (b'{"mode": "apply", "approve_removals": "5"}', "approve_removals"),
        (b'{"mode": "apply", "approve_removals": -1}', "approve_removals"),
        (b'{"mode": "apply", "approve_removals": 99999999999}', "approve_removals"),
        (b'{"mode": "apply", "aprove_removals": 5}', "aprove_removals"),
        (b'{"mode": "apply", "invoice_id": "a\\u0000"}', "invoice_id"),
        (b'{"mode": "apply", "invoice_id": "\\ud800"}', None),
    ],
)
async def test_a_wrong_body_names_the_field(world: "World", body: bytes, field: str | None) -> None:
    response = await world.call("POST", "/runs", content=body, headers=JSON)
    problem = assert_problem(response, 422, "validation_failed")
    if field is not None:
        assert [error["field"] for error in problem["errors"]] == [field]
    assert all(error["message"] for error in problem["errors"])


async def test_what_was_sent_is_not_repeated(world: "World") -> None:
    response = await world.call("POST", "/connection", json={"tenant": ["s3cret"], "client_id": "c", "x": "s3cret"})
    problem = assert_problem(response, 422, "validation_failed")
    assert {error["field"] for error in problem["errors"]} == {"tenant", "x"}
    assert "s3cret" not in response.text


@pytest.mark.parametrize(
    ("path", "params", "field"),
    [
        ("/runs", {"limit": "0"}, "limit"),
        ("/runs", {"limit": "501"}, "limit"),
        ("/runs", {"limit": "many"}, "limit"),
        ("/runs", {"cursor": "nonsense"}, "cursor"),
        ("/runs", {"cursor": "é"}, "cursor"),
        ("/runs", {"cursor": "A" * 3000}, "cursor"),
        ("/customers", {"unmapped": "perhaps"}, "unmapped"),
        ("/halo/clients", {"q": "\0"}, "q"),
        ("/halo/clients", {"q": "x" * 201}, "q"),
    ],
)
async def test_a_wrong_parameter_is_named(world: "World", path: str, params: dict[str, str], field: str) -> None:
    problem = assert_problem(await world.call("GET", path, params=params), 422, "validation_failed")
    assert [error["field"] for error in problem["errors"]] == [field]


async def test_a_body_has_a_limit_also_in_chunks(world: "World") -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 4096

    response = await world.call("PUT", "/settings", content=b" " * (64 * 1024 + 1), headers=JSON)
    assert_problem(response, 413, "body_too_large")
    assert_problem(await world.call("PUT", "/settings", content=chunks(), headers=JSON), 413, "body_too_large")
    assert (await world.call("PUT", "/settings", content=b"{}" + b" " * 60_000, headers=JSON)).status_code == 200


async def test_every_answer_has_the_headers_that_browsers_heed(world: "World") -> None:
    for path in ("/", "/nothing", "/openapi.json", "/accounts/", "/v1/partners/acme-msp/runs"):
        headers = (await world.client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuntimeError("secret inside"), 500, "internal_error"),
        (asyncpg.UndefinedTableError("secret inside"), 503, "unavailable"),
        (NoReplyError("secret inside"), 503, "unavailable"),
        (asyncpg.CannotConnectNowError("secret inside"), 503, "unavailable"),
        (OSError("secret inside"), 503, "unavailable"),
        (TimeoutError("secret inside"), 503, "unavailable"),
    ],
)
async def test_failures_of_ours_tell_nothing(world: "World", error: Exception, status: int, code: str) -> None:
    def fail(_: object) -> NoReturn:
        raise error

    world.auth.reply = fail
    with structlog.testing.capture_logs() as logged:
        response = await world.call("DELETE", "/connection")
    assert_problem(response, status, code)
    assert "secret" not in response.text
    assert [entry["log_level"] for entry in logged if entry["event"] != "request"] == [
        "error" if status == 500 else "warning"
    ]
    assert ("retry-after" in response.headers) == (status == 503)


async def test_ids_that_look_like_code_or_paths_are_only_ids(world: "World") -> None:
    odd = ["'; DROP TABLE run; --", "../../etc/passwd", "%25", "a/lines", "é/ü", "{run_id}", "$1", "%00x", "a?b#c", ""]
    for one in odd:
        quoted = "".join(f"%{byte:02X}" for byte in one.encode()) if "%00" not in one else one
        for path in (f"/invoices/{quoted}/lines", f"/runs/{quoted}", f"/runs/{quoted}/items"):
            response = await world.call("GET", path)
            assert response.status_code in ({200, 404} if path == "/runs/" else {404}), (path, response.text)
        for path, body in ((f"/customers/{quoted}", {"halo_client_id": None}), (f"/products/{quoted}", BY_CODE)):
            assert_problem(await world.call("PUT", path, json=body), 404, "not_found")
    assert await world.pool.fetchval("SELECT count(*) FROM run") == 0


async def test_simultaneous_requests_do_not_wait_for_each_other(world: "World") -> None:
    for number in range(5):  # eight requests at once of each
        world.keys[str(number)] = (await world.ports.keys.create("acme-msp", "", by=COMMAND_LINE)).api_key
    answers = await asyncio.gather(*(world.call("GET", "/summary", key=str(n % 5)) for n in range(40)))
    assert {answer.status_code for answer in answers} == {200}
