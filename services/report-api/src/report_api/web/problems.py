"""Errors as `application/problem+json` (RFC 9457), the same shape for every error of the API."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from halosync.domain import connection_sentences
from halosync.ports.requests import NoReplyError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from report_api.web.rendering import page

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = "5"

_NOTHING_HERE = "There is nothing here, or your key may not see it."
_STATUS_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}
_DETAILS = {
    400: "The body could not be read. Send JSON in UTF-8; a person should open the page again and send its form anew.",
    404: _NOTHING_HERE,
    405: "This address does not take this method; the header Allow has those it takes.",
}

_PAGE_TITLES = {
    403: "This was not done",
    404: "There is nothing here",
    408: "This took too long",
    409: "This was not done",
    413: "This is too large",
    429: "Too many requests",
    500: "Something went wrong on our side",
    503: "Not available at the moment",
}


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str = Field(description="Path of the field, such as `delete_guard.max_count`; empty for the whole body.")
    message: str = Field(description="What is wrong and what to do.")


class ProblemBody(BaseModel):
    """An error, as RFC 9457 has it."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "type": "urn:halosync:problem:not_connected",
                "title": "Conflict",
                "status": 409,
                "detail": connection_sentences.NOT_CONNECTED,
                "instance": "/v1/partners/acme-msp/runs",
                "code": "not_connected",
            }
        },
    )

    type: str = Field(description="`urn:halosync:problem:` and the code.")
    title: str = Field(description="The HTTP status in words.")
    status: int
    detail: str = Field(description="What happened and what to do, for people.")
    instance: str = Field(description="The path that was asked for.")
    code: str = Field(description="What happened, for programs.")
    errors: list[FieldProblem] | None = Field(default=None, description="With `validation_failed`: field by field.")
    period: str | None = Field(default=None, description="With `several_invoices`: the month that has several.")
    invoice_ids: list[str] | None = Field(default=None, description="With `several_invoices`: the newest first.")
    run_id: str | None = Field(default=None, description="With `run_in_progress`: the run that goes on.")
    retry_at: datetime | None = Field(
        default=None, description="With `rate_limited` and for attempts to connect: when to try again."
    )


class Problem(HTTPException):
    """An error that the caller is told about. `members` are added to the body."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(status, detail, headers=headers)
        self.code = code
        self.members = members


def not_found(what: str = _NOTHING_HERE) -> Problem:
    """Return the 404 for what does not exist and for what the key may not see: nobody can tell them apart."""
    return Problem(404, "not_found", what)


def invalid(field: str, message: str) -> Problem:
    """Return the 422 for one field."""
    return Problem(422, "validation_failed", f"{field}: {message}", errors=[{"field": field, "message": message}])


def unavailable(detail: str) -> Problem:
    """Return the 503 for something of ours that is away for a moment."""
    return Problem(503, "unavailable", detail, headers={"Retry-After": RETRY_AFTER_S})


def too_many_requests(detail: str, retry_after_s: int) -> Problem:
    """Return the 429 for what is more than somebody may ask for at once (spec section 10)."""
    return Problem(429, "too_many_requests", detail, headers={"Retry-After": str(retry_after_s)})


NOT_CONNECTED = Problem(409, "not_connected", connection_sentences.NOT_CONNECTED)
"""The 409 for what needs Halo while there is no connection."""


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
    title = _PAGE_TITLES.get(problem.status_code, "This did not work")
    response: HTMLResponse = page(request, "web/problem.html", problem.status_code, title=title, problem=problem)
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
    detail = _DETAILS.get(status, error.detail)
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
    return respond(request, Problem(422, "validation_failed", detail, errors=errors))


def _field(loc: tuple[int | str, ...]) -> str:
    # The first part says where the value was: body, query, path or header.
    return ".".join(str(part) for part in loc[1:] if not (loc[0] == "body" and isinstance(part, int) and len(loc) == 2))


def _sentence(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "json_invalid":
        return f"is not valid JSON: {problem['ctx']['error']} (at character {problem['loc'][-1]})"
    return str(problem["msg"]).removeprefix("Value error, ")


async def _on_passing(request: Request, error: Exception) -> Response:
    log.warning("a part of ours is away", path=request.scope["path"], error=f"{type(error).__name__}: {error}")
    return respond(request, unavailable("A part of the service is not available. Try again in a few seconds."))


async def _on_gone(_request: Request, _error: Exception) -> Response:
    """Answer nobody: the client left in the middle of its body. Anybody can do so, so it is not logged."""
    return Response(status_code=400)


async def _on_unforeseen(request: Request, error: Exception) -> Response:
    log.error("unforeseen failure", method=request.method, path=request.scope["path"], exc_info=error)
    return respond(request, Problem(500, "internal_error", "Something went wrong on our side; it has been logged."))


CSV_TOO: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "A page, or with text/csv the whole."}
}
"""For OpenAPI: the call answers CSV as well as JSON."""


def responses(*statuses: Literal[400, 401, 403, 404, 409, 413, 422, 429, 503]) -> dict[int | str, dict[str, Any]]:
    """Describe the errors of a call for OpenAPI."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
        }
        for status in statuses
    }
