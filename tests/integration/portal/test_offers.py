"""The pages of Sync, connection and settings offer a role only what it may do (spec section 10)."""

from typing import TYPE_CHECKING, Any, cast

import pytest
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.roles import Role

from tests.integration.portal.attack import ACME, belongings

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

HERE = f"/portal/{ACME}"
PAGES = ("report", "halo-psa", "settings")


async def offered(browser: "Browser", page: str) -> set[str]:
    """Return where the forms of a page go, and the links that lead to a question."""
    shown = await browser.open(f"{HERE}/{page}")
    forms = {str(form["action"]) for form in shown.soup.select('form[method="post"]')}
    links = {
        str(link["href"]) for link in shown.soup.select('a[href$="/disconnect"], a[href$="/keys"], a[href$="/people"]')
    }
    return {target.removeprefix(HERE) for target in forms | links} - {"/sign-out"}


@pytest.mark.parametrize("state", ["connected", "disconnected"])
@pytest.mark.parametrize("role", list(Role))
async def test_a_role_is_offered_what_it_may_do(browser: "Browser", world: "World", role: Role, state: str) -> None:
    await belongings(world, ACME)
    await world.pool.execute("UPDATE connection SET state = $1", state)
    world.keys[role] = (await world.ports.keys.create(ACME, "", role=role, by=COMMAND_LINE)).api_key
    await browser.sign_in(cast("Any", role))
    found = {target for page in PAGES for target in await offered(browser, page)}
    of_biller = {"/sync"} if state == "connected" else set()
    of_admin = {"/settings", "/keys", "/people", *(("/halo-psa/connect",) if state == "disconnected" else ())}
    assert (of_biller <= found) is (role.may(Role.BILLER) or not of_biller), found
    assert (of_admin <= found) is role.may(Role.ADMIN), found
    if role is Role.VIEWER:
        assert not found
    if role is Role.BILLER:
        assert not found & (of_admin | {"/halo-psa/test", "/halo-psa/disconnect"})
