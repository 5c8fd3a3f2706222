"""RabbitMQ as an administrator sets it up: everything declared, a user for each account, and its rights.

AMQP declares queues and cannot make users, so this asks the management API for those.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx
from faststream.rabbit import RabbitBroker

from halosync.domain.accounts import Account, Users
from halosync.messaging.connection import connect_options
from halosync.messaging.declaring import declare_topology
from halosync.messaging.rights import rights_of

TIMEOUT_S = 20.0
_PORTS = {"amqp": ("http", 15672), "amqps": ("https", 15671)}
_TOO_MUCH = frozenset({"administrator", "impersonator", "policymaker", "monitoring"})


class BrokerRefusedError(RuntimeError):
    """The management API did not do what was asked; the text says what to do."""


@dataclass(frozen=True)
class Prepared:
    """What was made of a broker.

    Attributes:
        users: those that have their rights now.
        without_password: those of them that are new and cannot sign in with a password yet.
    """

    users: Sequence[str] = ()
    without_password: Sequence[str] = ()


async def prepare(
    amqp_url: str,
    management_url: str | None,
    users: Users,
    delays_s: Sequence[float],
    *,
    connecting: AbstractContextManager[None] | None = None,
) -> Prepared:
    """Declare every exchange and queue, make the users that are not there, and set their rights. Safe to repeat.

    Args:
        amqp_url: the virtual host, with the account of an administrator.
        management_url: where its management API is; by default on the usual port of the same host.
        users: their names, and the passwords that are to be set.
        delays_s: the delay tiers of the services.
        connecting: stands around connecting alone, to say in its own words that RabbitMQ is away.

    Raises:
        BrokerRefusedError: the management API is away, or refuses, or a user may do more than rights can take away.
        AMQPError, OSError: RabbitMQ is away, or an exchange or queue is there with other arguments.
    """
    broker = RabbitBroker(**connect_options(amqp_url), logger=None)
    try:
        with connecting or nullcontext():
            await broker.connect()
        await declare_topology(broker, delays_s)
    finally:
        await broker.stop()
    api = _Management(amqp_url, management_url)
    fresh = [users.name(account) for account in Account if await api.user(account, users)]
    for account in Account:
        await api.rights(account, users)
    return Prepared([users.name(account) for account in Account], fresh)


class _Management:
    """The management API of one virtual host."""

    def __init__(self, amqp_url: str, management_url: str | None) -> None:
        parts = urlsplit(amqp_url)
        scheme, port = _PORTS.get(parts.scheme, _PORTS["amqp"])
        self._url = (management_url or f"{scheme}://{parts.hostname}:{port}").rstrip("/")
        self._login = httpx.BasicAuth(unquote(parts.username or "guest"), unquote(parts.password or "guest"))
        self._vhost = quote(unquote(parts.path.removeprefix("/")) or "/", safe="")

    async def user(self, account: Account, users: Users) -> bool:
        """Make a user, or give it its password; return whether it is new and has none.

        Raises:
            BrokerRefusedError: it has a tag that lets it do more than its rights say.
        """
        name, password = users.name(account), users.passwords.get(account)
        there = await self._call("GET", f"/users/{name}", missing=True)
        tags = set() if there is None else _tags(there["tags"])
        if tags & _TOO_MUCH:
            raise BrokerRefusedError(
                f"the user {name} of RabbitMQ is tagged {', '.join(sorted(tags))}: take that away "
                f"(rabbitmqctl set_user_tags {name}), then repeat"
            )
        if password is not None:
            await self._call("PUT", f"/users/{name}", {"password": password, "tags": ""})
        elif there is None:
            await self._call("PUT", f"/users/{name}", {"password_hash": "", "tags": ""})
        return password is None and there is None

    async def rights(self, account: Account, users: Users) -> None:
        """Set what a user may do in this virtual host, in place of what it might before."""
        name, rights = users.name(account), rights_of(account)
        patterns = {"configure": rights.configure, "write": rights.write, "read": rights.read}
        await self._call("PUT", f"/permissions/{self._vhost}/{name}", patterns)
        await self._call("DELETE", f"/topic-permissions/{self._vhost}/{name}", missing=True)
        for exchange, keys in rights.keys.items():
            body = {"exchange": exchange, "write": keys, "read": "^$"}
            await self._call("PUT", f"/topic-permissions/{self._vhost}/{name}", body)

    async def _call(
        self, method: str, path: str, body: Mapping[str, str] | None = None, *, missing: bool = False
    ) -> Any:
        try:
            async with httpx.AsyncClient(auth=self._login, trust_env=False, timeout=TIMEOUT_S) as client:
                answer = await client.request(method, f"{self._url}/api{path}", json=body)
        except httpx.TransportError as error:
            raise BrokerRefusedError(
                f"RabbitMQ's management API does not answer at {self._url} ({type(error).__name__}): enable it "
                "(rabbitmq-plugins enable rabbitmq_management), or say where it is by "
                "HALOSYNC_ADMIN_AMQP_MANAGEMENT_URL"
            ) from None
        if missing and answer.status_code == 404:
            return None
        if not answer.is_success:
            raise BrokerRefusedError(
                f"RabbitMQ's management API answered {answer.status_code} to {method} {path}: the user of "
                "HALOSYNC_ADMIN_AMQP_URL must be tagged administrator"
            )
        return answer.json() if answer.content else None


def _tags(tags: str | Sequence[str]) -> set[str]:
    """Return a user's tags: a list since RabbitMQ 3.9, text before."""
    return set(tags.split(",") if isinstance(tags, str) else tags)
