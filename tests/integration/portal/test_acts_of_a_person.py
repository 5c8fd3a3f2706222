"""Every act of somebody who has signed in as a person is in the audit log with that name (spec section 10).

On all pages of a partner, each form that is offered is sent once, filled in as it may be.
"""

from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup
from devstack.fields import Fields
from halosync.domain.acts import COMMAND_LINE, Act
from halosync.domain.roles import Principal, Role

from tests.integration.portal import scenes
from tests.integration.portal.attack import ACME, OF_PARTNERS
from tests.integration.portal.conftest import _values

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

ANNA = "anna.baker@acme.example"
ENTERED = {
    "name": "Accounting",
    "email": "ben@acme.example",
    "url": "https://acme.example/hook",
    "note": "Right as it is.",
    "tenant": "acme",
    "client_id": "client-1",
    "halo_client_id": "7",
    "invoice_day": "9",
}
DONE: dict[scenes.Scene, set[Act]] = {
    scenes.going_on: {
        *(
            Act.SIGNED_IN,
            Act.RUN_CANCELLED,
            Act.PREVIEW_STARTED,
            Act.CUSTOMER_LINKED,
            Act.PRODUCT_LINKED,
            Act.KEY_CREATED,
        ),
        *(Act.KEY_REVOKED, Act.PERSON_ADDED, Act.PERSON_REMOVED, Act.SETTINGS_CHANGED, Act.LICENCE_KEEP_CHANGED),
        *(Act.MONTH_ACCEPTED, Act.WEBHOOK_CREATED, Act.WEBHOOK_DELETED),
    },
    scenes.held: {Act.RUN_STARTED, Act.REMOVALS_APPROVED},
    scenes.ready_to_close: {Act.MONTH_CLOSED},
    scenes.two_invoices: {Act.INVOICES_CHOSEN},
}
"""What is done there at least."""


async def send_every_form(browser: "Browser", ids: dict[str, str]) -> None:
    sent = set()
    for address in sorted(OF_PARTNERS, key=lambda address: "/runs/" not in address.template):  # while they are newest
        if address.changes:
            continue
        answer = await browser.client.get(address.filled(ids))
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        for form in BeautifulSoup(answer.text, "html.parser").select('form[method="post"]'):
            values: Fields = _values(form)
            ticked = form.select('input[type="checkbox"][name]')
            values |= {str(box["name"]): box.get("value", "on") for box in ticked}
            values |= {name: entered for name, entered in ENTERED.items() if name in values}
            pressed = form.select("button[name]")[:1]
            values |= {str(button["name"]): button.get("value", "") for button in pressed}
            what = str(form["action"]), *(str(button["name"]) for button in pressed)
            if what not in sent and "sign-out" not in what[0] and "anna.baker" not in what[0]:
                sent.add(what)
                answered = await browser.client.post(str(form["action"]), data=values)
                assert answered.status_code in {200, 303, 403, 404, 409, 422, 503}, (
                    what,
                    answered.text,
                )  # auth is away


@pytest.mark.parametrize("scene", DONE, ids=lambda scene: str(scene.__name__))
async def test_it_has_the_name_of_the_person(browser: "Browser", world: "World", scene: scenes.Scene) -> None:
    ids = await scene(world)
    world.ports.closing.set()  # live events end at once
    await world.ports.people.put(ACME, ANNA, Role.ADMIN, by=COMMAND_LINE)
    before = await world.pool.fetchval("SELECT max(audit_id) FROM audit_entry")
    token = await world.ports.sessions.open(Principal(ANNA, {ACME: Role.ADMIN}))
    browser.client.headers["Cookie"] = f"__Host-halosync-session={token}"
    await send_every_form(browser, ids)
    rows = await world.pool.fetch("SELECT * FROM audit_entry WHERE audit_id > $1", before)
    who = {(row["actor"], row["actor_key_id"], row["is_operator"]) for row in rows}
    assert who == {(ANNA, None, False)}
    done = {Act(row["act"]) for row in rows}
    assert done >= DONE[scene], done
    requested = [by for asked in world.auth.asked if (by := getattr(asked, "requested_by", None)) is not None]
    assert {(by.name, by.key_id, by.is_operator) for by in requested} <= {(ANNA, None, False)}
