"""Every request is answered, and no failure of it leaves with a secret."""

import asyncpg
import pytest
from halosync.contracts.connection import CompleteConnection, ConnectionCompleted, RequestRefused
from halosync.messaging.replies import answer
from halosync.ports.requests import refusal

CODE = "code-that-nobody-may-see"
BODY = CompleteConnection.model_validate({"state": "s", "code": CODE}).model_dump_json().encode()


async def test_a_result_is_the_answer() -> None:
    async def act(request: CompleteConnection) -> ConnectionCompleted:
        assert request.code is not None
        assert request.code.get_secret_value() == CODE
        return ConnectionCompleted(partner_id="p", tenant="acme")

    assert await answer(CompleteConnection, act, BODY) == ConnectionCompleted(partner_id="p", tenant="acme")


async def test_a_refusal_is_the_answer() -> None:
    async def act(_: CompleteConnection) -> ConnectionCompleted:
        raise refusal("invalid_state", "p")

    refused = await answer(CompleteConnection, act, BODY)
    assert isinstance(refused, RequestRefused)
    assert (refused.code, refused.partner_id) == ("invalid_state", "p")


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (asyncpg.InterfaceError("closed"), "part_away"),
        (TimeoutError(), "part_away"),
        (RuntimeError("unforeseen"), "halo_unavailable"),
    ],
)
async def test_any_failure_is_answered_and_none_becomes_a_dead_letter(
    failure: Exception, code: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    async def act(_: CompleteConnection) -> ConnectionCompleted:
        raise failure

    refused = await answer(CompleteConnection, act, BODY)
    assert isinstance(refused, RequestRefused)
    assert refused.code == code
    assert CODE not in caplog.text + "".join(capsys.readouterr())


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b'{"code": "' + CODE.encode() + b'"}', BODY[:-1]])
async def test_what_does_not_fit_is_answered_and_not_shown(
    body: bytes, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    async def act(_: CompleteConnection) -> ConnectionCompleted:
        raise AssertionError("must not be called")

    assert isinstance(await answer(CompleteConnection, act, body), RequestRefused)
    assert CODE not in caplog.text + "".join(capsys.readouterr())
