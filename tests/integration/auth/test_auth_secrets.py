"""Tokens, codes and verifiers are in memory or encrypted, nowhere else (spec section 5.6)."""

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import structlog
from halosync.contracts.connection import BeginConnection
from halosync.observability.logging import configure_logging
from halosync.ports.requests import Refusal

if TYPE_CHECKING:
    from tests.integration.auth.conftest import World

PARTNER = "acme-msp"


async def everything_stored(world: "World") -> bytes:
    """Every row of every table as text, bytes as they are."""
    tables = await world.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    stored: list[bytes] = []
    for table in tables:
        for row in await world.pool.fetch(f"SELECT * FROM {table['tablename']}"):
            stored.extend(value if isinstance(value, bytes) else repr(value).encode() for value in row.values())
    return b"\n".join(stored)


async def test_no_secret_is_stored_logged_or_told(
    world: "World",
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level("DEBUG")
    secrets: set[str] = set()
    exchange, refresh = world.auth.halo.exchange, world.auth.halo.refresh

    def note(answer: Any) -> Any:
        secrets.update({answer.access_token.get_secret_value(), answer.refresh_token.get_secret_value()})
        return answer

    async def noting_exchange(**given: Any) -> Any:
        secrets.update({given["code"].get_secret_value(), given["verifier"].get_secret_value()})
        return note(await exchange(**given))

    async def noting_refresh(**given: Any) -> Any:
        return note(await refresh(**given))

    monkeypatch.setattr(world.auth.halo, "exchange", noting_exchange)
    monkeypatch.setattr(world.auth.halo, "refresh", noting_refresh)

    told: list[str] = []
    with structlog.testing.capture_logs() as logged:
        abandoned = await world.auth.service.begin(
            BeginConnection(partner_id=PARTNER, tenant="acme", client_id="client-1")
        )
        secrets.update(parse_qs(urlsplit(abandoned.authorize_url).query)["state"])
        came_back = await world.log_in()
        caplog.clear()  # the browser's own log shows the redirect
        secrets.add(came_back.state)
        told.append(repr(came_back))
        await world.auth.service.complete(came_back)
        await world.expire()
        told.append(repr(await world.auth.tokens.get(PARTNER)))
        await world.expire()
        for fault in ({"status": 500}, {"malformed": True}, {"drop_before": True}):
            await world.sandbox.admin.add_fault("acme", match={"path": "token"}, **fault)
            with pytest.raises(Refusal) as caught:
                await world.auth.tokens.get(PARTNER)
            told.append(repr(caught.value) + caught.value.answer.model_dump_json())
    secrets.discard(came_back.state)  # `repr` of a request shows its state, which was good once
    # The browser and the sandbox run in this process too, and httpx tells every URL; in auth it is silenced, see below.
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    seen = "\n".join([*told, repr(logged), *ours, *capsys.readouterr()])
    stored = await everything_stored(world)
    assert len(secrets) == 7  # a state, a code, a verifier, and two pairs of tokens
    for secret in secrets:
        assert secret not in seen
        assert secret.encode() not in stored
    assert came_back.state.encode() not in stored
    assert came_back.state not in repr(logged)


def test_the_libraries_that_tell_urls_are_silenced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)  # the handlers of this process are pytest's
    configure_logging("DEBUG", "auth")
    for name in ("httpx", "httpcore"):
        assert logging.getLogger(name).level >= logging.WARNING
