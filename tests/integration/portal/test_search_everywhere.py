"""Every page of a partner, also that of a problem, has the search, where the page's script finds it for the key `/`."""

from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from tests.integration.portal.attack import ACME, OF_PARTNERS, belongings

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration


async def test_each_page_of_a_partner_has_the_search_that_its_key_leads_to(browser: "Browser", world: "World") -> None:
    ids = await belongings(world, ACME)
    await browser.sign_in()
    asked = [each.filled(ids) for each in OF_PARTNERS if not each.changes]
    shown: set[str] = set()
    problems: set[str] = set()
    for path in [*asked, f"/portal/{ACME}/customer/C-404", f"/portal/{ACME}/month?sort=nonsense"]:
        answer = await browser.client.get(path, headers={"Accept": "text/html"})
        if "<html" not in answer.text:
            continue  # a file, a stream, or what a page asks for while somebody types
        (shown if answer.is_success else problems).add(answer.url.path)
        soup = BeautifulSoup(answer.text, "html.parser")
        (field,) = soup.select(".search input")  # where portal.js looks for it
        form = field.find_parent("form")
        assert form is not None, path
        assert (form["action"], form["method"], field["name"]) == (f"/portal/{ACME}/search", "get", "q"), path
        assert field["aria-keyshortcuts"] == "/", path
        assert soup.select("script[src*=portal]"), path
    assert len(shown) > 25, shown
    assert problems >= {f"/portal/{ACME}/customer/C-404", f"/portal/{ACME}/month"}, problems
