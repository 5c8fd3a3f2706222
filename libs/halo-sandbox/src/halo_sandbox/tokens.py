"""Codes, access tokens and refresh tokens that a tenant has issued (halo-api section 1)."""

import base64
import hashlib
import math
import secrets
import time
from dataclasses import dataclass, field
from typing import NamedTuple

from joserfc import jwt
from joserfc.jwk import OctKey

from halo_sandbox import scopes

CODE_LIFETIME_S = 60.0


@dataclass(slots=True)
class Family:
    """All tokens that come from one log-in; they die together."""

    client_id: str
    asked: frozenset[str]
    alive: bool = True


class Code(NamedTuple):
    """An authorisation code, good once."""

    family: Family
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

    family: Family
    spent: bool = False


class AccessToken(NamedTuple):
    """An access token's rights and its end on the monotonic clock."""

    family: Family
    granted: frozenset[str]
    expires: float


@dataclass(slots=True)
class Tokens:
    """Everything issued by one tenant."""

    tenant: str
    codes: dict[str, Code] = field(default_factory=dict)
    refresh: dict[str, RefreshToken] = field(default_factory=dict)
    _access: dict[str, AccessToken] = field(default_factory=dict)
    _key: OctKey = field(default_factory=lambda: OctKey.import_key(secrets.token_bytes(32)))

    def issue_code(self, family: Family, redirect_uri: str, challenge: str) -> str:
        """A code for one log-in, valid for 60 s."""
        code = secrets.token_urlsafe(24)
        self.codes[code] = Code(family, redirect_uri, challenge, time.monotonic() + CODE_LIFETIME_S)
        return code

    def issue_access(self, family: Family, granted: frozenset[str], lifetime_s: float) -> str:
        """A signed JWT with the scopes really granted."""
        now, monotonic = time.time(), time.monotonic()
        for token in [token for token, access in self._access.items() if access.expires <= monotonic]:
            del self._access[token]
        claims = {
            "iss": f"{self.tenant}/auth",
            "sub": "agent-1",
            "aud": family.client_id,
            "scope": scopes.text(granted),
            "iat": int(now),
            "exp": math.ceil(now + lifetime_s),
            "jti": secrets.token_hex(8),
        }
        token = jwt.encode({"alg": "HS256"}, claims, self._key)
        self._access[token] = AccessToken(family, granted, monotonic + lifetime_s)
        return token

    def issue_refresh(self, family: Family) -> str:
        """A refresh token of the family."""
        token = secrets.token_urlsafe(32)
        self.refresh[token] = RefreshToken(family)
        return token

    def rights(self, access_token: str) -> frozenset[str] | None:
        """The scopes of a token that is valid now; None for every other string."""
        access = self._access.get(access_token)
        if access is None or not access.family.alive or access.expires <= time.monotonic():
            return None
        return access.granted

    def expire(self) -> None:
        """End every access token; refresh tokens stay good."""
        self._access.clear()

    def revoke(self) -> None:
        """End everything: each client must have a person log in again."""
        self._access.clear()
        self.codes.clear()
        self.refresh.clear()
