"""The use cases of auth: begin, complete and end a connection (spec section 2.1)."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

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
from halosync.domain.tenant import InvalidTenant
from halosync.ports.connections import (
    ConnectAttempt,
    ConnectionChangedError,
    NewTokens,
    TenantTakenError,
    TooManyAttemptsError,
    hash_state,
)
from halosync.ports.oauth import HaloApplication, InvalidClient, InvalidGrant, OAuthError, TokenAnswer, Transient
from halosync.ports.requests import Refusal, refusal
from halosync.runtime.vault import UnreadableError, Vault
from pydantic import SecretStr

from auth.attempt_guard import objection
from auth.environment import AuthRules
from auth.ports import Connections, OAuthServer
from auth.proof import Proof

log = structlog.get_logger(__name__)

ATTEMPT_LIFETIME_S = 600.0
"""How long a person may take to log in to Halo (spec section 7)."""

NEEDED_SCOPES = ("read:customers", "read:softwarelicensing", "edit:softwarelicensing")
"""Without these nothing can be synchronised; `all` includes them, and `edit` includes `read` (halo-api section 5)."""

OFFLINE = "offline_access"
"""Without it Halo gives no refresh token, and the connection would end within the hour."""


class ConnectionService:
    """The life of a connection; the tokens of one that stands are `AccessTokens`' business."""

    def __init__(
        self, connections: Connections, server: OAuthServer, vault: Vault, proof: Proof, rules: AuthRules
    ) -> None:
        self._connections = connections
        self._server = server
        self._vault = vault
        self._proof = proof
        self._rules = rules

    async def begin(self, request: BeginConnection) -> ConnectionBegun:
        """Start an attempt and return where to send the browser. A connection that stands is not touched.

        Raises:
            Refusal: unknown_partner, invalid_tenant, tenant_taken, too_many_requests.
        """
        try:
            tenant = self._rules.hosts.tenant_of(request.tenant)
        except InvalidTenant as error:
            raise refusal("invalid_tenant", request.partner_id, str(error)) from None
        state, verifier = secrets.token_urlsafe(32), new_verifier()
        attempt = ConnectAttempt(
            hash_state(state),
            request.partner_id,
            tenant,
            request.client_id,
            self._vault.encrypt(verifier),
            begun_by=_actor(request.requested_by),
            session=None if request.session is None else bytes.fromhex(request.session),
            halo_tenant=request.halo_tenant,
        )
        await self._add(attempt)
        url = self._server.authorize_url(at=_client(attempt), scope=self._rules.scope, state=state, verifier=verifier)
        return ConnectionBegun(authorize_url=url)

    async def complete(self, request: CompleteConnection) -> ConnectionCompleted:
        """Finish an attempt with what Halo's redirect brought, and connect.

        The attempt is used up before anything else: whatever happens now, this redirect is not taken again. Only where
        the limit leaves no request to prove it with, the code is not spent, and may be brought again. It is exchanged
        after every check (spec section 10). That Halo refused may be told by anybody who knows the state: it connects
        nothing.

        Raises:
            Refusal: invalid_state, other_partner, other_session, wrong_issuer, tenant_taken, denied, invalid_client,
                missing_scope, permission_denied, unexpected_answer, rate_limited, halo_unavailable. Why a partner is
                not connected also stays on the connection, for those who come later; but not what somebody else has
                tried.
        """
        state_hash = hash_state(request.state)
        attempt = await self._connections.claim_attempt(state_hash)
        if attempt is None:
            raise refusal("invalid_state", await self._connections.attempt_partner(state_hash))
        refused_by_halo = request.error or request.code is None
        if (objected := objection(attempt, request)) and not (refused_by_halo and request.partner_id is None):
            log.warning("somebody else's log-in", began=attempt.partner_id, came_back=request.partner_id, why=objected)
            raise refusal(objected, request.partner_id)
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

    async def _add(self, attempt: ConnectAttempt) -> None:
        try:
            added = await self._connections.add_attempt(
                attempt, names=self._names(attempt), lifetime_s=ATTEMPT_LIFETIME_S
            )
        except TooManyAttemptsError as error:
            retry_at = datetime.now(UTC) + timedelta(seconds=error.wait_s)
            raise refusal("too_many_requests", attempt.partner_id, retry_at=retry_at) from None
        except TenantTakenError:
            log.warning("tenant of another partner", partner_id=attempt.partner_id, tenant=attempt.tenant)
            raise refusal("tenant_taken", attempt.partner_id) from None
        if not added:
            raise refusal("unknown_partner", attempt.partner_id)

    def _names(self, attempt: ConnectAttempt) -> Sequence[str]:
        return self._rules.hosts.names_to_be_free(attempt.tenant, attempt.halo_tenant)

    async def _finish(self, attempt: ConnectAttempt, request: CompleteConnection) -> ConnectionCompleted:
        partner_id = attempt.partner_id
        if request.error or request.code is None:
            raise _denied(partner_id, request.error or "no code came back", request.error_description or "")
        if request.iss is not None and not self._server.is_issuer(tenant=attempt.tenant, issuer=request.iss):
            log.warning("the log-in came back from elsewhere", partner_id=partner_id, tenant=attempt.tenant)
            raise refusal("wrong_issuer", partner_id)
        if await self._connections.tenant_taken(partner_id, self._names(attempt)):
            raise refusal("tenant_taken", partner_id)
        try:
            await self._proof.permitted(partner_id, attempt.tenant)
        except Refusal:
            await self._connections.reopen_attempt(attempt.state_hash)
            raise
        answer = await self._exchange(attempt, request.code)
        tokens = await self._proven(attempt, answer)
        granted = answer.granted_scopes
        try:
            async with self._connections.lock(partner_id) as locked:
                if locked is None:
                    raise refusal("invalid_state", partner_id)
                by = attempt.begun_by if request.requested_by is None else _actor(request.requested_by)
                await locked.establish(attempt, tokens, granted or (), names=self._names(attempt), by=by)
        except ConnectionChangedError:  # disconnected meanwhile: that is the newer wish
            raise refusal("invalid_state", partner_id) from None
        except TenantTakenError:
            raise refusal("tenant_taken", partner_id) from None
        log.info("connected", partner_id=partner_id, tenant=attempt.tenant)
        return ConnectionCompleted(partner_id=partner_id, tenant=attempt.tenant)

    async def _proven(self, attempt: ConnectAttempt, answer: TokenAnswer) -> NewTokens:
        """Return the tokens, encrypted, once they have read something; else the connection is broken, and says why."""
        partner_id = attempt.partner_id
        try:
            missing = [] if answer.granted_scopes is None else _missing(answer.granted_scopes)
            refresh_token = answer.refresh_token
            if missing or refresh_token is None:
                lacking = missing if refresh_token is not None else [*missing, OFFLINE]
                raise refusal("missing_scope", partner_id, connection_sentences.missing_scope(lacking))
            await self._proof.prove(partner_id, attempt.tenant, answer.access_token)
        except Refusal as refused:
            if not await self._connections.fail_proof(attempt, refused.answer.detail):
                raise refusal("invalid_state", partner_id) from None
            raise
        return NewTokens(
            self._vault.encrypt(answer.access_token), self._vault.encrypt(refresh_token), answer.lifetime_s
        )

    async def _exchange(self, attempt: ConnectAttempt, code: SecretStr) -> TokenAnswer:
        try:
            return await self._server.exchange(
                at=_client(attempt),
                scope=self._rules.scope,
                code=code,
                verifier=self._vault.decrypt(attempt.code_verifier),
            )
        except InvalidGrant:
            raise refusal("denied", attempt.partner_id, connection_sentences.CODE_REFUSED) from None
        except InvalidClient:
            raise refusal("invalid_client", attempt.partner_id) from None
        except UnreadableError:  # begun with a key that is gone since: it is begun anew
            raise refusal("invalid_state", attempt.partner_id) from None
        except Transient as error:
            log.warning("code not exchanged", partner_id=attempt.partner_id, error=str(error))
            raise refusal("halo_unavailable", attempt.partner_id) from None
        except OAuthError as error:
            raise _denied(attempt.partner_id, str(error)) from None


