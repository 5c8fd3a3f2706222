"""The stack of tests, demonstration and `make up` has a user and a role for each service (spec section 10)."""

import asyncpg
import pytest
from devstack.accounts import USERS
from devstack.stack import Stack
from halosync.domain.accounts import SERVICES

pytestmark = pytest.mark.e2e


async def test_each_process_signs_in_as_itself(stack: Stack) -> None:
    connection = await asyncpg.connect(stack.database_url)
    try:
        rows = await connection.fetch(
            "SELECT DISTINCT application_name, usename FROM pg_stat_activity WHERE datname = current_database()"
        )
    finally:
        await connection.close()
    names = {account.value for account in SERVICES}
    found = {(row["application_name"], row["usename"]) for row in rows if row["application_name"] in names}
    assert found == {(account.value, USERS.name(account)) for account in SERVICES}
    for name, service in stack.services.items():
        assert '"started"' in service.process.log.read_text("utf-8"), name
        assert "one user does everything" not in service.process.log.read_text("utf-8"), name
