"""The rights of RabbitMQ's users are no wider than what is used: each pattern against all names and some more."""

import re
from collections.abc import Iterable, Iterator

import pytest
from halosync.contracts.registry import MESSAGES
from halosync.domain.accounts import Account
from halosync.messaging.rights import own_queue, rights_of
from halosync.messaging.topology import KEPT_DEAD_LETTERS, QUEUES

AUTH, PLANNER, WRITER, REPORT_API, OPERATOR, INVOICE_SYSTEM = Account
EXCHANGES = {
    "converge.invoices",
    "halosync.events",
    "halosync.work",
    "halosync.ready",
    "halosync.replies",
    "halosync.dead",
    "halosync.dead-once",
    "halosync.delay.5000ms",
}
OWN = {account: own_queue(account) for account in (AUTH, PLANNER, WRITER, REPORT_API, OPERATOR)}
QUEUE_NAMES = {queue.name for queue in QUEUES} | {KEPT_DEAD_LETTERS.name, "halosync.delay.5000ms.v1"}

# Who does what, as the code is: publishes what it works on fails (dead), what waits (delay), what the outbox has
# (events, work), answers and probes (replies).
WRITES = {
    AUTH: {"halosync.events", "halosync.work", "halosync.replies", "halosync.dead", "halosync.dead-once", OWN[AUTH]},
    PLANNER: EXCHANGES - {"converge.invoices", "halosync.ready"} | {OWN[PLANNER]},
    WRITER: EXCHANGES - {"converge.invoices", "halosync.ready"} | {OWN[WRITER]},
    REPORT_API: {"halosync.events", "halosync.work", "halosync.replies", OWN[REPORT_API]},
    OPERATOR: {"converge.invoices", "halosync.ready", "halosync.work", OWN[OPERATOR]},
    INVOICE_SYSTEM: {"converge.invoices"},
}
READS = {
    AUTH: {
        "auth.connection-begin.v1",
        "auth.connection-complete.v1",
        "auth.connection-end.v1",
        "auth.token-request.v1",
        "auth.webhook-sign.v1",
        "halosync.replies",
        OWN[AUTH],
    },
    PLANNER: {
        "planner.invoice-ready.v1",
        "planner.run-requested.v1",
        "planner.run-finished.v1",
        "planner.connection-established.v1",
        "planner.halo-refresh-requested.v1",
        "planner.connection-test.v1",
        "planner.dead-letters.v1",
        "halosync.replies",
        OWN[PLANNER],
    },
    WRITER: {"halo-writer.licence-actions.v1", "halosync.replies", OWN[WRITER]},
    REPORT_API: {"halosync.replies", OWN[REPORT_API]},
    OPERATOR: {"halosync.replies", OWN[OPERATOR]},
    INVOICE_SYSTEM: set[str](),
}
OUTBOX = {"run.requested.v1", "licence.actions.v1", "halo.refresh.requested.v1"}
"""Orders: whoever is first publishes the outbox of all."""
TOLD = {name for name, model in MESSAGES.items() if model.exchange == "halosync.events"}
KEYS = {
    AUTH: {"halosync.work": OUTBOX, "halosync.events": TOLD},
    PLANNER: {"halosync.work": OUTBOX | {"token.request.v1"}, "halosync.events": TOLD},
    WRITER: {"halosync.work": OUTBOX | {"token.request.v1"}, "halosync.events": TOLD},
    REPORT_API: {
        "halosync.work": OUTBOX
        | {"connection.begin.v1", "connection.complete.v1", "connection.end.v1", "connection.test.v1"}
        | {"webhook.sign.v1"},
        "halosync.events": TOLD,
    },
    OPERATOR: {"converge.invoices": {"invoice.ready.v1"}, "halosync.work": {"connection.end.v1", "connection.test.v1"}},
    INVOICE_SYSTEM: {"converge.invoices": {"invoice.ready.v1"}},
}


def beside(names: Iterable[str]) -> Iterator[str]:
    """Yield the names, and some that a loose pattern would fit as well.

    `amq.default` is what rights call the default exchange.
    """
    for name in names:
        yield from (name, f"{name}x", f"x{name}", name.replace(".", "x"), f"{name}.")
    yield from ("amq.default", "amq.direct", "amq.topic", "*", "#")


UNIVERSE = set(beside(EXCHANGES | QUEUE_NAMES | set(OWN.values())))
MADE_UP_OWN = {f"{name}{end}" for name in OWN.values() for end in ("x", ".")}
"""A process names its own queues, so any ending is its own."""


def fits(pattern: str) -> set[str]:
    return {name for name in UNIVERSE - MADE_UP_OWN if re.search(pattern, name)}


@pytest.mark.parametrize("account", Account)
def test_no_right_is_wider_than_what_is_used(account: Account) -> None:
    rights = rights_of(account)
    assert fits(rights.write) == WRITES[account]
    assert fits(rights.read) == READS[account]
    assert fits(rights.configure) == ({OWN[account]} if account in OWN else set())


@pytest.mark.parametrize("account", Account)
def test_no_key_may_be_published_that_nobody_publishes(account: Account) -> None:
    """Every topic exchange that may be written to has its keys: without, RabbitMQ lets any key through."""
    rights = rights_of(account)
    keys = set(beside(MESSAGES.keys() | {queue.routing_key for queue in QUEUES}))
    found = {exchange: {key for key in keys if re.search(pattern, key)} for exchange, pattern in rights.keys.items()}
    assert found == KEYS[account]
    topics = {"converge.invoices", "halosync.events", "halosync.work"}
    assert WRITES[account] & topics == found.keys()
