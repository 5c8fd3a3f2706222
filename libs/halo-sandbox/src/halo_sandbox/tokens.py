"""Codes, access tokens and refresh tokens that a tenant has issued (halo-api section 1)."""

import base64
import hashlib
import math
import secrets
from dataclasses import dataclass, field
from random import Random, SystemRandom
from typing import NamedTuple

from joserfc import jwt
from joserfc.jwk import OctKey

from halo_sandbox import scopes
from halo_sandbox.clock import SYSTEM_CLOCK, Clock

CODE_LIFETIME_S = 60.0


@dataclass(slots=True)
class TokenFamily:
    """All tokens that come from one log-in; they die together."""

    client_id: str
    asked: frozenset[str]
    alive: bool = True


class Code(NamedTuple):
    """An authorisation code, good once."""

    family: TokenFamily
    redirect_uri: str
    challenge: str
    expires: float

    def proven_by(self, verifier: str) -> bool:
        """Whether this is the verifier of the S256 challenge (RFC 7636)."""
        digest = hashlib.sha256(verifier.encode()).digest()
        computed = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return secrets.compare_digest(computed, self.challenge)


@dataclass(slots=True)
class RefreshToken:
    """A refresh token and whether it was used."""

    family: TokenFamily
    spent: bool = False


class AccessToken(NamedTuple):
    """An access token's rights and its end on the monotonic clock."""

    family: TokenFamily
    granted: frozenset[str]
    expires: float


@dataclass(slots=True)
class TokenStore:
    """Everything issued by one tenant."""

    tenant: str
    clock: Clock = SYSTEM_CLOCK
    random: Random = field(default_factory=SystemRandom)
    """Where tokens come from: nobody can guess them, unless a test gives them a seed."""
    codes: dict[str, Code] = field(default_factory=dict)
    refresh: dict[str, RefreshToken] = field(default_factory=dict)
    _access: dict[str, AccessToken] = field(default_factory=dict)
    _key: OctKey = field(init=False)

    def __post_init__(self) -> None:
        """Make the key that signs access tokens."""
        self._key = OctKey.import_key(self.random.randbytes(32))

    def issue_code(self, family: TokenFamily, redirect_uri: str, challenge: str) -> str:
        """A code for one log-in, valid for 60 s."""
        code = self._secret(24)
        self.codes[code] = Code(family, redirect_uri, challenge, self.clock.monotonic() + CODE_LIFETIME_S)
        return code

    def issue_access(self, family: TokenFamily, granted: frozenset[str], lifetime_s: float) -> str:
        """A signed JWT with the scopes really granted."""
        now, monotonic = self.clock.wall(), self.clock.monotonic()
        for token in [token for token, access in self._access.items() if access.expires <= monotonic]:
            del self._access[token]
        claims = {
            "iss": f"{self.tenant}/auth",
            "sub": "agent-1",
            "aud": family.client_id,
            "scope": scopes.text(granted),
            "iat": int(now),
            "exp": math.ceil(now + lifetime_s),
            "jti": self.random.randbytes(8).hex(),
        }
        token = jwt.encode({"alg": "HS256"}, claims, self._key)
        self._access[token] = AccessToken(family, granted, monotonic + lifetime_s)
        return token

    def issue_refresh(self, family: TokenFamily) -> str:
        """A refresh token of the family."""
        token = self._secret(32)
        self.refresh[token] = RefreshToken(family)
        return token

    def take_code(self, text: str) -> Code | None:
        """A code that is still good. It is gone then: a code is good for one attempt, not for one success."""
        code = self.codes.pop(text, None)
        return code if code is not None and code.expires > self.clock.monotonic() else None

    def rights(self, access_token: str) -> frozenset[str] | None:
        """The scopes of a token that is valid now; None for every other string."""
        access = self._access.get(access_token)
        if access is None or not access.family.alive or access.expires <= self.clock.monotonic():
            return None
        return access.granted

    def _secret(self, size: int) -> str:
        return base64.urlsafe_b64encode(self.random.randbytes(size)).rstrip(b"=").decode()

    def expire(self) -> None:
        """End every access token; refresh tokens stay good."""
        self._access.clear()

    def revoke(self) -> None:
        """End everything: each client must have a person log in again."""
        self._access.clear()
        self.codes.clear()
        self.refresh.clear()
