"""The use cases of auth: begin, complete and end a connection (spec section 2.1)."""

import hashlib
import secrets
from collections.abc import Sequence

import structlog
from halosync.contracts.connection import (
    BeginConnection,
    CompleteConnection,
    ConnectionBegun,
    ConnectionCompleted,
    ConnectionEnded,
    EndConnection,
    RequestedBy,
)
from halosync.domain import connection_sentences
from halosync.domain.acts import UNNAMED, Actor
from halosync.domain.tenant import InvalidTenant, normalise_tenant
from halosync.ports.connections import Attempt, ConnectionChangedError, NewTokens
from halosync.ports.oauth import InvalidClient, InvalidGrant, OAuthError, TokenAnswer, Transient
from halosync.ports.requests import Refusal, refusal
from pydantic import SecretStr

from auth.ports import Connections, OAuthServer
from auth.vault import UnreadableError, Vault

log = structlog.get_logger(__name__)

ATTEMPT_LIFETIME_S = 600.0
"""How long a person may take to log in to Halo (spec section 7)."""

NEEDED_SCOPES = ("read:customers", "read:softwarelicensing", "edit:softwarelicensing")
"""Without these nothing can be synchronised; `all` includes them (halo-api section 1)."""


class ConnectionService:
    """The life of a connection; the tokens of one that stands are `AccessTokens`' business."""

    def __init__(self, connections: Connections, server: OAuthServer, vault: Vault, *, scope: str) -> None:
        self._connections = connections
        self._server = server
        self._vault = vault
        self._scope = scope

    async def begin(self, request: BeginConnection) -> ConnectionBegun:
        """Start an attempt and return where to send the browser. A connection that stands is not touched.

        Raises:
            Refusal: unknown_partner, invalid_tenant.
        """
        try:
            tenant = normalise_tenant(request.tenant)
        except InvalidTenant as error:
            raise refusal("invalid_tenant", request.partner_id, str(error)) from None
        state, verifier = secrets.token_urlsafe(32), new_verifier()
        attempt = Attempt(
            _hash(state),
            request.partner_id,
            tenant,
            request.client_id,
            self._vault.encrypt(verifier),
            begun_by=_actor(request.requested_by),
        )
        if not await self._connections.add_attempt(attempt, lifetime_s=ATTEMPT_LIFETIME_S):
            raise refusal("unknown_partner", request.partner_id)
        url = self._server.authorize_url(
            tenant=tenant, client_id=request.client_id, scope=self._scope, state=state, verifier=verifier
        )
        return ConnectionBegun(authorize_url=url)

    async def complete(self, request: CompleteConnection) -> ConnectionCompleted:
        """Finish an attempt with what Halo's redirect brought, and connect.

        The attempt is used up before anything else: whatever happens now, this redirect is not taken again.

        Raises:
            Refusal: invalid_state, other_partner, denied, invalid_client, missing_scope, halo_unavailable. Why a
                partner is not connected also stays on the connection, for those who come later.
        """
        state_hash = _hash(request.state)
        attempt = await self._connections.claim_attempt(state_hash)
        if attempt is None:
            raise refusal("invalid_state", await self._connections.attempt_partner(state_hash))
        if request.partner_id is not None and request.partner_id != attempt.partner_id:
            log.warning("log-in for another partner", began=attempt.partner_id, came_back=request.partner_id)
            raise refusal("other_partner", request.partner_id)
        try:
            return await self._finish(attempt, request)
        except Refusal as refused:
            log.info("not connected", partner_id=attempt.partner_id, code=refused.answer.code)
            if refused.answer.code != "invalid_state":  # then it was disconnected meanwhile, on request
                await self._connections.note_problem(attempt.partner_id, refused.answer.detail)
            raise

    async def end(self, request: EndConnection) -> ConnectionEnded:
        """Erase the partner's tokens and attempts. Ending what is ended already does nothing."""
        async with self._connections.lock(request.partner_id) as locked:
            if locked is not None:
                await locked.end(connection_sentences.DISCONNECTED, by=_actor(request.requested_by))
        return ConnectionEnded(partner_id=request.partner_id)

    async def _finish(self, attempt: Attempt, request: CompleteConnection) -> ConnectionCompleted:
        partner_id = attempt.partner_id
        if request.error or request.code is None:
            raise refusal(
                "denied",
                partner_id,
                connection_sentences.denied(request.error or "no code came back", request.error_description or ""),
            )
        answer = await self._exchange(attempt, request.code)
        granted = answer.granted_scopes
        missing = [] if granted is None else _missing(granted)
        if answer.refresh_token is None:
            missing.append("offline_access")
        if missing or answer.refresh_token is None:
            raise refusal("missing_scope", partner_id, connection_sentences.missing_scope(missing))
        tokens = NewTokens(
            self._vault.encrypt(answer.access_token), self._vault.encrypt(answer.refresh_token), answer.lifetime_s
        )
        try:
            async with self._connections.lock(partner_id) as locked:
                if locked is None:
                    raise refusal("invalid_state", partner_id)
                await locked.establish(attempt, tokens, granted or ())
        except ConnectionChangedError:  # disconnected meanwhile: that is the newer wish
            raise refusal("invalid_state", partner_id) from None
        log.info("connected", partner_id=partner_id, tenant=attempt.tenant)
        return ConnectionCompleted(partner_id=partner_id, tenant=attempt.tenant)

    async def _exchange(self, attempt: Attempt, code: SecretStr) -> TokenAnswer:
        try:
            return await self._server.exchange(
                tenant=attempt.tenant,
                client_id=attempt.client_id,
                code=code,
                verifier=self._vault.decrypt(attempt.code_verifier),
            )
        except InvalidGrant:
            raise refusal("denied", attempt.partner_id, connection_sentences.CODE_REFUSED) from None
        except InvalidClient:
            raise refusal("invalid_client", attempt.partner_id) from None
        except (Transient, UnreadableError) as error:
            log.warning("code not exchanged", partner_id=attempt.partner_id, error=str(error))
            raise refusal("halo_unavailable", attempt.partner_id) from None
        except OAuthError as error:
            raise refusal("denied", attempt.partner_id, connection_sentences.denied(str(error))) from None


def _actor(requested_by: RequestedBy | None) -> Actor:
    """Return who asks; a report API of the version before does not say."""
    if requested_by is None:
        return UNNAMED
    return Actor(requested_by.name, requested_by.key_id, requested_by.is_operator)


def _hash(state: str) -> bytes:
    """Return what is stored of a state: it is long and random, so a plain hash cannot be reversed."""
    return hashlib.sha256(state.encode()).digest()


def _missing(granted: Sequence[str]) -> list[str]:
    return [] if "all" in granted else [scope for scope in NEEDED_SCOPES if scope not in granted]


def new_verifier() -> SecretStr:
    """Return a PKCE code verifier: 86 random characters (RFC 7636 section 4.1 asks for 43 to 128)."""
    return SecretStr(secrets.token_urlsafe(64))
