"""Signing people in by OpenID Connect (spec section 10): authorisation code with PKCE and a nonce.

The provider decides how somebody proves who they are, second factors included. What is believed is an ID token that is
signed with its keys, made for us and for this attempt, and an e-mail address that it has verified.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, TypeAlias

import httpx2
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from halosync.domain.people import normal_email
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from report_api.ports import SignInAttempt, SignInRefusedError, SignInUnavailableError

log = structlog.get_logger(__name__)

TIMEOUT_S = 10.0
DISCOVERY_LIFETIME_S = 3600.0
"""How long the provider's own description of itself, and its keys, are taken for true."""

FAILURE_LIFETIME_S = 5.0
"""How long a provider that did not answer is not asked again, however many want to sign in."""

MOST_AT_ONCE = 8
"""Codes that are exchanged at a time: whoever comes with made-up ones must not hold more."""

LEEWAY_S = 60
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
"""Signatures that only the provider can make; never `none`, and none that the client's secret makes."""

_NOT_THIS = "The sign-in could not be confirmed. Sign in again."
_NOT_VERIFIED = "Your sign-in service does not confirm your e-mail address. Ask whoever runs it to verify the address."
_NOT_TOLD = (
    "Your sign-in service does not say whether your e-mail address is verified. Ask whoever runs it to send your "
    "address (the claim email) and that it is verified (the claim email_verified)."
)

Claims: TypeAlias = Mapping[str, Any]
"""What a provider says in JSON: of itself, or of who has signed in."""


