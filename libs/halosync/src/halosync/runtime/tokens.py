"""Access tokens for the processes that talk to Halo: asked of auth, kept in memory only (spec section 5.6)."""

from datetime import UTC, datetime, timedelta

import structlog

from halosync.contracts.connection import RequestRefused, TokenGranted, TokenRequest
from halosync.domain import connection_sentences
from halosync.ports.requests import Asker, NoReplyError
from halosync.ports.tokens import AuthAwayError, ConnectionLostError, TokenUnavailableError

log = structlog.get_logger(__name__)

SPARE = timedelta(seconds=30)
"""A token that ends sooner than this is not used: it could expire on the way."""


class Tokens:
    """Asks auth for access tokens and remembers them while they are good."""

    def __init__(self, requests: Asker) -> None:
        self._requests = requests
        self._known: dict[str, TokenGranted] = {}

    async def get(self, partner_id: str, tenant: str, *, rejected_generation: int | None = None) -> TokenGranted:
        """Return a token of the partner's `tenant`.

        Args:
            partner_id: whose connection.
            tenant: the Halo the work was planned for; a token of another one must never be used for it.
            rejected_generation: a token that Halo answered with 401; a newer one is wanted.

        Raises:
            ConnectionLostError: the partner is not connected, or connected to another tenant.
            TokenUnavailableError: Halo's token endpoint is away.
            AuthAwayError: auth is, or the database or the broker between.
        """
        known = self._known.get(partner_id)
        fresh = known is not None and known.expires_at - datetime.now(UTC) > SPARE
        if known is None or not fresh or known.generation == rejected_generation or known.tenant != tenant:
            known = await self._ask(partner_id, rejected_generation)
            self._known[partner_id] = known.model_copy(update={"renewed": False})
        if known.tenant != tenant:
            raise ConnectionLostError("other_tenant", connection_sentences.other_tenant(known.tenant, tenant))
        return known

    async def _ask(self, partner_id: str, rejected_generation: int | None) -> TokenGranted:
        try:
            answer = await self._requests.ask(
                TokenRequest(partner_id=partner_id, rejected_generation=rejected_generation)
            )
        except NoReplyError as error:
            log.warning("auth is away", partner_id=partner_id, error=str(error))
            raise AuthAwayError(str(error)) from error
        if isinstance(answer, TokenGranted):
            return answer
        if isinstance(answer, RequestRefused) and answer.code in {"not_connected", "connection_broken"}:
            self._known.pop(partner_id, None)
            raise ConnectionLostError(answer.code, answer.detail)
        if isinstance(answer, RequestRefused) and answer.code == "part_away":
            raise AuthAwayError(answer.detail)
        if isinstance(answer, RequestRefused) and answer.code == "token_unreadable":
            raise TokenUnavailableError(answer.detail, answer.code)
        detail = answer.detail if isinstance(answer, RequestRefused) else answer.message_type
        raise TokenUnavailableError(detail)
