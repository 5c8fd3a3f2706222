"""Halo's OAuth server: the address to log in at, codes for tokens, and refreshes (halo-api section 1).

No exception's text holds a code, a token or anything else that Halo wrote freely. The requests are not counted by the
limiter: whether Halo counts them is unknown.
"""

import asyncio
import base64
import hashlib
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

import httpx
from pydantic import SecretStr

from halosync.domain.tenant import InvalidTenant
from halosync.halo.body import ACCEPT_ENCODING, BodyTooLargeError, bounded
from halosync.halo.token_answer import read_tokens
from halosync.ports.oauth import HaloApplication, TokenAnswer, Transient

CONNECT_TIMEOUT_S = 3.0
"""A Halo that cannot even be reached must not keep the refreshes of others waiting for longer."""

MOST_ANSWER_BYTES = 2**20
"""The longest decoded answer of the token endpoint; tokens are a few thousand."""


def challenge(verifier: SecretStr) -> str:
    """Return the S256 code challenge of a verifier (RFC 7636 section 4.2)."""
    digest = hashlib.sha256(verifier.get_secret_value().encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


class OAuthClient:
    """Talks to the OAuth server of any tenant as a native application: a client id, PKCE, no secret."""

    def __init__(
        self, http: httpx.AsyncClient, *, halo_url: Callable[[str], str], redirect_url: str, timeout_s: float
    ) -> None:
        """Keep what every request needs.

        Args:
            http: sends the requests; its redirects and time-outs are overruled here.
            halo_url: gives a tenant's address without a slash at the end.
            redirect_url: where Halo returns to, exactly as the partner registered it.
            timeout_s: seconds after which a token request is given up, whatever it is doing.
        """
        self._http = http
        self._halo_url = halo_url
        self._redirect_url = redirect_url
        self._timeout_s = timeout_s

    def authorize_url(self, *, at: HaloApplication, scope: str, state: str, verifier: SecretStr) -> str:
        """Return the address that the browser goes to."""
        query = {
            "response_type": "code",
            "client_id": at.client_id,
            "redirect_uri": self._redirect_url,
            "scope": scope,
            "state": state,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
            **_named(at),
        }
        return f"{self._halo_url(at.tenant)}/auth/authorize?{urlencode(query)}"

    def is_issuer(self, *, tenant: str, issuer: str) -> bool:
        """Tell whether `iss` of a redirect names the tenant's own server: its address, or one below it (RFC 9207)."""
        try:
            own, named = urlsplit(f"{self._halo_url(tenant)}/"), urlsplit(f"{issuer.strip().rstrip('/')}/")
        except ValueError:  # brackets that are no address, or a host that is allowed no longer
            return False
        same_server = (named.scheme.lower(), named.netloc.lower()) == (own.scheme.lower(), own.netloc.lower())
        plain = "/../" not in named.path and not named.query and not named.fragment
        return same_server and plain and named.path.startswith(own.path)

    async def exchange(self, *, at: HaloApplication, scope: str, code: SecretStr, verifier: SecretStr) -> TokenAnswer:
        """Exchange the code of a log-in for tokens. Halo gives one without rights when `scope` is not sent once more.

        Raises:
            OAuthError: one of its four kinds.
        """
        form = {
            "grant_type": "authorization_code",
            "client_id": at.client_id,
            "redirect_uri": self._redirect_url,
            "scope": scope,
            "code": code.get_secret_value(),
            "code_verifier": verifier.get_secret_value(),
        }
        return await self._ask(at, form)

    async def refresh(self, *, at: HaloApplication, refresh_token: SecretStr) -> TokenAnswer:
        """Spend a refresh token. It is to be treated as single-use: the answer must be stored before it is used.

        Raises:
            OAuthError: one of its four kinds.
        """
        form = {
            "grant_type": "refresh_token",
            "client_id": at.client_id,
            "refresh_token": refresh_token.get_secret_value(),
        }
        return await self._ask(at, form)

    async def _ask(self, at: HaloApplication, form: dict[str, str]) -> TokenAnswer:
        try:
            # httpx bounds each read, not the whole answer: a server that drips bytes would hold the caller's lock.
            async with (
                asyncio.timeout(self._timeout_s),
                self._http.stream(
                    "POST",
                    f"{self._halo_url(at.tenant)}/auth/token",
                    params=_named(at),
                    data=form,
                    headers={"Accept": "application/json", **ACCEPT_ENCODING},
                    follow_redirects=False,
                    timeout=httpx.Timeout(self._timeout_s, connect=min(self._timeout_s, CONNECT_TIMEOUT_S)),
                ) as streamed,
            ):
                response = await bounded(streamed, MOST_ANSWER_BYTES)
        except BodyTooLargeError as error:
            raise Transient(f"Halo's token endpoint answered too much: {error}") from None
        except InvalidTenant as error:  # its host was allowed, and is no longer
            raise Transient(str(error)) from None
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise Transient(f"no answer from Halo's token endpoint: {type(error).__name__}") from None
        return read_tokens(response)


def _named(at: HaloApplication) -> dict[str, str]:
    return {} if at.halo_tenant is None else {"tenant": at.halo_tenant}