class OpenId:
    """A provider, known by its discovery document (OpenID Connect Discovery 1.0)."""

    def __init__(self, issuer: str, client_id: str, client_secret: str) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._metadata: Claims | None = None
        self._keys: KeySet | None = None
        self._good_until = self._failed_until = -float("inf")
        self._asking = asyncio.Lock()
        self._places = asyncio.Semaphore(MOST_AT_ONCE)

    async def address(self, attempt: SignInAttempt, redirect_url: str) -> str:
        """Return where to send the browser; errors as of `SignInService`."""
        metadata, _ = await self._described()
        async with self._client(redirect_url) as client:
            url, _ = client.create_authorization_url(
                metadata["authorization_endpoint"],
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.code_verifier,
            )
        return str(url)

    async def email(self, attempt: SignInAttempt, redirect_url: str, code: str, issuer: str | None) -> str:
        """Return the verified e-mail address of whoever has signed in; errors as of `SignInService`."""
        if self._places.locked():
            raise SignInUnavailableError("too many sign in at once")
        async with self._places:
            metadata, _ = await self._described()
            if not self._sent_by_it(issuer, metadata):
                log.warning("a sign-in comes back from elsewhere", issuer=issuer)
                raise SignInRefusedError(_NOT_THIS)
            try:
                async with self._client(redirect_url) as client:
                    token = await client.fetch_token(
                        metadata["token_endpoint"], code=code, code_verifier=attempt.code_verifier
                    )
                    claims = await self._claims(token, attempt.nonce)
                    if not claims.keys() >= {"email", "email_verified"} and "userinfo_endpoint" in metadata:
                        claims = await _userinfo(client, metadata["userinfo_endpoint"], claims)
            except OAuthError as error:
                log.warning("the sign-in service refuses", error=error.error)
                if error.error != "invalid_grant":
                    raise SignInUnavailableError(f"it refuses us: {error.error}") from None
                raise SignInRefusedError(_NOT_THIS) from None
            except JoseError as error:
                log.warning("an ID token is not for us", error=f"{type(error).__name__}: {error}")
                raise SignInRefusedError(_NOT_THIS) from None
            except (httpx2.HTTPError, ValueError, TypeError, KeyError) as error:
                raise SignInUnavailableError(f"{type(error).__name__}: {error}") from None
        return _verified(claims)

    def _sent_by_it(self, issuer: str | None, metadata: Claims) -> bool:
        """Tell whether the provider has sent the browser back: it says so itself, or never does (RFC 9207)."""
        if issuer is None:
            return metadata.get("authorization_response_iss_parameter_supported") is not True
        return issuer == self._issuer

    def _client(self, redirect_url: str) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            self._client_id,
            self._client_secret,
            scope="openid email",
            redirect_uri=redirect_url,
            code_challenge_method="S256",
            timeout=TIMEOUT_S,
            follow_redirects=False,
        )

    async def _claims(self, token: Claims, nonce: str) -> Claims:
        """Return what a token says that is signed, current, and made for us and this attempt.

        Raises:
            JoseError: it is not.
        """
        _, keys = await self._described()
        registry = JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)
        try:
            decoded = jwt.decode(token["id_token"], keys, registry=registry)
        except InvalidKeyIdError:  # the provider has new keys
            self._good_until = -float("inf")
            _, keys = await self._described()
            decoded = jwt.decode(token["id_token"], keys, registry=registry)
        expected = {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": self._client_id},
        }
        about = {"nonce": nonce, "client_id": self._client_id, "access_token": token.get("access_token")}
        claims = CodeIDToken(decoded.claims, decoded.header, expected, about)
        claims.validate(leeway=LEEWAY_S)
        return dict(claims)

    async def _described(self) -> tuple[Claims, KeySet]:
        """Return the provider's metadata and keys, from memory while they are fresh.

        Raises:
            SignInUnavailableError: they cannot be had.
        """
        async with self._asking:
            now = time.monotonic()
            if self._metadata is not None and self._keys is not None and now < self._good_until:
                return self._metadata, self._keys
            if now < self._failed_until:
                raise SignInUnavailableError("it did not answer a moment ago")
            try:
                self._metadata, self._keys = await self._discovered()
            except (httpx2.HTTPError, ValueError, TypeError, KeyError, JoseError) as error:
                self._failed_until = time.monotonic() + FAILURE_LIFETIME_S
                log.warning("the sign-in service cannot be used", error=f"{type(error).__name__}: {error}")
                raise SignInUnavailableError(str(error)) from None
            self._good_until = time.monotonic() + DISCOVERY_LIFETIME_S
            return self._metadata, self._keys

    async def _discovered(self) -> tuple[Claims, KeySet]:
        async with httpx2.AsyncClient(timeout=TIMEOUT_S) as client:
            metadata = await _json(client, f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            if metadata["issuer"] != self._issuer:
                raise ValueError(f"HALOSYNC_OIDC_ISSUER must be what the provider calls itself: {metadata['issuer']}")
            missing = {"authorization_endpoint", "token_endpoint", "jwks_uri"} - metadata.keys()
            if missing:
                raise ValueError(f"the provider does not name its {', '.join(sorted(missing))}")
            keys: Any = await _json(client, metadata["jwks_uri"])
            return metadata, KeySet.import_key_set(keys)


async def _json(client: httpx2.AsyncClient, url: str) -> Claims:
    answer = await client.get(url)
    answer.raise_for_status()
    told = answer.json()
    if not isinstance(told, dict):
        raise TypeError(f"{url} answers no JSON object")
    return told


async def _userinfo(client: AsyncOAuth2Client, url: str, claims: Claims) -> Claims:
    """Return what the provider tells of the person besides; it must be the person of the token."""
    answer = await client.get(url)
    answer.raise_for_status()
    told = answer.json()
    if not isinstance(told, dict) or told.get("sub") != claims["sub"]:
        raise SignInRefusedError(_NOT_THIS)
    return told


def _verified(claims: Claims) -> str:
    """Return the address that the provider vouches for.

    Raises:
        SignInRefusedError: it vouches for none.
    """
    if "email" not in claims or "email_verified" not in claims:
        log.warning("the sign-in service does not send email and email_verified", claims=sorted(claims))
        raise SignInRefusedError(_NOT_TOLD)
    # Some providers say it as a text.
    if claims.get("email_verified") not in (True, "true"):
        raise SignInRefusedError(_NOT_VERIFIED)
    try:
        return normal_email(str(claims["email"]))
    except ValueError:
        raise SignInRefusedError(_NOT_VERIFIED) from None
