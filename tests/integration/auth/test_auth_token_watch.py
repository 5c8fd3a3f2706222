"""A lost token key is seen at once: on the connection and in auth's readiness, and so is its return."""

import pytest
from auth.token_watch import TokenWatch, UnreadableTokensError
from cryptography.fernet import Fernet
from halosync.domain.connection_sentences import LOG_IN_UNREADABLE
from halosync.runtime.vault import Vault
from halosync.store.token_keys import TokenKeyStore
from pydantic import SecretStr

from .conftest import PARTNER, World

pytestmark = pytest.mark.integration


async def test_tokens_that_cannot_be_read_are_told_until_they_can(world: World) -> None:
    await world.connect()
    store = TokenKeyStore(world.auth_pool)
    fine = TokenWatch(store, Vault(world.keys))
    await fine.look()
    await fine.check()
    lost = TokenWatch(store, Vault([SecretStr(Fernet.generate_key().decode())]))
    await lost.look()
    with pytest.raises(UnreadableTokensError, match=r"tokens of 1 partner were .*HALOSYNC_TOKEN_KEYS"):
        await lost.check()
    view = await world.auth.store.view(PARTNER)
    assert (view.state, view.problem, view.problem_code) == ("broken", LOG_IN_UNREADABLE, "token_unreadable")
    await fine.look()  # the key is back
    view = await world.auth.store.view(PARTNER)
    assert (view.state, view.problem, view.problem_code) == ("connected", None, None)


async def test_connecting_again_needs_no_lost_key(world: World) -> None:
    await world.connect()
    new = Vault([SecretStr(Fernet.generate_key().decode())])
    lost, replica = TokenWatch(TokenKeyStore(world.auth_pool), new), world.make(new)
    await lost.look()
    await replica.service.complete(await world.log_in(service=replica.service))
    await lost.look()
    await lost.check()
    assert (await replica.store.view(PARTNER)).state == "connected"
