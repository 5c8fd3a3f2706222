"""The portal's pages on the test's database, visited by a browser that knows cookies and forms but no scripts."""

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import httpx
import pytest
from bs4 import BeautifulSoup, Tag
from devstack.fields import Fields

if TYPE_CHECKING:
    from tests.integration.conftest import World

ACME = "acme-msp"
_BESIDE = re.compile(r"(\.\./|\w)(?!\w*:)")
"""An address that is written from the page's own."""


class Page:
    """A page that a browser got."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.status = response.status_code
        self.url = response.url

    @cached_property
    def soup(self) -> BeautifulSoup:
        """Its elements; read only when a test looks, which takes as long as to make the page.

        Where a link or a button leads is written out, as a browser understands it.
        """
        soup = BeautifulSoup(self.response.text, "html.parser")
        for name in ("href", "formaction"):
            for element in soup.select(f"[{name}]"):
                if _BESIDE.match(str(element[name])):
                    element[name] = urljoin(self.url.raw_path.decode(), str(element[name]))
        return soup

    @property
    def text(self) -> str:
        """What a reader sees, spaces collapsed."""
        return " ".join(self.soup.get_text(" ").split())

    @property
    def title(self) -> str:
        return self.one("h1").get_text().strip()

    def one(self, selector: str) -> Tag:
        """Return the only element that fits."""
        found = self.soup.select(selector)
        assert len(found) == 1, f"{len(found)} elements fit {selector} in: {self.text}"
        return found[0]

    def texts(self, selector: str) -> list[str]:
        return [" ".join(element.get_text(" ").split()) for element in self.soup.select(selector)]


class Browser:
    """A browser without scripts: it keeps cookies, follows redirects, and fills in the forms of the page it shows."""

    def __init__(self, client: httpx.AsyncClient, world: "World") -> None:
        self.client = client
        self.world = world
        self.page: Page | None = None

    async def open(self, path: str, status: int = 200) -> Page:
        """Open an address."""
        return self._shown(await self.client.get(path), status)

    async def submit(self, action: str, status: int = 200, **fields: Any) -> Page:
        """Fill in and send the form of the shown page that goes to `action`; hidden fields go along as they are."""
        assert self.page is not None, "no page is open"
        forms = [form for form in self.page.soup.select("form") if form.get("action") == action]
        assert forms, f"no form to {action} in: {self.page.text}"
        chosen = next((form for form in forms if _fits(form, fields)), None)
        assert chosen is not None, f"no form to {action} has the fields {sorted(fields)}"
        values = {**_values(chosen), **fields}
        method = str(chosen.get("method", "get")).lower()
        if method == "get":
            response = await self.client.get(action, params=values)
        else:
            response = await self.client.post(action, data=values)
        return self._shown(response, status)

    def fields(self, action: str) -> Fields:
        """Return what the first form of the shown page that goes to `action` holds as it is."""
        assert self.page is not None, "no page is open"
        return _values(self.page.soup.select(f"form[action='{action}']")[0])

    async def sign_in(self, partner: str | None = ACME) -> Page:
        """Sign in with the key of a partner, or as an operator."""
        await self.open("/sign-in")
        return await self.submit("/sign-in", api_key=self.world.keys[partner])

    def _shown(self, response: httpx.Response, status: int) -> Page:
        page = self.page = Page(response)
        assert page.status == status, f"{page.status}: {page.text}"
        return page


def _fits(form: Tag, fields: dict[str, object]) -> bool:
    named = {str(element.get("name")): element for element in form.select("[name]")}
    hidden = {name: str(element.get("value", "")) for name, element in named.items() if element.get("type") == "hidden"}
    return all(name in named and hidden.get(name, str(value)) == str(value) for name, value in fields.items())


def _values(form: Tag) -> Fields:
    values: Fields = {}
    for element in form.select("input[name], select[name], textarea[name]"):
        name, kind = str(element["name"]), element.get("type")
        if kind in {"checkbox", "radio"}:
            if element.has_attr("checked"):
                values.setdefault(name, []).append(element.get("value", "on"))
        elif element.name == "select":
            chosen = element.select("option[selected]") or element.select("option")[:1]
            values[name] = [option.get("value", option.get_text()) for option in chosen]
        elif kind not in {"submit", "file"}:
            values[name] = element.get("value", "") if element.name == "input" else element.get_text()
    return values


@pytest.fixture
def browser(world: "World") -> Browser:
    """A browser that has not been here before."""
    return new_browser(world)


def new_browser(world: "World") -> Browser:
    """Return another browser, with cookies of its own."""
    client = httpx.AsyncClient(
        transport=world.client._transport,
        base_url=world.ports.public_url,
        follow_redirects=True,
        headers={"Accept": "text/html"},
    )
    return Browser(client, world)
