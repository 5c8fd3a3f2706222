"""What a role may not do is refused at every address (spec section 10); `test_offers` looks at what is offered."""

from typing import TYPE_CHECKING, Any, cast

import pytest
import pytest_asyncio
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.roles import Role
from report_api.access.needed_role import RoleRoute

from tests.integration.portal.attack import ACME, ADDRESSES, OF_PARTNERS, Address, belongings, everything

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

CALLS = [address for address in ADDRESSES if address.template.startswith("/v1/partners/{partner}")]
OPERATORS = [
    address
    for address in ADDRESSES
    if address.template.startswith("/v1/") and not address.template.startswith("/v1/partners/{partner}")
]
CHANGES_NOTHING = {
    "GET /v1/partners/{partner}/keys",
    "GET /v1/partners/{partner}/webhooks",
    "GET /v1/partners/{partner}/webhooks/{webhook_id}/deliveries",
    "GET /v1/partners/{partner}/people",
    "GET /v1/partners/{partner}/people/{email}",
}
"""What only looks, and is for admins all the same: API keys, people and webhooks."""


def needed(address: Address) -> Role:
    return cast("RoleRoute", address.route).needed_role


@pytest_asyncio.fixture(loop_scope="session")
async def things(world: "World") -> dict[str, str]:
    """Things of a connected partner, and a key for each role."""
    ids = await belongings(world, ACME)
    for role in Role:
        world.keys[role] = (await world.ports.keys.create(ACME, f"the {role}", role=role, by=COMMAND_LINE)).api_key
    return ids


def test_every_address_of_a_partner_declares_its_role() -> None:
    for address in [*CALLS, *OF_PARTNERS]:
        assert isinstance(address.route, RoleRoute), address
        if address.changes:
            assert needed(address) is not Role.VIEWER, address
    looking = {str(address) for address in CALLS if not address.changes and needed(address) is not Role.VIEWER}
    assert looking == CHANGES_NOTHING


@pytest.mark.parametrize("role", [Role.VIEWER, Role.BILLER])
async def test_a_call_that_a_role_may_not_make_is_forbidden_and_does_nothing(
    world: "World", things: dict[str, str], role: Role
) -> None:
    await world.call("GET", "/summary", key=role)  # the use of the key is noted
    before = await everything(world)
    for address in CALLS:
        if role.may(needed(address)):
            continue
        # Not even a mistake in the request is answered differently.
        for body in (b"{}", b"{"):
            answer = await world.client.request(
                address.method, address.filled(things), headers=world.key(role), content=body
            )
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), address
            assert needed(address) in answer.json()["detail"], address
    assert await everything(world) == before
    assert not world.auth.asked


@pytest.mark.parametrize("role", list(Role))
async def test_a_call_that_a_role_may_make_is_not_forbidden(world: "World", things: dict[str, str], role: Role) -> None:
    world.ports.closing.set()  # live events end at once
    for address in CALLS:
        if role.may(needed(address)) and not address.changes:
            answer = await world.client.request(address.method, address.filled(things), headers=world.key(role))
            assert answer.status_code in {200, 404}, address  # there may be no such thing yet


@pytest.mark.parametrize("role", [Role.VIEWER, Role.BILLER])
async def test_a_form_that_a_role_may_not_send_is_forbidden_and_does_nothing(
    browser: "Browser", world: "World", things: dict[str, str], role: Role
) -> None:
    page = await browser.sign_in(cast("Any", role))
    token = page.soup.select("input[name=csrf]")[0]["value"]
    before = await everything(world)
    for address in OF_PARTNERS:
        if role.may(needed(address)):
            continue
        sent = {"csrf": token} if address.changes else None
        answer = await browser.client.request(address.method, address.filled(things), data=sent)
        assert answer.status_code == 403, address
        assert f"This needs the role {needed(address)}" in answer.text, address
    assert await everything(world) == before
    assert not world.auth.asked


def test_the_calls_for_operators() -> None:
    paths = {address.template for address in OPERATORS}
    assert paths == {"/v1/people", "/v1/people/{email}", "/v1/partners", "/v1/readiness"}


@pytest.mark.parametrize("role", list(Role))
async def test_to_a_partners_key_the_calls_for_operators_are_not_there(
    world: "World", things: dict[str, str], role: Role
) -> None:
    await world.call("GET", "/summary", key=role)  # the use of the key is noted
    before = await everything(world)
    for address in OPERATORS:
        for body in (b"{}", b"{"):
            answer = await world.client.request(
                address.method, address.filled(things), headers=world.key(role), content=body
            )
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), address
    assert await everything(world) == before


async def test_an_operators_key_may_what_its_role_may(world: "World", things: dict[str, str]) -> None:
    world.keys["viewer"] = (await world.ports.keys.create(None, "who looks", role=Role.VIEWER, by=COMMAND_LINE)).api_key
    for address in OPERATORS:
        answer = await world.client.request(
            address.method, address.filled(things), headers=world.key("viewer"), content=b"{}"
        )
        allowed = Role.VIEWER.may(needed(address))
        assert answer.status_code == (200 if allowed else 403), address
