"""A right, a queue, an exchange or a binding taken away in the middle of a run, and given back by `halosync migrate`.

Between the two somebody must have said what is missing: in its log, or by not being ready.
"""

from collections.abc import Awaitable, Callable, Iterable

import aio_pika
import httpx
from halosync.domain.accounts import Account
from halosync.messaging.topology import LICENCE_ACTIONS, REPLIES, WORK

from devstack.accounts import USERS
from devstack.errors import DevstackError
from devstack.faults.case import Case, Step
from devstack.faults.trial import ENDED, Trial
from devstack.service import AUTH, PLANNER, Service

_DENIED = b"permission denied"


async def _slow(trial: Trial) -> None:
    await trial.slow(1.5)


async def _slow_reads(trial: Trial) -> None:
    await trial.fault("GET", times=2, delay_s=1.5)


async def _give_back(trial: Trial) -> None:
    if (await trial.run())["state"] in ENDED:
        raise DevstackError("the run had ended before what was missing was given back")
    await trial.fault_stack.stack.migrate()


def _services(trial: Trial, account: Account) -> list[Service]:
    every = trial.fault_stack.stack.services
    return trial.fault_stack.writers if account is Account.HALO_WRITER else [every[account.value]]


def _without_right(account: Account, right: str, moment: Callable[[Trial], Awaitable[None]]) -> Step:
    """Revoke a right in Postgres until one of those who need it has said that it is denied."""

    async def inject(trial: Trial) -> None:
        await moment(trial)
        logs = {service.process.log: service.process.log.stat().st_size for service in _services(trial, account)}
        await trial.fetch(f"REVOKE {right} FROM {USERS.name(account)}")

        async def told() -> bool:
            return any(_DENIED in log.read_bytes()[size:] for log, size in logs.items())

        await trial.until(told, what=f"{account.value} telling that it may not {right}")
        await _give_back(trial)

    return inject


async def _until_not_ready(trial: Trial, services: Iterable[Service]) -> None:
    async def said() -> bool:
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            answers = [await client.get(f"{service.health_url}/readyz") for service in services]
        return all(answer.status_code != httpx.codes.OK for answer in answers)

    await trial.until(said, what="not being ready for want of what was taken away")


async def _take_permission(trial: Trial) -> None:
    """The broker closes no connection by itself when it takes a permission away, so they are closed too."""
    await trial.until_writing()
    await trial.fault_stack.rabbit.take_permission(
        trial.fault_stack.stack.amqp_url, USERS.name(Account.HALO_WRITER), "closed with its permission"
    )
    await _until_not_ready(trial, trial.fault_stack.writers)
    await _give_back(trial)


async def _expire_token(trial: Trial) -> None:
    await trial.until_writing()
    await trial.fault_stack.halo.expire_tokens(trial.name)


async def _delete_queue(trial: Trial) -> None:
    """What was in it is lost; what the rows say is due is asked for again."""
    await trial.until_writing()
    async with await aio_pika.connect(trial.fault_stack.stack.amqp_url) as connection:
        channel = await connection.channel()
        await channel.queue_delete("halo-writer.licence-actions.v1")
    await _until_not_ready(trial, trial.fault_stack.writers)
    await _give_back(trial)


def _deleted_exchange(name: str) -> Step:
    """Orders wait in the outbox while there is nowhere to send them, or requests for an answer."""

    async def inject(trial: Trial) -> None:
        await trial.until_writing()
        async with await aio_pika.connect(trial.fault_stack.stack.amqp_url) as connection:
            channel = await connection.channel()
            await channel.exchange_delete(name)
        await _until_not_ready(trial, [*trial.fault_stack.writers, trial.fault_stack.stack.services[PLANNER]])
        await _give_back(trial)

    return inject


async def _delete_binding(trial: Trial) -> None:
    """Nothing looks for bindings, but what no queue takes comes back to whoever sent it, and stays in the outbox."""
    await trial.until_writing()
    async with await aio_pika.connect(trial.fault_stack.stack.amqp_url) as connection:
        queue = await (await connection.channel()).get_queue(LICENCE_ACTIONS.name)
        await queue.unbind(WORK.name, LICENCE_ACTIONS.routing_key)

    async def waits() -> bool:
        return bool(await trial.fetch("SELECT FROM outbox WHERE created_at < now() - interval '3 seconds'"))

    await trial.until(waits, what="an order that waits in the outbox")
    await _give_back(trial)


async def _writing(trial: Trial) -> None:
    await trial.until_writing()


async def _reading(trial: Trial) -> None:
    await trial.until_asked("GET")


CASES = (
    Case(
        *("right-writer", "Postgres", "writers may not change items, until they may again", _slow),
        _without_right(Account.HALO_WRITER, "UPDATE ON item", _writing),
    ),
    Case(
        *("right-planner", "Postgres", "the planner may not read invoice lines, until it may again", _slow_reads),
        _without_right(Account.PLANNER, "SELECT ON invoice_line", _reading),
    ),
    Case(
        *("right-auth", "Postgres", "auth may not read tokens while one expires, until it may again", _slow),
        _without_right(Account(AUTH), "SELECT ON oauth_token", _expire_token),
    ),
    Case("permission-writer", "broker", "writers may do nothing, until they may again", _slow, _take_permission),
    Case("queue-deleted", "broker", "the queue of actions is deleted with what is in it", _slow, _delete_queue),
    Case("exchange-deleted", "broker", "the exchange of all work is deleted", _slow, _deleted_exchange(WORK.name)),
    Case("replies-deleted", "broker", "the exchange of answers is deleted", _slow, _deleted_exchange(REPLIES.name)),
    Case("binding-deleted", "broker", "the queue of actions gets no more actions", _slow, _delete_binding),
)
