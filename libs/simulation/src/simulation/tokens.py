"""A double of auth, under the same suite (tests/integration/auth): tokens of the sandbox's tenant."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from halo_sandbox.scopes import EVERYTHING
from halo_sandbox.tokens import TokenFamily
from halosync.contracts.connection import TokenGranted
from pydantic import SecretStr

from simulation.halo import Halo
from simulation.process import Process

T = TypeVar("T")

LIFETIME_S = 1e9
"""No token ends by itself: auth renews it before."""


class Auth:
    """The access token that all processes share; a refused one is replaced."""

    def __init__(self, halo: Halo) -> None:
        self._tokens = halo.tenant.tokens
        self._family = TokenFamily("halosync", frozenset({EVERYTHING}))
        self.generation = 0
        self.replace(0)

    def replace(self, generation: int) -> None:
        """Get a new token from Halo, unless that of this generation is replaced already."""
        if generation == self.generation:
            self.generation += 1
            self.access_token = self._tokens.issue_access(self._family, self._family.asked, LIFETIME_S)


class MemoryTokens:
    """Access tokens as one process gets them from auth."""

    def __init__(self, process: Process, auth: Auth) -> None:
        self._process = process
        self._auth = auth
        self._generation, self._access_token = auth.generation, auth.access_token

    async def get(self, partner_id: str, tenant: str, *, rejected_generation: int | None = None) -> TokenGranted:
        """As `halosync.runtime.tokens.Tokens.get`."""
        await self._process.gate()
        if rejected_generation == self._generation:
            await asyncio.sleep(0.1)
            await self._process.gate()
            self._auth.replace(self._generation)
            self._generation, self._access_token = self._auth.generation, self._auth.access_token
        return TokenGranted(
            partner_id=partner_id,
            tenant=tenant,
            access_token=SecretStr(self._access_token),
            generation=self._generation,
            expires_at=datetime.now(UTC) + timedelta(hours=1),
        )
