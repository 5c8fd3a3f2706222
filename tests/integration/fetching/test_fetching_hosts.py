"""Lines are fetched from allowed hosts only, and no redirect leads to another one."""

from urllib.parse import urlsplit

import pytest
from planner import lines_fetcher

from tests.integration.invoice_host import Answer

from .desk import LINES, Desk

pytestmark = pytest.mark.integration


NOT_ALLOWED = [
    "http://elsewhere.example/lines",
    "http://invoices.example.elsewhere.example/lines",
    "http://elsewhere.example/invoices.example",
    "http://elsewhere.example#invoices.example",
    "http://elsewhere.example?invoices.example",
    "http://elsewhere.example\\@invoices.example/",
    "http://invoices.example@elsewhere.example/lines",
    "http://user:password@invoices.example/lines",
    "http://@invoices.example/lines",
    "http://127.0.0.1/lines",
    "http://invoices.example:8080/lines",
    "http://invoices.example:443/lines",
    "https://invoices.example:80/lines",
    "http://invoices.example:0/lines",
    "http://[::1]/lines",
    "ftp://invoices.example/lines",
    "file://invoices.example/etc/passwd",
    "file:///etc/passwd",
    "//invoices.example/lines",
    "invoices.example/lines",
    "http:///lines",
    "http://[::1",
    "http://invoices.example:x/lines",
    "http://invoices.example/\x00",
    "http://invoices.example/a\x7fb",
    "lines",
    "",
]


@pytest.mark.parametrize("url", NOT_ALLOWED)
async def test_no_other_address_is_ever_asked(desk: Desk, url: str) -> None:
    assert await desk.refused(url=url) == [(None, "lines_url")]
    assert desk.asked == []


@pytest.mark.parametrize("port", ["65536", "99999999", "-1"])
async def test_a_port_that_cannot_be_is_refused(desk: Desk, port: str) -> None:
    assert await desk.refused(url=f"http://localhost:{port}/lines") == [(None, "lines_url")]


async def test_a_host_is_allowed_with_its_port_in_any_case(desk: Desk) -> None:
    for name in (desk.host.name, f"LOCALHOST:{desk.host.port}"):
        assert await desk.fetch(LINES, url=f"http://{name}/1?a=b") == ["1", "2", "3"]
        assert desk.host.asked == ["/1?a=b"]


@pytest.mark.parametrize(
    ("url", "entry", "allowed"),
    [
        ("http://invoices.example/1", "invoices.example", True),
        ("https://Invoices.Example/1", "invoices.example", True),
        ("https://invoices.example:443/1", "invoices.example", True),
        ("https://invoices.example/1", "invoices.example:443", True),
        ("https://invoices.example/1", "invoices.example:80", False),
        ("https://invoices.example:8443/1", "invoices.example", False),
        ("https://invoices.example:8443/1", "invoices.example:8443", True),
        ("http://[::1]:8000/1", "[::1]:8000", True),
        ("http://[::1]:8000/1", "[::1]", False),
        ("http://[::1]/1", "[::1]", True),
    ],
)
def test_a_host_without_a_port_allows_the_usual_one_only(url: str, entry: str, *, allowed: bool) -> None:
    assert (entry in lines_fetcher._names_of(urlsplit(url))) is allowed


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(desk: Desk, status: int) -> None:
    elsewhere = Answer(status=status, headers={"Location": desk.host.url("/elsewhere")})
    assert await desk.refused(elsewhere, LINES) == [(None, "lines_url")]
    assert desk.host.asked == ["/lines"]
