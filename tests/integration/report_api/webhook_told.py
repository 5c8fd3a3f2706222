"""A partner's webhook, and what its address is told."""

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from devstack.fields import Fields
from halosync.contracts.connection import ConnectionLost
from halosync.contracts.message import Message
from halosync.contracts.run import RunFinished
from halosync.contracts.webhook import SignWebhook
from halosync.domain.acts import COMMAND_LINE
from halosync.messaging.webhook_secrets import SealedWebhookSecrets, sign
from halosync.ports.requests import NoReplyError, Refusal
from halosync.runtime.webhook_sender import HttpWebhookSender
from halosync.store.outbox import emit
from halosync.store.sealing_keys import SealingKeyStore
from report_api.webhooks.delivering import NoticeDelivery

from tests.integration.receiver import Receiver

if TYPE_CHECKING:
    from tests.integration.conftest import World

ACME, RIVAL = "acme-msp", "rival-msp"


class Auth:
    """Signs as auth does, with its key; `away`: does not answer."""

    def __init__(self, private_key: bytes) -> None:
        self._private_key = private_key
        self.away = False

    async def private(self, key_id: int) -> bytes:
        """Return the key."""
        assert key_id
        return self._private_key

    async def ask(self, request: Message) -> Message:
        """Answer a request to sign."""
        if self.away:
            raise NoReplyError("away")
        try:
            return await sign(SignWebhook.model_validate_json(request.model_dump_json()), self)
        except Refusal as refused:
            return refused.answer


class Told:
    """A world with auth's key, a receiver, and the work that delivers."""

    def __init__(self, world: "World", host: Receiver, sender: HttpWebhookSender) -> None:
        self.world, self.host, self.sender = world, host, sender
        self.auth = Auth(world.auth.private_key)
        self.secrets = SealedWebhookSecrets(SealingKeyStore(world.pool), self.auth)
        self.stop = asyncio.Event()

    def work(self) -> NoticeDelivery:
        """Return the work of one more replica."""
        return NoticeDelivery(self.world.ports.notices, self.secrets, self.sender, None)

    async def deliver(self) -> None:
        """Deliver all that is due, as though every rest and pause were over."""
        await self.world.pool.execute("UPDATE webhook SET rests_until = 'epoch'")
        await self.world.pool.execute("UPDATE notice_delivery SET due_at = clock_timestamp() WHERE state = 'pending'")
        await self.work().deliver(self.stop)

    async def webhook(
        self, *, partner: str = ACME, url: str | None = None, events: list[str] | None = None
    ) -> tuple[UUID, str]:
        """Create a webhook at the receiver; return its id and secret."""
        number, secret = uuid4(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        sealed = await self.secrets.seal(secret, number)
        await self.world.ports.webhooks.create(partner, number, url or self.host.url, events, sealed, by=COMMAND_LINE)
        return number, secret

    async def happens(self, *messages: Message) -> None:
        """Publish what has happened, as whoever changes something does."""
        async with self.world.pool.acquire() as connection, connection.transaction():
            for message in messages:
                await emit(connection, message)

    def types(self) -> list[str]:
        """Return the types of what was received."""
        return [json.loads(each.body)["type"] for each in self.host.got]


def lost(partner: str = ACME) -> ConnectionLost:
    return ConnectionLost(
        partner_id=partner, tenant="acme", reason="invalid_grant", problem="Halo ended it.", lost_at=datetime.now(UTC)
    )


async def finished(world: "World", held: list[Fields], *, mode: str = "apply") -> RunFinished:
    """Store a run that has ended holding these items, and return what is told of it."""
    invoice_pk = await world.pool.fetchval("SELECT invoice_pk FROM invoice") or await world.invoice()
    run_id = await world.run(invoice_pk, [world.item(outcome="held", **each) for each in held], mode=mode)
    await world.finish(run_id, "partial" if held else "succeeded")
    return RunFinished.model_validate(
        {
            "run_id": run_id,
            "partner_id": ACME,
            "invoice_id": "INV-1",
            "revision": 1,
            "mode": mode,
            "state": "partial" if held else "succeeded",
            "counters": {"total": 1 + len(held), "held": len(held), "synced": 1, "unchanged": 1},
            "finished_at": datetime.now(UTC),
        }
    )
