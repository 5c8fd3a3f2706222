"""Requests are counted by route and class of status, timed, and told in the log with who asked."""

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from prometheus_client import REGISTRY
from report_api.web.measured import MeasuredRequests
from structlog.testing import capture_logs


def application() -> MeasuredRequests:
    app = FastAPI()

    @app.get("/v1/things/{thing}")
    async def thing(thing: str, request: Request) -> str:
        request.state.who = "key 7"
        if thing == "broken":
            raise RuntimeError(thing)
        return thing

    @app.get("/v1/events")
    async def events() -> StreamingResponse:
        return StreamingResponse(iter(["data: 1\n\n"]), media_type="text/event-stream")

    return MeasuredRequests(app)


def counted(route: str, status: str, method: str = "GET") -> float:
    labels = {"method": method, "route": route, "status": status}
    return REGISTRY.get_sample_value("halosync_http_requests_total", labels) or 0


def timed() -> float:
    return REGISTRY.get_sample_value("halosync_http_request_seconds_count", {"area": "api"}) or 0


async def ask(*paths: str) -> None:
    transport = httpx.ASGITransport(application())
    async with httpx.AsyncClient(transport=transport, base_url="http://halosync") as client:
        for path in paths:
            await client.get(path)


async def test_a_route_is_one_label_whatever_its_addresses_are() -> None:
    before = counted("/v1/things/{thing}", "2xx")
    await ask("/v1/things/1", "/v1/things/2?secret=3")
    assert counted("/v1/things/{thing}", "2xx") == before + 2


async def test_what_has_no_route_shares_one_label() -> None:
    before = counted("other", "4xx", "any")
    await ask("/v1/a", "/.env", "/portal/x")
    assert counted("other", "4xx", "any") == before + 3


async def test_a_failure_that_nobody_foresaw_is_counted() -> None:
    before = counted("/v1/things/{thing}", "5xx")
    with pytest.raises(RuntimeError):
        await ask("/v1/things/broken")
    assert counted("/v1/things/{thing}", "5xx") == before + 1


async def test_the_time_of_a_stream_is_not_that_of_an_answer() -> None:
    before = timed()
    await ask("/v1/things/1", "/v1/events")
    assert timed() == before + 1


async def test_the_log_tells_who_asked_and_no_query() -> None:
    """Of strangers there may be any number: they write no log."""
    with capture_logs() as logs:
        await ask("/v1/things/1?secret=3", "/static/x.css", "/.env")
    (line,) = logs
    assert (line["path"], line["status"], line["who"]) == ("/v1/things/1", 200, "key 7")
    assert "secret" not in str(line)
