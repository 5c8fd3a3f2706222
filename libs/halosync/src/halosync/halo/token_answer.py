"""What an answer of Halo's token endpoint means (spec section 9, "Tokens").

A success that holds an access token is kept whatever else it holds: a refresh token is good once, so an answer that is
thrown away takes the connection with it. No exception's text holds anything that Halo wrote freely.
"""

import math
import re

import httpx
from pydantic import SecretStr
from pydantic_core import from_json

from halosync.ports.oauth import InvalidClient, InvalidGrant, OAuthError, OtherRefusal, TokenAnswer, Transient

DEFAULT_LIFETIME_S = 3600.0
"""Lifetime of an access token whose answer does not tell it (halo-api section 1)."""

MAX_LIFETIME_S = 86_400.0
"""A longer lifetime is not believed: a token is renewed at least once a day."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ERROR_CODE = re.compile(r"[a-z_]{1,40}")
_REFUSALS = (400, 401, 403)


def read_tokens(response: httpx.Response) -> TokenAnswer:
    """Return the tokens of an answer.

    Raises:
        OAuthError: one of its four kinds. An error object is that error, also with a status of success.
    """
    body = _object(response)
    if response.is_success and (access_token := _token(body.get("access_token"))) is not None:
        return TokenAnswer(
            access_token,
            _token(body.get("refresh_token")),
            _lifetime_s(body.get("expires_in")),
            _scopes(body.get("scope")),
        )
    raise _failure(response, body)


def _object(response: httpx.Response) -> dict[str, object]:
    try:
        body = from_json(response.content.removeprefix(_BYTE_ORDER_MARK))
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _token(value: object) -> SecretStr | None:
    return SecretStr(value) if isinstance(value, str) and value else None


def _lifetime_s(value: object) -> float:
    """Return a lifetime in seconds: 0 and less is 0, to be renewed at the next use; no number is the usual one."""
    try:
        seconds = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        seconds = math.nan
    return min(max(seconds, 0.0), MAX_LIFETIME_S) if math.isfinite(seconds) else DEFAULT_LIFETIME_S


def _scopes(value: object) -> tuple[str, ...] | None:
    """Split a space-separated list; an absent or blank one, or what is no text, proves nothing."""
    return (tuple(value.split()) or None) if isinstance(value, str) else None


def _failure(response: httpx.Response, body: dict[str, object]) -> OAuthError:
    """Return what a limit, a failing server, a page, or one of OAuth's own refusals means."""
    error = body.get("error")
    named = (response.is_success or response.status_code in _REFUSALS) and isinstance(error, str)
    code = error if named and _ERROR_CODE.fullmatch(str(error)) else None
    match code:
        case "invalid_grant":
            return InvalidGrant(code)
        case "invalid_client" | "unauthorized_client":
            return InvalidClient(code)
        case str():
            return OtherRefusal(code)
        case _:
            return Transient(f"Halo's token endpoint answered {response.status_code} without tokens")
