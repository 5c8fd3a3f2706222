"""The cookies of the portal: the session's token, and before sign-in a token for the sign-in form."""

import secrets

from fastapi import Request, Response

from report_api.ports import ports_of

_BYTES = 32


def session_token(request: Request) -> str | None:
    """Return the session's token that the browser sent, if any."""
    return request.cookies.get(_name(request, "session")) or None


def set_session(request: Request, response: Response, token: str) -> None:
    """Give the browser a session. The cookie ends with the browser; the server may end the session earlier."""
    _set(request, response, "session", token)


def clear_session(request: Request, response: Response) -> None:
    """Take the session from the browser."""
    secure = _is_https(request)
    response.delete_cookie(_name(request, "session"), path="/", secure=secure, httponly=True, samesite="lax")


def visit_token(request: Request) -> str:
    """Return the token of a browser that has not signed in, a new one if it has none.

    It protects the sign-in form only and is never taken for a session: signing in gives a new token.
    """
    return request.cookies.get(_name(request, "visit")) or secrets.token_urlsafe(_BYTES)


def set_visit(request: Request, response: Response, token: str) -> None:
    """Give the browser the token of the sign-in form."""
    _set(request, response, "visit", token)


def _set(request: Request, response: Response, what: str, token: str) -> None:
    # Lax, not strict: Halo's log-in leads back to us from its own site, and that page must know who has come.
    secure = _is_https(request)
    response.set_cookie(_name(request, what), token, path="/", secure=secure, httponly=True, samesite="lax")


def _name(request: Request, what: str) -> str:
    # A browser takes `__Host-` only from us ourselves, over https: no sibling domain can plant one.
    return f"__Host-halosync-{what}" if _is_https(request) else f"halosync-{what}"


def _is_https(request: Request) -> bool:
    return ports_of(request).public_url.startswith("https://")
