"""What each user may do in RabbitMQ (spec section 10, "Between the services").

RabbitMQ asks for three rights by the names of queues and exchanges: to configure (declare), to write (publish to an
exchange, bind a queue), to read (consume a queue, bind to an exchange). Nobody but an administrator may write to the
default exchange or to `halosync.ready`, which reach every queue.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from halosync.contracts.registry import MESSAGES
from halosync.domain.accounts import SERVICES, Account
from halosync.messaging.topology import DEAD, DEAD_ONCE, EVENTS, INVOICES, QUEUES, READY, REPLIES, WORK

_DELAYS = r"halosync\.delay\.[0-9]+ms"
_WITH_DELAYS = (Account.PLANNER, Account.HALO_WRITER)
"""Those whose messages wait and come again."""


@dataclass(frozen=True)
class BrokerRights:
    """The rights of a user: patterns that the whole name must fit, and the routing keys it may publish with.

    Attributes:
        keys: by topic exchange, a pattern of routing keys; with no other key may it publish there.
    """

    configure: str
    write: str
    read: str
    keys: Mapping[str, str] = field(default_factory=dict)


def own_queue(account: Account) -> str:
    """Return a new name for a queue that a process has for itself alone."""
    return f"{_own(account)}{uuid4()}"


def rights_of(account: Account) -> BrokerRights:
    """Return the rights of an account."""
    invoices = {INVOICES.name: _any_of(_kinds_of(INVOICES.name))}
    match account:
        case Account.INVOICES:
            return BrokerRights(_NONE, _any_of([INVOICES.name]), _NONE, invoices)
        case Account.OPERATOR:  # it publishes invoices as the invoice system does, sends dead letters back, and asks
            own = re.escape(_own(account)) + ".*"
            asks = {WORK.name: _any_of(_keys_of(account))}
            reaches = _any_of([INVOICES.name, READY.name, WORK.name], [own])
            return BrokerRights(f"^({own})$", reaches, _any_of([REPLIES.name], [own]), invoices | asks)
        case _:
            return _of_a_service(account)


def _of_a_service(account: Account) -> BrokerRights:
    own = re.escape(_own(account)) + ".*"
    reaches = [WORK.name, EVENTS.name, REPLIES.name]
    if any(queue.worker == account for queue in QUEUES):
        reaches += [DEAD.name, DEAD_ONCE.name]
    waits = [_DELAYS] if account in _WITH_DELAYS else []
    works_on = [queue.name for queue in QUEUES if queue.worker == account]
    return BrokerRights(
        configure=f"^({own})$",
        write=_any_of(reaches, [*waits, own]),
        read=_any_of([*works_on, REPLIES.name], [own]),
        keys={WORK.name: _any_of(_keys_of(account)), EVENTS.name: _any_of(_kinds_of(EVENTS.name))},
    )


def _keys_of(account: Account) -> list[str]:
    return [queue.routing_key for queue in QUEUES if queue.exchange == WORK and _may_send(account, queue.senders)]


def _may_send(account: Account, senders: frozenset[Account]) -> bool:
    """Requests are sent by few; orders by every service, because whoever is first publishes the outbox."""
    return account in senders if senders else account in SERVICES


def _kinds_of(exchange: str) -> list[str]:
    """Return the types of messages that are published to an exchange; a type is its routing key."""
    return [name for name, model in MESSAGES.items() if model.exchange == exchange]


def _own(account: Account) -> str:
    return f"{REPLIES.name}.{account.value}."


_NONE = "^$"


def _any_of(names: Iterable[str], patterns: Iterable[str] = ()) -> str:
    return f"^({'|'.join([*map(re.escape, names), *patterns])})$"
