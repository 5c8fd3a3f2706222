"""The `stack` fixture: the four real processes are ready, and the operator's command works on them."""

import httpx
import pytest
from devstack.stack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.e2e]


async def test_the_real_services_are_ready(stack: Stack) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        for service in stack.services.values():
            assert (await client.get(f"{service.health_url}/readyz")).status_code == 200
        assert (await client.get(f"{stack.http_url}/openapi.json")).status_code == 200


async def test_the_real_command_answers_in_json(stack: Stack) -> None:
    await stack.cli("partner", "add", "of-devstack", "--name", "Of devstack")
    created = await stack.cli("key", "create", "--partner", "of-devstack")
    assert created["api_key"]


async def test_a_real_service_drains_and_comes_back(stack: Stack) -> None:
    before = stack.services["planner"].process.pid
    await stack.restart("planner")
    assert stack.services["planner"].process.pid != before
