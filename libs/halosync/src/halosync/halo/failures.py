"""What went wrong in a request to Halo, and what follows (architecture section "When something fails")."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx
from pydantic_core import from_json

from halosync.domain.retry import FailureClass
from halosync.ports.failures import HaloFailure

_NAMED_ROW = re.compile(r"^\[([0-9]{1,9})\]")

MOST_WORDS = 500
"""How much of Halo's own words an item keeps."""

_SAY_WHEN = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_CLASSES = {
    401: FailureClass.UNAUTHORIZED,
    408: FailureClass.OUTCOME_UNKNOWN,
    409: FailureClass.LOCKED,
    423: FailureClass.LOCKED,
    429: FailureClass.RATE_LIMITED,
    503: FailureClass.OUTCOME_UNKNOWN,
}
_OF_READS = {FailureClass.UNAUTHORIZED, FailureClass.RATE_LIMITED, FailureClass.REJECTED}
_LOG_IN = ("login", "log-in", "logon", "signin", "sign-in", "/auth", "/sso", "saml")

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
        _redirect_words(response) or words_of(response.text) or f"Halo answered {status} {_phrase(status)}",
        status=status,
        retry_after_s=_retry_after(response, now) if status in _SAY_WHEN else None,
        named_rows=named_rows(response.text),
    )


def malformed(response: httpx.Response, *, write: bool, why: str) -> HaloFailure:
    """Classify a success whose body is not what was expected: a read is made again, a write must be looked up."""
    failure = FailureClass.OUTCOME_UNKNOWN if write else FailureClass.TRANSIENT
    return HaloFailure(failure, f"Halo's answer could not be understood: {why}", status=response.status_code)


def _class_of(status: int, *, write: bool) -> FailureClass:
    """Return the class of a status. A read changes nothing: what may pass is simply read again."""
    found = _CLASSES.get(status)
    if found is None and 400 <= status < 500:
        found = FailureClass.REJECTED
    elif found is None:  # a redirect stands in place of an answer, so nothing was done
        found = FailureClass.TRANSIENT if 300 <= status < 400 else FailureClass.FAILED_WHOLE
    return found if write or found in _OF_READS else FailureClass.TRANSIENT


def fail_if_complaint(answer: object) -> None:
    """Find a complaint in the body of a success: an error object in place of licences (spec section 9).

    Raises:
        HaloFailure: it is one.
    """
    found = answer if isinstance(answer, list) else [answer]
    objects = [each for each in found if isinstance(each, dict)]
    if not objects or any(each.get("id") not in (None, "") for each in objects):
        return
    for each in objects:
        words = _words_in(each)
        code = each.get("resultCode")
        if words or code not in (None, 0, "0", ""):
            words = (words or f"resultCode {code}").replace("\0", "\ufffd")[:MOST_WORDS]
            raise HaloFailure(FailureClass.FAILED_WHOLE, words, status=HTTPStatus.OK)


def _redirect_words(response: httpx.Response) -> str | None:
    """Say where a redirect leads, without what may be secret in it; to a log-in page above all."""
    if not 300 <= response.status_code < 400:
        return None
    location = response.headers.get("Location", "")
    path = location.partition("?")[0].partition("#")[0][:MOST_WORDS]
    if any(word in path.lower() for word in _LOG_IN):
        return f"Halo asks for a log-in in place of an answer (it answered {response.status_code})"
    return f"Halo answered {response.status_code} and sent us elsewhere{f', to {path}' if path else ''}"


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
        words = _words_in(value)
        if words is not None:
            return words
        parts = [text for texts in value.values() if isinstance(texts, list) for text in texts if isinstance(text, str)]
        return "; ".join(parts)
    return value if isinstance(value, str) else ""


def _words_in(value: Mapping[str, object]) -> str | None:
    names = ("errorMessage", "Message", "message", "error_description", "error")
    return next((str(value[name]) for name in names if isinstance(value.get(name), str)), None)


def named_rows(body: str) -> frozenset[int]:
    """Return the rows that a refusal names: `{"[0].count": [...]}` names row 0 (halo-api section 3)."""
    try:
        answer = from_json(body)
    except ValueError:
        return frozenset()
    if not isinstance(answer, dict):
        return frozenset()
    return frozenset(int(match[1]) for key in answer if (match := _NAMED_ROW.match(key)))
