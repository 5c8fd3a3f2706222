"""Errors as `application/problem+json` (RFC 9457), the same shape for every error of the API."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal

from halosync.domain import connection_sentences
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = "5"

NOTHING_HERE = "Nothing has this address, or you may not see it. Check the address."


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
        self.wrong_fields: Sequence[str] | None = None
        """Of a request that is not as its route describes it: which fields are wrong."""


def not_found(what: str = NOTHING_HERE) -> Problem:
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


CSV_TOO: dict[int | str, dict[str, object]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "A page, or with text/csv the whole."}
}
"""For OpenAPI: the call answers CSV as well as JSON."""


def purged(what: str) -> Problem:
    """Say that details are no longer kept; `what` of them."""
    return Problem(410, "no_longer_kept", f"This is so old that its {what} are no longer kept. Only their number is.")


def responses(
    *statuses: Literal[400, 401, 403, 404, 409, 410, 413, 422, 429, 503],
) -> dict[int | str, dict[str, object]]:
    """Describe the errors of a call for OpenAPI."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
        }
        for status in statuses
    }
