"""A second stack beside the one of `devstack.fixtures`: one that tests may kill, stop and cut off."""

from collections.abc import AsyncIterator

import pytest
from devstack.fixtures import QUICK
from devstack.options import StackOptions
from devstack.own_domain import HOST
from devstack.postgres import PostgresServer
from devstack.rabbitmq import RabbitServer
from devstack.stack import Stack, running_stack
from devstack.state import StateFolder


@pytest.fixture(scope="session")
async def fragile_stack(
    postgres_server: PostgresServer, rabbit_server: RabbitServer, devstack_state: StateFolder
) -> AsyncIterator[Stack]:
    """The processes, with two writers; tests ask for `own_stack`."""
    hosts = f"psa.acme.example=acme,*.msp.example,{HOST}"
    settings = {"HALOSYNC_HALO_TIMEOUT_S": "2", "HALOSYNC_HALO_CUSTOM_HOSTS": hosts}
    options = StackOptions(writers=2, own_domain=True, forked=True, environment={**QUICK, **settings})
    async with running_stack(options, postgres_server, rabbit_server, devstack_state) as running:
        await running.review_nothing()
        yield running


@pytest.fixture
async def own_stack(fragile_stack: Stack) -> AsyncIterator[Stack]:
    """The processes and two writers, all running, for the test to end, and its servers to take away."""
    yield fragile_stack
    for service in fragile_stack.services.values():
        await service.start()  # one that runs is left alone
