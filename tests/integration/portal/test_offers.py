"""Every page of a partner offers a role what it may do, and nothing else (spec section 10).

The pages are walked as a person would: from each page that the role may open, along every link. What an admin is
offered is the measure; a biller and a viewer are offered what of it they may do.
"""

import asyncio
import re
from collections import deque
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING, cast

import httpx
import pytest
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.roles import Role
from report_api.access.needed_role import RoleRoute

from tests.integration.portal import scenes
from tests.integration.portal.attack import ACME, OF_PARTNERS, Address
from tests.integration.portal.conftest import new_browser

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

HERE = f"/portal/{ACME}"
EVERYWHERE = {
    *(
        "/settings",
        "/keys",
        "/keys/{key_id}/revoke",
        "/people",
        "/people/{email}/remove",
        "/licence/{halo_licence_id}/keep",
    ),
    *("/webhooks", "/webhooks/{webhook_id}/test", "/webhooks/{webhook_id}/delete"),
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
}
CONNECTED = {
    *(f"/{tab}/{form}" for tab in ("customers", "licences") for form in ("link", "unlink", "accept", "import")),
    *("/customers/ticked", "/customers/exclude-ticked", "/licences/ticked"),
    *("/customers/exclude", "/halo-psa/test", "/halo-psa/disconnect", "/halo-psa/read", "/sync", "/month/accept"),
}
RETRY, CANCEL, REVIEW, HELD, UNDO = (
    f"/runs/{{run_id}}/{form}" for form in ("retry", "cancel", "review", "held", "undo")
)
OFFERED: dict[scenes.Scene, set[str]] = {
    scenes.after_a_sync: {*CONNECTED},  # trying again would not help
    scenes.not_connected: {"/halo-psa/connect"},
    scenes.going_on: {*CONNECTED, CANCEL},
    scenes.failed: {*CONNECTED, RETRY},
    scenes.held: {*CONNECTED, REVIEW, HELD},
    scenes.previewed: {*CONNECTED, REVIEW, HELD},
    scenes.undo_previewed: {*CONNECTED, UNDO},
    scenes.ready_to_close: {"/sync", "/month/close", "/month/accept"},
    scenes.differing_alike: {"/month/accept-together"},
    scenes.two_invoices: {"/sync", "/months/{period}/invoices"},
}
"""What an admin is offered at least."""

ELSEWHERE = {f"/{tab}/{form}" for tab in ("customers", "licences") for form in ("import/apply", "undo")}
"""Forms that only the answer to another form has, and only who may send that one sees it."""


def pattern(address: Address) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(address.template)))


PATTERNS = [(pattern(address), address) for address in OF_PARTNERS]


@cache
def address_of(method: str, target: str) -> Address:
    """Return which address of the portal a form or a link goes to."""
    path = httpx.URL(target).raw_path.decode().partition("?")[0]
    return next(found for fits, found in PATTERNS if found.method == method and fits.fullmatch(path))


@cache
def place_of(target: str) -> tuple[str, frozenset[str]]:
    """Return path and names of the filters of an address."""
    url = httpx.URL(target)
    return url.path, frozenset(url.params)


def needed(address: Address) -> Role:
    return cast("RoleRoute", address.route).needed_role


_FIELDS, _NO_FIELD = {"input", "select", "textarea", "button"}, {("input", "hidden"), ("button", "button")}
_AROUND = {"form", "fieldset"}


class Looked(HTMLParser):
    """What a page offers, from reading it once: a tree of all elements takes longer than to make the page.

    Attributes:
        targets: where it leads below the partner's address: by forms, links, and what its scripts ask.
        fields: what somebody can fill in, each with the id of the form that sends it; None: it stands in none.
        forms: the ids of its forms.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[tuple[str, str]] = []
        self.fields: list[tuple[str, str | None]] = []
        self.forms: set[str | None] = set()
        self._around: list[tuple[str, bool]] = []
        self.feed(text)
        self.close()
        assert self._around == [], "a form or fieldset is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        method = (given.get("method") or "get").upper()
        for name, value in attrs:
            if value is not None and value.startswith(f"{HERE}/"):
                self.targets.append(("POST" if name == "formaction" else method, value.partition("#")[0]))
        if tag == "form":
            self.forms.add(given.get("id"))
        if tag in _FIELDS and (tag, given.get("type")) not in _NO_FIELD and not any(sends for _, sends in self._around):
            self.fields.append((f"{tag} {given}", given.get("form")))
        if tag in _AROUND:
            self._around.append((tag, tag == "form" or (tag == "fieldset" and "disabled" in given)))

    def handle_endtag(self, tag: str) -> None:
        if tag in _AROUND:
            assert self._around.pop()[0] == tag, f"a {tag} is closed within another element"

    def without_a_form(self) -> list[str]:
        """Return the fields that somebody could fill in for nothing, because no form sends them."""
        return [field for field, form in self.fields if form is None or form not in self.forms]


class Walk:
    """What a role comes across on its way through all pages of the partner."""

    def __init__(self, world: "World", role: Role, ids: dict[str, str]) -> None:
        self._browser = new_browser(world)
        self._role = role
        self._seen: set[tuple[str, frozenset[str]]] = set()
        self._to_open: deque[str] = deque()
        self.forms: set[str] = set()
        for address in OF_PARTNERS:
            if not address.changes and role.may(needed(address)):
                self._go_to(address.filled(ids))

    async def all_of_it(self) -> set[str]:
        """Walk, and return the addresses of the forms that were offered."""
        await self._browser.sign_in(self._role)
        while self._to_open:
            target = self._to_open.popleft()
            answer = await self._browser.client.get(target)
            assert answer.status_code in {200, 404, 422}, (target, answer.status_code)  # a link without what it is for
            if answer.headers["content-type"].startswith("text/html") and answer.status_code == 200:
                self._look_at(target, Looked(answer.text))
        return self.forms

    def _look_at(self, page: str, looked: Looked) -> None:
        assert looked.without_a_form() == [], page
        for method, target in looked.targets:
            address = address_of(method, target)
            assert self._role.may(needed(address)), f"{page} offers {address} to a {self._role}"
            if address.changes:
                self.forms.add(address.template.removeprefix("/portal/{partner}"))
            else:
                self._go_to(target)

    def _go_to(self, target: str) -> None:
        """Open an address later, unless it was opened with other values of the same filters."""
        place = place_of(target)
        if place not in self._seen:
            self._seen.add(place)
            self._to_open.append(target)


@pytest.mark.parametrize("scene", OFFERED, ids=lambda scene: str(scene.__name__))
async def test_on_all_pages_a_role_is_offered_what_it_may_do(world: "World", scene: scenes.Scene) -> None:
    ids = await scene(world)
    world.ports.closing.set()  # live events end at once
    for role in Role:
        world.keys[role] = (await world.ports.keys.create(ACME, f"the {role}", role=role, by=COMMAND_LINE)).api_key
    viewer, biller, admin = await asyncio.gather(*(Walk(world, role, ids).all_of_it() for role in Role))
    assert viewer == set()
    assert admin >= OFFERED[scene] | EVERYWHERE
    of_billers = {form for form in admin if Role.BILLER.may(needed(address_of("POST", HERE + form)))}
    assert biller == of_billers


def test_the_scenes_offer_every_form_that_there_is() -> None:
    forms = {address.template.removeprefix("/portal/{partner}") for address in OF_PARTNERS if address.changes}
    assert forms == set().union(EVERYWHERE, ELSEWHERE, *OFFERED.values())
