"""Open redirect: whatever an address says, the portal leads to its own pages (and to Halo by a page that says so)."""

from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_api.web.own_pages import local_path

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

OWN = "https://converge.example"
EVIL = [
    "//evil.example",
    "///evil.example",
    "////evil.example/portal/",
    "https://evil.example/portal/",
    "https:evil.example",
    "https:/evil.example",
    "HtTpS:\\\\evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/portal/\\..\\..\\evil.example",
    "/portal/\t//evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "/portal/\r\nSet-Cookie: planted=1",
    "/portal/\nLocation: https://evil.example",
    "\x00//evil.example",
    " //evil.example",
    "%2f%2fevil.example",
    "/%2f/evil.example",
    "/portal@evil.example",
    "@evil.example",
    "javascript:alert(1)//portal/",
    "data:text/html,<script>alert(1)</script>",
    "//evil.example\\@converge.example/portal/",
    "/sign-in/..//evil.example",
    "／／evil.example",
    "/v1/partners/acme-msp/summary",
    "/static/portal.js",
    "",
]
LOCAL = "/portal/acme-msp/halo-psa?problem=denied"


def leads_home(location: str) -> bool:
    """Tell whether a browser stays with us; it drops tabs and line ends, and takes a backslash for a slash."""
    as_browsers_do = "".join(c for c in location if c not in "\t\r\n").replace("\\", "/").strip()
    target = urlsplit(urljoin(f"{OWN}/sign-in", as_browsers_do))
    return (target.scheme, target.netloc) == ("https", "converge.example")


@pytest.mark.parametrize("following", EVIL)
async def test_signing_in_leads_to_no_other_site(browser: "Browser", world: "World", following: str) -> None:
    page = await browser.open(f"/sign-in?next={quote(following, safe='')}")
    assert leads_home(str(page.one("input[name=next]")["value"]))
    fields = {
        "csrf": str(page.one("input[name=csrf]")["value"]),
        "api_key": world.keys["acme-msp"],
        "next": following,
    }
    for attempt in range(2):  # with the form, then with the address once a session is there
        if attempt == 0:
            answer = await browser.client.post("/sign-in", data=fields, follow_redirects=False)
        else:
            answer = await browser.client.get("/sign-in", params={"next": following}, follow_redirects=False)
        location = answer.headers["location"]
        assert answer.status_code == 303
        assert location.startswith(("/portal/", "/partners", "/accounts/"))
        assert leads_home(location)
        assert not {"planted", "evil"} & set(answer.headers)
        assert "planted" not in answer.headers.get("set-cookie", "")


@pytest.mark.parametrize("following", EVIL)
async def test_picking_a_partner_leads_to_no_other_site(browser: "Browser", following: str) -> None:
    await browser.sign_in(None)
    page = await browser.open(f"/partners?partner=acme-msp&next={quote(following, safe='')}")
    assert all(leads_home(str(field["value"])) for field in page.soup.select("input[name=next]"))
    fields = {"csrf": page.soup.select("input[name=csrf]")[0]["value"], "partner": "acme-msp", "next": following}
    answer = await browser.client.post("/partners", data=fields, follow_redirects=False)
    assert leads_home(answer.headers["location"])


async def test_a_page_of_ours_is_where_it_leads(browser: "Browser", world: "World") -> None:
    await browser.open(f"/sign-in?next={quote(LOCAL, safe='')}")
    page = await browser.submit("/sign-in", api_key=world.keys["acme-msp"])
    assert str(page.url) == f"{OWN}{LOCAL}"


@given(st.text() | st.builds("{}{}".format, st.sampled_from(["/portal/", "/partners", "/accounts/", "//"]), st.text()))
def test_no_text_leads_away(text: str) -> None:
    assert leads_home(local_path(text))
    assert local_path(text).isprintable()


@pytest.mark.parametrize(
    "query", ["?problem=%0d%0aSet-Cookie:%20planted=1", "?connected=1&next=//evil.example", "?problem=//evil.example"]
)
async def test_coming_back_from_halo_leads_to_no_other_site(browser: "Browser", query: str) -> None:
    answer = await browser.client.get(f"/accounts/halo-psa{query}", follow_redirects=False)
    assert answer.status_code in {200, 303}
    assert leads_home(answer.headers.get("location", "/"))
    answer = await browser.client.get(f"/accounts/{query}&state=s&error=x", follow_redirects=False)
    assert answer.headers["location"].startswith(f"{OWN}/accounts/halo-psa?problem=")
    assert "set-cookie" not in answer.headers
