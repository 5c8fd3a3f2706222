"""What answers an error: a problem for a program, a page for a person."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from halosync.contracts.complaints import complaint
from halosync.ports.requests import NoReplyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from report_api.web import problem_sentences
from report_api.web.own_pages import page_of_form
from report_api.web.problems import MEDIA_TYPE, NOTHING_HERE, Problem, unavailable
from report_api.web.rendering import page

log = structlog.get_logger(__name__)

_STATUS_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}
_PASSING = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
}
"""What may be gone when the page is asked for again."""


def wants_page(request: Request) -> bool:
    """Tell whether a person asked with a browser: not for the API, and for HTML."""
    return not request.scope["path"].startswith("/v1/") and "text/html" in request.headers.get("accept", "")


def respond(request: Request, problem: Problem) -> Response:
    """Return the response that tells about a problem: a page for a person, JSON for a program."""
    if wants_page(request):
        return _problem_page(request, problem)
    return JSONResponse(
        {
            "type": f"urn:halosync:problem:{problem.code}",
            "title": HTTPStatus(problem.status_code).phrase,
            "status": problem.status_code,
            "detail": problem.detail,
            "instance": quote(request.scope["path"]),
            "code": problem.code,
            **problem.members,
        },
        status_code=problem.status_code,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


def _problem_page(request: Request, problem: Problem) -> Response:
    """Return the page that tells about a problem."""
    looked = request.method in {"GET", "HEAD"}
    passes = looked and problem.status_code in _PASSING
    response: HTMLResponse = page(
        request,
        "web/problem.html",
        problem.status_code,
        title=problem_sentences.title(problem.status_code, problem.code, looked=looked),
        told=problem_sentences.detail(problem.code, problem.detail, problem.wrong_fields, looked=looked),
        passes=passes,
        again=None if looked else page_of_form(request),
    )
    for name, value in (problem.headers or {}).items():
        response.headers[name] = value
    return response


Recognise = Callable[[Request], Awaitable[None]]
"""Finds who looks, so that the page of a problem keeps the navigation."""


def install(app: FastAPI, passing: Iterable[type[Exception]], recognise: Recognise) -> None:
    """Make every error of the application a problem; those in `passing` go away by themselves."""

    async def on_http(request: Request, error: Exception) -> Response:
        if wants_page(request):
            await recognise(request)
        return await _on_http(request, error)

    async def on_validation(request: Request, error: Exception) -> Response:
        if wants_page(request):
            await recognise(request)
        return await _on_validation(request, error)

    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(NoReplyError, _on_passing)
    for failure in passing:
        app.add_exception_handler(failure, _on_passing)
    app.add_exception_handler(ClientDisconnect, _on_gone)
    app.add_exception_handler(Exception, _on_unforeseen)


async def _on_http(request: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        return respond(request, error)
    if not isinstance(error, HTTPException):
        return await _on_unforeseen(request, error)
    status = error.status_code
    detail = NOTHING_HERE if status == 404 else problem_sentences.OF_STATUS.get(status, error.detail)
    headers = {"Allow": ", ".join(_methods(request))} if status == 405 else error.headers
    return respond(request, Problem(status, _STATUS_CODES.get(status, "http_error"), detail, headers=headers))


def _methods(request: Request) -> list[str]:
    """Return what the address takes. The framework's own header has the methods of its first route only."""
    scope = {"type": "http", "path": request.scope["path"], "root_path": request.scope.get("root_path", "")}
    return [
        method
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]


async def _on_validation(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        return await _on_unforeseen(request, error)
    # Never `input`: what was sent may be a secret in the wrong field.
    errors = [{"field": _field(problem["loc"]), "message": _sentence(problem)} for problem in error.errors()]
    detail = "; ".join(f"{problem['field'] or 'body'}: {problem['message']}" for problem in errors)
    problem = Problem(422, "validation_failed", detail, errors=errors)
    problem.wrong_fields = [each["field"] for each in errors]
    return respond(request, problem)


def _field(loc: tuple[int | str, ...]) -> str:
    # The first part says where the value was: body, query, path or header.
    return ".".join(str(part) for part in loc[1:] if not (loc[0] == "body" and isinstance(part, int) and len(loc) == 2))


def _sentence(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "json_invalid":
        return f"is not valid JSON: {problem['ctx']['error']} (at character {problem['loc'][-1]})"
    return complaint(problem)


async def _on_passing(request: Request, error: Exception) -> Response:
    log.warning("a part of ours is away", path=request.scope["path"], error=f"{type(error).__name__}: {error}")
    return respond(request, unavailable("A part of the service is not available. Try again in a few seconds."))


async def _on_gone(_request: Request, _error: Exception) -> Response:
    """Answer nobody: the client left in the middle of its body. Anybody can do so, so it is not logged."""
    return Response(status_code=400)


async def _on_unforeseen(request: Request, error: Exception) -> Response:
    log.error("unforeseen failure", method=request.method, path=request.scope["path"], exc_info=error)
    return respond(request, Problem(500, "internal_error", problem_sentences.FAILED))
