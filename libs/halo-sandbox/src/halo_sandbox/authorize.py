"""The authorise endpoint: at once, or by a page for a person (halo-api section 1)."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from halo_sandbox import pages, scopes
from halo_sandbox.exchange import HTML, Answer, Exchange
from halo_sandbox.tokens import TokenFamily

CARRIED = ("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method")
"""What the log-in page carries along, so that approving checks the request anew."""


def authorize(exchange: Exchange) -> Answer:
    """`GET` shows the log-in page, or goes back at once with a code; `POST` is the person's decision.

    Errors go back by a redirect, except when it is not certain where "back" is: then a page says so.
    """
    asked = dict(exchange.query) if exchange.method == "GET" else _form(exchange)
    application = exchange.tenant.applications.get(asked.get("client_id", ""))
    if application is None:
        return Answer(400, pages.error("This application is not registered here."), HTML)
    if asked.get("redirect_uri") not in application.redirect_uris:
        return Answer(400, pages.error("The redirect URL is not exactly as it was registered."), HTML)
    found = _objection(asked)
    if found:
        return _back(asked, {"error": found[0], "error_description": found[1]})
    if exchange.method == "GET" and not exchange.tenant.settings.automatic_login:
        carried = {name: asked[name] for name in CARRIED if name in asked}
        return Answer(200, pages.log_in(exchange.tenant.name, application.name, asked["scope"], carried), HTML)
    if exchange.method == "POST" and asked.get("decision") != "approve":
        return _back(asked, {"error": "access_denied", "error_description": "The agent denied the request."})
    family = TokenFamily(application.client_id, scopes.parse(asked["scope"]) or frozenset())
    code = exchange.tenant.tokens.issue_code(family, asked["redirect_uri"], asked["code_challenge"])
    issuer = exchange.tenant.settings.issuer
    named = {} if issuer is None else {"iss": exchange.base_url if issuer == "own" else issuer}
    return _back(asked, {"code": code, **named})


def _objection(asked: Mapping[str, str]) -> tuple[str, str] | None:
    """The OAuth error of a request and its description, None when it can be granted."""
    if asked.get("response_type") != "code":
        return "unsupported_response_type", "response_type must be code."
    if not asked.get("code_challenge") or asked.get("code_challenge_method") != "S256":
        return "invalid_request", "A code_challenge with code_challenge_method S256 is required."
    if scopes.parse(asked.get("scope", "")) is None:
        return "invalid_scope", "The scope is missing or unknown."
    return None


def _back(asked: Mapping[str, str], result: Mapping[str, str]) -> Answer:
    """To the redirect URL, with the result and the state that came."""
    uri = asked["redirect_uri"]
    state = {"state": asked["state"]} if "state" in asked else {}
    separator = "&" if urlsplit(uri).query else "?"
    location = f"{uri}{separator}{urlencode({**result, **state})}"
    return Answer(302, content_type=HTML, headers={"location": location, "cache-control": "no-store"})


def _form(exchange: Exchange) -> dict[str, str]:
    return dict(parse_qsl(exchange.body.decode("utf-8", "replace")))