def _client(attempt: ConnectAttempt) -> HaloApplication:
    return HaloApplication(attempt.tenant, attempt.client_id, attempt.halo_tenant)


def _denied(partner_id: str, code: str, description: str = "") -> Refusal:
    """Return the refusal for what Halo refused. A scope that it does not know is one that nobody has ticked."""
    if code == "invalid_scope":
        return refusal("missing_scope", partner_id, connection_sentences.missing_scope(NEEDED_SCOPES))
    return refusal("denied", partner_id, connection_sentences.denied(code, description))


def _actor(requested_by: RequestedBy | None) -> Actor:
    """Return who asks; a report API of the version before does not say."""
    if requested_by is None:
        return UNNAMED
    return Actor(requested_by.name, requested_by.key_id, requested_by.is_operator)


def _missing(granted: Sequence[str]) -> list[str]:
    if "all" in granted:
        return []
    covered = {*granted, *(scope.replace("edit:", "read:", 1) for scope in granted if scope.startswith("edit:"))}
    return [scope for scope in NEEDED_SCOPES if scope not in covered]


def new_verifier() -> SecretStr:
    """Return a PKCE code verifier: 86 random characters (RFC 7636 section 4.1 asks for 43 to 128)."""
    return SecretStr(secrets.token_urlsafe(64))
