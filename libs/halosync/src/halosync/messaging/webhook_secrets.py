"""The secrets of webhooks: sealed by report-api for auth, which alone opens them, and signs with them.

report-api has no key that decrypts anything, so a copy of the database, or of report-api's memory later on, forges no
notice. By the Standard Webhooks scheme, with the project's own library.
"""

import base64
from datetime import datetime
from uuid import UUID

from standardwebhooks import Webhook

from halosync.contracts.webhook import SignWebhook, WebhookSigned
from halosync.domain.connection_sentences import REFUSALS
from halosync.messaging.sealing import seal, unseal
from halosync.ports.notices import DueWebhook, NotSignedError, SignerAwayError
from halosync.ports.requests import Asker, NoReplyError, refusal
from halosync.ports.sealing import PrivateKeys, PublicKeys, UnsealableError
from halosync.ports.webhooks import SealedSecret

_NOT_NOW = "auth does not answer, so nothing can be signed now"


def _context(webhook_id: UUID) -> bytes:
    """Bind a secret to its webhook: the sealed secret of another one is of no use in its place."""
    return f"webhook secret\n{webhook_id}\n".encode()


class SealedWebhookSecrets:
    """Seals secrets for auth's published key, and asks auth to sign."""

    def __init__(self, keys: PublicKeys, services: Asker) -> None:
        self._keys = keys
        self._services = services

    async def seal(self, secret: str, webhook_id: UUID) -> SealedSecret:
        """Seal the secret of a webhook; errors as of `WebhookSecrets`."""
        key = await self._keys.newest()
        if key is None:
            raise NotSignedError("auth has not published its key yet")
        return SealedSecret(key.key_id, seal(secret.encode(), key.key, _context(webhook_id)))

    async def sign(self, due: DueWebhook, sent_at: datetime, body: str) -> str:
        """Return the signature of a request; errors as of `WebhookSecrets`."""
        request = SignWebhook(
            webhook_id=due.webhook_id,
            key_id=due.secret.key_id,
            sealed_secret=base64.b64encode(due.secret.sealed),
            message_id=str(due.notice.notice_id),
            sent_at=sent_at,
            body=body,
        )
        try:
            answer = await self._services.ask(request)
        except NoReplyError:
            raise SignerAwayError(_NOT_NOW) from None
        if isinstance(answer, WebhookSigned):
            return answer.signature
        if getattr(answer, "code", None) == "secret_unreadable":
            raise NotSignedError(REFUSALS["secret_unreadable"])
        raise SignerAwayError(_NOT_NOW)


async def sign(request: SignWebhook, keys: PrivateKeys) -> WebhookSigned:
    """Sign a request to a webhook, as auth does.

    Raises:
        Refusal: the secret cannot be opened with auth's keys.
    """
    try:
        private = await keys.private(request.key_id)
        secret = unseal(request.sealed_secret, private, _context(request.webhook_id)).decode()
    except UnsealableError:
        raise refusal("secret_unreadable", partner_id=None) from None
    return WebhookSigned(signature=Webhook(secret).sign(request.message_id, request.sent_at, request.body))
