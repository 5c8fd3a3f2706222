"""Which permissions a connection needs, and which include others."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.auth.conftest import World
from .journey_steps import PARTNER, refusal


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        (["read:customers", "read:softwarelicensing"], "edit:softwarelicensing"),
        (["edit:softwarelicensing", "read:softwarelicensing"], "read:customers"),
    ],
)
async def test_a_permission_that_was_not_granted(world: "World", granted: list[str], missing: str) -> None:
    await world.sandbox.admin.change_settings("acme", granted_scopes=granted)
    code, _, detail = await refusal(world, await world.log_in())
    assert code == "missing_scope"
    assert f"permissions: {missing}." in detail
    assert "Configuration > Integrations > Halo API" in detail
    view = await world.auth.store.view(PARTNER)
    assert (view.state, view.problem, view.tenant, view.client_id) == ("broken", detail, "acme", "client-1")
    assert await world.pool.fetchval("SELECT count(*) FROM oauth_token") == 0
    assert await world.events() == []
    await world.sandbox.admin.change_settings("acme", granted_scopes=None)
    assert await world.connect(), "a failed attempt can be begun again at once"


async def test_without_offline_access_a_connection_would_die_within_the_hour(world: "World") -> None:
    came_back = await world.log_in(service=world.auth.asking("all"))
    code, _, detail = await refusal(world, came_back)
    assert code == "missing_scope"
    assert "offline_access" in detail


async def test_all_includes_every_permission(world: "World") -> None:
    await world.auth.service.complete(await world.log_in(service=world.auth.asking("all offline_access")))
    assert sorted((await world.auth.store.view(PARTNER)).granted_scopes) == ["all", "offline_access"]


@pytest.mark.parametrize(
    "halo",
    [
        {"odd_token_answer": {"scope": "edit:customers edit:softwarelicensing offline_access"}},
        {"granted_scopes": ["read:customers", "edit:softwarelicensing"]},
    ],
)
async def test_the_right_to_edit_includes_the_right_to_read(world: "World", halo: dict[str, object]) -> None:
    await world.sandbox.admin.change_settings("acme", **halo)
    assert await world.connect()
