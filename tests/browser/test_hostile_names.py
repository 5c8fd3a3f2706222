"""Names that want to be scripts, and that are long, in a real browser: nothing runs, and no page scrolls sideways.

And the first row of what a page lists is in view without scrolling, whatever it is called.
"""

import re
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from devstack.fields import Fields
from playwright.async_api import Page

from tests.browser.accessibility import too_wide
from tests.browser.looks import DESKTOP, PHONE
from tests.browser.visiting import Visitors, enter
from tests.partner import APPLICATION, Partner, lines

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

_NAME = re.compile(r"[\s<\d]")
"""What only names and ids in a path have."""

FOLD, LINE = 800, 24
"""Where a desktop of 1280 by 800 ends, and a line of text, in pixels."""

LONG = "W" * 200
LEFTWARDS = "شركة " + "الاختبار" * 20
HOSTILE = "\"'><script>window.stolen=1</script><img src=/x onerror=window.stolen=1><svg onload=window.stolen=1>"


async def prepared(partner: Partner) -> str:
    """Let everything that others name be hostile; return a key with such a name."""
    names = (f"Contoso {HOSTILE}", HOSTILE, LONG, LEFTWARDS)
    clients: list[Fields] = [{"id": number, "name": name} for number, name in enumerate(names, start=1)]
    redirect = f"{partner.stack.http_url}/accounts/"
    application = {"client_id": APPLICATION, "name": "converge", "redirect_uris": [redirect]}
    await partner.halo.put_tenant(partner.tenant, applications=[application], clients=clients)
    await partner.connect()
    product = {"product_code": HOSTILE, "product_name": HOSTILE, "billing_cycle": "Monthly"}
    found = lines(1, customer_id=f"C-{HOSTILE}", customer_name=HOSTILE, **product)
    missing = lines(1, customer_id="C-2", customer_name=f"Contoso Ltd {HOSTILE}", **product, line_id="2")
    long = lines(1, customer_id="C-3", customer_name=LONG, product_code="P" * 200, product_name=LONG, line_id="3")
    leftwards = lines(1, customer_id="C-4", customer_name=LEFTWARDS, product_code=LEFTWARDS[:200], line_id="4")
    await partner.publish(partner.event([*found, *missing, *long, *leftwards], invoice_id=f"INV {HOSTILE}"))
    await partner.sync()
    created = await partner.api.post(f"{partner.path}/keys", json={"name": HOSTILE})
    created.raise_for_status()
    return str(created.json()["api_key"])


async def links(page: Page) -> set[str]:
    """Return the addresses of the page's links within the portal, but for files."""
    found: list[str] = await page.eval_on_selector_all("main a[href], nav a[href]", "all => all.map(a => a.href)")
    return {link.split("#")[0] for link in found if "/portal/" in link and ".csv" not in link}


def kind(link: str) -> tuple[str, ...]:
    """Return what pages of one kind have in common: the path without the names in it, and which filters it has.

    One of a kind is opened; that every address escapes what it shows is tested without a browser
    (`tests/integration/portal/test_hostile_texts.py`).
    """
    parts = urlsplit(link)
    segments = ["*" if _NAME.search(unquote(segment)) else segment for segment in parts.path.split("/")]
    return "/".join(segments), *sorted(dict(parse_qsl(parts.query)))


async def test_nothing_runs_and_nothing_is_too_wide_on_any_page(visitors: Visitors, partner: Partner) -> None:
    api_key = await prepared(partner)
    page = await visitors.page()
    await enter(page, api_key, "/")
    to_see, seen = await links(page), set[tuple[str, ...]]()
    shown = 0
    while new := [address for address in to_see if kind(address) not in seen]:
        address = min(new)
        seen.add(kind(address))
        await page.goto(address)
        assert await page.evaluate("window.stolen") is None, address
        shown += HOSTILE in await page.locator("body").inner_text()
        assert await too_wide(page) == [], address
        row = page.locator("main table tbody tr").first
        if await row.count() and (box := await row.bounding_box()):  # it has none within what is folded
            assert box["y"] + LINE < FOLD, f"{address}: the first row begins at {box['y']}"
        await page.set_viewport_size({"width": PHONE.width, "height": PHONE.height})
        assert await too_wide(page) == [], address
        await page.set_viewport_size({"width": DESKTOP.width, "height": DESKTOP.height})
        to_see |= await links(page)
    assert len(seen) > 8, seen
    assert shown > 4, "the hostile names are not shown, so nothing was tried"
