"""The token endpoint, and which handler answers what is below `/auth/` (halo-api section 1)."""

import math
from collections.abc import Mapping
from typing import Never
from urllib.parse import parse_qsl

from halo_sandbox import scopes
from halo_sandbox.authorize import authorize
from halo_sandbox.exchange import Answer, Exchange, RefusedError, json_answer
from halo_sandbox.tenant import Tenant
from halo_sandbox.tokens import TokenFamily

FORM = "application/x-www-form-urlencoded"


def answer(exchange: Exchange) -> Answer:
    """Handle a request to `authorize` or `token`.

    Raises:
        RefusedError: the answer that says no.
    """
    expected = exchange.tenant.settings.tenant_name
    decision = (exchange.method, exchange.path) == ("POST", "authorize")
    if expected is not None and not decision and exchange.query.get("tenant") != expected:
        raise RefusedError(500, {"Message": "An error has occurred."})
    match exchange.method, exchange.path:
        case ("GET" | "POST", "authorize"):
            return authorize(exchange)
        case ("POST", "token"):
            return _token(exchange)
        case (_, "authorize" | "token"):
            raise RefusedError(405, {"error": "invalid_request"})
    raise RefusedError(404, {"error": "not_found"})


def token_answer(tenant: Tenant, family: TokenFamily, *, refresh_token: bool) -> dict[str, object]:
    """New tokens of a log-in, with the scopes really granted.

    Args:
        tenant: The tenant that issues them.
        family: The log-in.
        refresh_token: Whether a refresh token is due; it also takes the scope `offline_access`.
    """
    settings = tenant.settings
    granted = scopes.granted(family.asked, settings.granted_scopes)
    body: dict[str, object] = {
        "access_token": tenant.tokens.issue_access(family, granted, settings.access_token_lifetime_s),
        "token_type": "Bearer",
        "expires_in": math.ceil(settings.access_token_lifetime_s),
        "scope": scopes.text(granted),
    }
    if not granted:
        del body["scope"]
    if refresh_token and scopes.OFFLINE in granted:
        body["refresh_token"] = tenant.tokens.issue_refresh(family)
    odd = settings.odd_token_answer
    return {name: value for name, value in {**body, **odd}.items() if name not in odd or odd[name] is not None}


def _token(exchange: Exchange) -> Answer:
    if exchange.media_type() != FORM:
        raise RefusedError(415, {"error": "invalid_request", "error_description": f"The content type must be {FORM}."})
    form = dict(parse_qsl(exchange.body.decode("utf-8", "replace")))
    if form.get("client_id") not in exchange.tenant.applications:
        _refuse("invalid_client", "The client is not registered.", 401)
    try:
        body = _tokens(exchange.tenant, form)
    except RefusedError as refusal:
        if not exchange.tenant.settings.errors_with_200:
            raise
        refusal.answer.status = 200
        raise
    return json_answer(200, body, {"cache-control": "no-store"})


def _tokens(tenant: Tenant, form: Mapping[str, str]) -> dict[str, object]:
    exchanges = {"authorization_code": _from_code, "refresh_token": _from_refresh}
    exchange = exchanges.get(form.get("grant_type", ""))
    if exchange is None:
        _refuse("unsupported_grant_type", "Only authorization_code and refresh_token are supported.")
    return exchange(tenant, form)


def _from_code(tenant: Tenant, form: Mapping[str, str]) -> dict[str, object]:
    code = tenant.tokens.take_code(form.get("code", ""))
    good = (
        code is not None
        and code.family.client_id == form["client_id"]
        and code.redirect_uri == form.get("redirect_uri")
        and code.proven_by(form.get("code_verifier", ""))
    )
    if code is None or not good:
        _refuse("invalid_grant", "The authorization code is invalid, expired or used, or not yours.")
    if "scope" in form:
        if scopes.parse(form["scope"]) is None:
            _refuse("invalid_scope", "The scope is missing or unknown.")
    elif tenant.settings.scope_in_exchange == "needed":
        code.family.asked = frozenset()
    return token_answer(tenant, code.family, refresh_token=True)


def _from_refresh(tenant: Tenant, form: Mapping[str, str]) -> dict[str, object]:
    token = tenant.tokens.refresh.get(form.get("refresh_token", ""))
    if token is None or token.family.client_id != form["client_id"] or not token.family.alive:
        _refuse("invalid_grant", "The refresh token is unknown or revoked.")
    if token.spent:
        if tenant.settings.reuse_revokes_family:
            token.family.alive = False
        _refuse("invalid_grant", "The refresh token was used already.")
    if "scope" in form:
        asked = scopes.parse(form["scope"])
        if asked is None or not asked <= token.family.asked:
            _refuse("invalid_scope", "More scopes than were granted, or unknown ones.")
    rotate = tenant.settings.refresh_tokens == "rotate"
    token.spent = rotate
    return token_answer(tenant, token.family, refresh_token=rotate)


def _refuse(error: str, description: str, status: int = 400) -> Never:
    raise RefusedError(status, {"error": error, "error_description": description})
