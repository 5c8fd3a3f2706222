"""A double of auth, under the same suite (tests/integration/auth): tokens of the sandbox's tenant.

Halo's token endpoint is the sandbox's, and what it answers is read as auth reads it: odd answers lose no refresh token.
"""

import math
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import urlencode

import httpx
from halo_sandbox import oauth, scopes
from halo_sandbox.exchange import Exchange
from halo_sandbox.seeds import Application
from halo_sandbox.tokens import TokenFamily
from halosync.contracts.connection import TokenGranted
from halosync.halo.token_answer import read_tokens
from pydantic import SecretStr

from simulation.clock import now, sleep
from simulation.halo import Halo
from simulation.process import Process

T = TypeVar("T")

CLIENT_ID = "halosync"


class Auth:
    """The tokens that all processes share; an access token that is refused, or at its end, is replaced."""

    def __init__(self, halo: Halo) -> None:
        self._tenant = halo.tenant
        application = Application(client_id=CLIENT_ID, redirect_uris=("http://127.0.0.1/accounts/",))
        self._tenant.applications[CLIENT_ID] = application
        family = TokenFamily(CLIENT_ID, frozenset({scopes.EVERYTHING, scopes.OFFLINE}))
        self._refresh_token = self._tenant.tokens.issue_refresh(family)
        self.generation, self.access_token, self.ends_at = 0, "", -math.inf

    def replace(self, generation: int) -> bool:
        """Get new tokens of Halo, unless those of this generation are replaced already; tell whether it did."""
        if generation != self.generation:
            return False
        form = {"grant_type": "refresh_token", "client_id": CLIENT_ID, "refresh_token": self._refresh_token}
        exchange = Exchange(
            self._tenant,
            number=0,
            method="POST",
            path="token",
            query={},
            headers={"content-type": oauth.FORM},
            body=urlencode(form).encode(),
            base_url="https://acme.halopsa.com",
        )
        answer = oauth.answer(exchange)
        self._keep(answer.status, answer.body)
        return True

    def _keep(self, status: int, body: bytes) -> None:
        tokens = read_tokens(httpx.Response(status, content=body))
        self.generation += 1
        self.access_token = tokens.access_token.get_secret_value()
        self.ends_at = now() + tokens.lifetime_s
        if tokens.refresh_token is not None:
            self._refresh_token = tokens.refresh_token.get_secret_value()


class MemoryTokens:
    """Access tokens as one process gets them from auth."""

    def __init__(self, process: Process, auth: Auth) -> None:
        self._process = process
        self._auth = auth
        self._keep()

    def _keep(self) -> None:
        auth = self._auth
        self._generation, self._access_token, self._ends_at = auth.generation, auth.access_token, auth.ends_at
        self._granted: TokenGranted | None = None

    async def get(self, partner_id: str, tenant: str, *, rejected_generation: int | None = None) -> TokenGranted:
        """As `halosync.runtime.tokens.Tokens.get`."""
        await self._process.gate()
        renewed = False
        if rejected_generation == self._generation or self._ends_at <= now():
            await sleep(0.1)
            await self._process.gate()
            renewed = self._auth.replace(self._generation)
            self._keep()
            if rejected_generation == self._generation:  # what the others have by now is what was refused
                renewed = self._auth.replace(self._generation)
                self._keep()
        granted = self._granted
        if granted is None or granted.renewed != renewed:
            granted = self._granted = TokenGranted(
                partner_id=partner_id,
                tenant=tenant,
                access_token=SecretStr(self._access_token),
                generation=self._generation,
                expires_at=datetime.now(UTC) + timedelta(hours=1),
                renewed=renewed,
            )
        return granted
