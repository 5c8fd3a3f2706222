"""What a fault does: what the client meets, and whether its request takes effect."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from halo_sandbox.exchange import HTML, Answer, Exchange, json_answer
from halo_sandbox.faults import Action

Handle = Callable[[Exchange], Answer]


class Connection(Protocol):
    """What a request came in on: it carries one answer, or is broken."""

    async def answer(self, answer: Answer) -> None:
        """Send a whole answer."""

    async def half(self, answer: Answer) -> None:
        """Promise the whole length, send half of it and close."""

    async def close(self) -> None:
        """Close without (more of) an answer."""

    async def reset(self) -> None:
        """Close as a crash does."""


Sent = Answer | None
"""The answer that was sent, None when there was none."""

_PAGE = b"<!doctype html><html lang='en'><title>Service</title><h1>We will be back soon</h1></html>"


async def meet(exchange: Exchange, handle: Handle, connection: Connection) -> Sent:
    """Do to a request what the fault it met says; without one, answer it."""
    action = exchange.hit.action
    if action.delay_s:
        await asyncio.sleep(action.delay_s)
    return await _EFFECTS.get(action.kind, _answered)(exchange, handle, connection)


async def _answered(exchange: Exchange, handle: Handle, connection: Connection) -> Sent:
    """Lists and arrays are spoilt where they are handled."""
    answer = handle(exchange)
    await _late(exchange.hit.action)
    if exchange.tenant.settings.row_delay_s:
        await asyncio.sleep(len(exchange.received()) * exchange.tenant.settings.row_delay_s)
    await connection.answer(answer)
    return answer


async def _instead(exchange: Exchange, handle: Handle, connection: Connection) -> Sent:
    action = exchange.hit.action
    if action.apply:
        handle(exchange)
    await _late(action)
    answer = _substitute(action)
    await connection.answer(answer)
    return answer


def _substitute(action: Action) -> Answer:
    if action.html:
        return Answer(200, _PAGE, HTML)
    if action.malformed:
        return Answer(200, b'{"record_count": 3, "licences": [{"id": 1, "na')
    if action.unauthorized:
        return json_answer(401, {"Message": "Authorization has been denied for this request."})
    if action.body is None:
        return Answer(action.status or 500, headers=action.headers)
    if isinstance(action.body, str):
        return Answer(action.status or 500, action.body.encode(), "text/plain; charset=utf-8", action.headers)
    return json_answer(action.status or 500, action.body, action.headers)


async def _late_apply(exchange: Exchange, handle: Handle, connection: Connection) -> Sent:
    action = exchange.hit.action

    async def apply() -> None:
        await asyncio.sleep(action.late_apply_s or 0)
        handle(exchange)

    exchange.tenant.later(apply())
    if action.status is None:
        await connection.close()
        return None
    answer = _substitute(action)
    await connection.answer(answer)
    return answer


async def _revoke_tokens(exchange: Exchange, handle: Handle, connection: Connection) -> Sent:
    exchange.tenant.tokens.revoke()
    return await _answered(exchange, handle, connection)


async def _half_body(exchange: Exchange, handle: Handle, connection: Connection) -> Sent:
    answer = handle(exchange)
    await _late(exchange.hit.action)
    await connection.half(answer)
    return answer


async def _drop_before(_exchange: Exchange, _handle: Handle, connection: Connection) -> Sent:
    await connection.close()
    return None


async def _drop_after(exchange: Exchange, handle: Handle, connection: Connection) -> Sent:
    handle(exchange)
    await _late(exchange.hit.action)
    await connection.close()
    return None


async def _reset_before(_exchange: Exchange, _handle: Handle, connection: Connection) -> Sent:
    await connection.reset()
    return None


async def _reset_after(exchange: Exchange, handle: Handle, connection: Connection) -> Sent:
    handle(exchange)
    await _late(exchange.hit.action)
    await connection.reset()
    return None


async def _late(action: Action) -> None:
    if action.delay_answer_s:
        await asyncio.sleep(action.delay_answer_s)


_EFFECTS: Mapping[str, Callable[[Exchange, Handle, Connection], Awaitable[Sent]]] = {
    "status": _instead,
    "html": _instead,
    "malformed": _instead,
    "unauthorized": _instead,
    "late_apply_s": _late_apply,
    "revoke_tokens": _revoke_tokens,
    "half_body": _half_body,
    "drop_before": _drop_before,
    "drop_after": _drop_after,
    "reset_before": _reset_before,
    "reset_after": _reset_after,
}
