"""What went wrong in a request to Halo, and what follows (architecture section "When something fails")."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx
from pydantic_core import from_json

from halosync.domain.retry import FailureClass
from halosync.ports.failures import HaloFailure

_NAMED_ROW = re.compile(r"^\[(\d{1,9})\]")

MOST_WORDS = 500
"""How much of Halo's own words an item keeps."""

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


def from_exception(error: httpx.HTTPError | TimeoutError, *, write: bool) -> HaloFailure:
    """Classify a request that got no whole answer.

    Refused connections, DNS and a full pool mean that nothing was sent (messaging-facts section 4.2). Everything else
    leaves a write's outcome unknown; a read is simply made again.
    """
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, _NOT_SENT):
        return HaloFailure(FailureClass.TRANSIENT, words, sent=False)
    return HaloFailure(FailureClass.OUTCOME_UNKNOWN if write else FailureClass.TRANSIENT, words)


def from_response(response: httpx.Response, *, write: bool, now: datetime) -> HaloFailure:
    """Classify an answer that is not a success."""
    status = response.status_code
    return HaloFailure(
        _class_of(status, write=write),
        words_of(response.text) or f"Halo answered {status} {_phrase(status)}",
        status=status,
        retry_after_s=_retry_after(response, now) if status == HTTPStatus.TOO_MANY_REQUESTS else None,
        named_rows=named_rows(response.text),
    )


def malformed(response: httpx.Response, *, write: bool, why: str) -> HaloFailure:
    """Classify a success whose body is not what was expected: a read is made again, a write must be looked up."""
    failure = FailureClass.OUTCOME_UNKNOWN if write else FailureClass.TRANSIENT
    return HaloFailure(failure, f"Halo's answer could not be understood: {why}", status=response.status_code)


def _class_of(status: int, *, write: bool) -> FailureClass:
    match status:
        case 429:
            return FailureClass.RATE_LIMITED
        case 401:
            return FailureClass.UNAUTHORIZED
        case 408:
            return FailureClass.OUTCOME_UNKNOWN if write else FailureClass.TRANSIENT
        case _ if 400 <= status < 500:
            return FailureClass.REJECTED
        case _ if 300 <= status < 400:
            return FailureClass.REJECTED
        case _:
            return FailureClass.OUTCOME_UNKNOWN if write else FailureClass.TRANSIENT


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _retry_after(response: httpx.Response, now: datetime) -> float | None:
    """Read `Retry-After` as seconds or as a date; None when it is absent or makes no sense."""
    text = response.headers.get("Retry-After", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return seconds if 0 <= seconds <= 86_400 else None


def words_of(body: str) -> str:
    """Pick the words for people out of the shapes in which Halo complains (halo-api section 4)."""
    return _words_of(body).replace("\0", "\ufffd")[:MOST_WORDS]


def _words_of(body: str) -> str:
    try:
        value = from_json(body)
    except ValueError:
        return "" if body.lstrip().startswith("<") else " ".join(body.split())
    if isinstance(value, dict):
        for name in ("errorMessage", "Message", "message", "error_description", "error"):
            if isinstance(value.get(name), str):
                return str(value[name])
        parts = [text for texts in value.values() if isinstance(texts, list) for text in texts if isinstance(text, str)]
        return "; ".join(parts)
    return value if isinstance(value, str) else ""


def named_rows(body: str) -> frozenset[int]:
    """Return the rows that a refusal names: `{"[0].count": [...]}` names row 0 (halo-api section 3)."""
    try:
        answer = from_json(body)
    except ValueError:
        return frozenset()
    if not isinstance(answer, dict):
        return frozenset()
    return frozenset(int(match[1]) for key in answer if (match := _NAMED_ROW.match(key)))
