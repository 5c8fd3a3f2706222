"""One request to a tenant and its answer, apart from how they travel."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Never

from halo_sandbox.faults import NO_FAULT, Hit
from halo_sandbox.model import ENCODE
from halo_sandbox.tenant import Tenant

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"


@dataclass(slots=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    rows: int = 0
    """Rows in a list, for the request log."""


def json_answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, ENCODE(body).encode(), headers=headers or {})


class RefusedError(Exception):
    """Ends the handling of a request with an answer that says no."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(status, body)
        self.answer = json_answer(status, body)


@dataclass(slots=True)
class Exchange:
    """A request as the handlers see it."""

    tenant: Tenant
    number: int
    """Its `n` in the request log."""
    method: str
    path: str
    """What follows `/api/` or `/auth/`."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case, or a mapping that does not mind."""
    body: bytes
    base_url: str
    """Where the tenant is reached, without a slash at the end."""
    hit: Hit = NO_FAULT
    _array: Sequence[Any] | None = None

    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def array(self) -> Sequence[Any]:
        """The body as the JSON array that Halo wants.

        Raises:
            RefusedError: 400 for everything else, a bare object too (halo-api section 3).
        """
        if self._array is not None:
            return self._array
        try:
            rows = json.loads(self.body, parse_constant=_refuse_constant, parse_float=_finite)
        except (ValueError, RecursionError) as error:
            raise RefusedError(400, {"": [f"The request body is not valid JSON: {error}. Path ''."]}) from error
        if not isinstance(rows, list):
            kind = "an object" if isinstance(rows, dict) else "a value"
            raise RefusedError(400, {"": [f"Expected a JSON array of SoftwareLicence but found {kind}. Path ''."]})
        self._array = rows
        return rows

    def received(self) -> Sequence[Any]:
        """The rows of an array; none when the body is something else."""
        if not self.body.startswith(b"["):
            return []
        try:
            return self.array()
        except RefusedError:
            return []

    def row_names(self) -> Sequence[str]:
        """The names in an array, for matching faults."""
        rows = self.received()
        return [row["name"] for row in rows if isinstance(row, dict) and isinstance(row.get("name"), str)]


def _refuse_constant(text: str) -> Never:
    raise ValueError(f"{text} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large for a Double")
    return number
