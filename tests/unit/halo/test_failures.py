"""What went wrong in a request, and what follows: the table of architecture section "When something fails"."""

from datetime import UTC, datetime
from http import HTTPStatus

import httpx
import pytest
from halosync.domain.retry import FailureClass
from halosync.halo.failures import MOST_WORDS, from_exception, from_response, malformed, words_of
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 5, 2, 0, 0, tzinfo=UTC)
TRANSIENT, UNKNOWN = FailureClass.TRANSIENT, FailureClass.OUTCOME_UNKNOWN
LOCKED, FAILED = FailureClass.LOCKED, FailureClass.FAILED_WHOLE
REJECTED, LIMITED, UNAUTHORIZED = FailureClass.REJECTED, FailureClass.RATE_LIMITED, FailureClass.UNAUTHORIZED


def expected(status: int, *, write: bool) -> FailureClass:
    passing = {408: UNKNOWN, 503: UNKNOWN, 409: LOCKED, 423: LOCKED}
    if status in {401, 429}:
        return UNAUTHORIZED if status == 401 else LIMITED
    if status < 400 or (not write and (status in passing or status >= 500)):
        return TRANSIENT
    return passing.get(status, REJECTED if status < 500 else FAILED)


@pytest.mark.parametrize("write", [False, True], ids=["read", "write"])
@pytest.mark.parametrize("status", [*(status for status in map(int, HTTPStatus) if status >= 300), 420, 499, 520, 599])
def test_every_status_has_its_class(status: int, write: bool) -> None:
    failure = from_response(httpx.Response(status), write=write, now=NOW)
    assert (failure.failure, failure.status, failure.sent) == (expected(status, write=write), status, True)
    assert str(status) in failure.words, "an empty answer is told by its status"


@pytest.mark.parametrize(
    ("status", "write", "meaning"),
    [
        (400, True, REJECTED),
        (403, False, REJECTED),
        (404, True, REJECTED),
        (409, True, LOCKED),
        (409, False, TRANSIENT),
        (422, True, REJECTED),
        (423, True, LOCKED),
        (302, True, TRANSIENT),
        (408, True, UNKNOWN),
        (500, True, FAILED),
        (500, False, TRANSIENT),
        (503, True, UNKNOWN),
        (504, False, TRANSIENT),
    ],
)
def test_the_statuses_that_decide_most(status: int, write: bool, meaning: FailureClass) -> None:
    assert from_response(httpx.Response(status), write=write, now=NOW).failure is meaning


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (httpx.ConnectError("refused"), False),
        (httpx.ConnectTimeout(""), False),
        (httpx.PoolTimeout(""), False),
        (httpx.UnsupportedProtocol(""), False),
        (httpx.ReadTimeout(""), True),
        (httpx.WriteTimeout(""), True),
        (httpx.ReadError(""), True),
        (httpx.WriteError(""), True),
        (httpx.CloseError(""), True),
        (httpx.RemoteProtocolError("peer closed"), True),
        (httpx.LocalProtocolError(""), True),
        (httpx.ProxyError(""), True),
        (httpx.DecodingError(""), True),
        (httpx.TooManyRedirects(""), True),
        (TimeoutError(), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_without_an_answer_only_what_was_surely_not_sent_is_sent_again(
    error: httpx.HTTPError | TimeoutError, sent: bool
) -> None:
    read, write = from_exception(error, write=False), from_exception(error, write=True)
    assert (read.failure, read.sent, read.status) == (TRANSIENT, sent, None)
    assert (write.failure, write.sent) == (UNKNOWN if sent else TRANSIENT, sent)
    assert type(error).__name__ in write.words


def test_a_success_that_cannot_be_understood() -> None:
    assert malformed(httpx.Response(200), write=False, why="no list").failure is TRANSIENT
    assert malformed(httpx.Response(200), write=True, why="no list").failure is UNKNOWN


def retry_after(text: str, status: int = 429) -> float | None:
    response = httpx.Response(status, headers=[(b"Retry-After", text.encode())])
    return from_response(response, write=False, now=NOW).retry_after_s


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7.5 ", 7.5),
        ("86400", 86400.0),
        ("Thu, 05 Nov 2026 02:01:30 GMT", 90.0),
        ("Thu, 05 Nov 2026 13:01:30 +1100", 90.0),
        ("Thu, 05 Nov 2026 02:01:30 -0000", 90.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(text: str, seconds: float) -> None:
    assert retry_after(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "-1", "86401", "nan", "inf", "-inf", "1e400", "0x10", "12 s", "\0"),
        *("Thu, 05 Nov 2026 01:59:59 GMT", "Fri, 06 Nov 2099 02:00:00 GMT", "Thu, 99 Nov 2026 02:00:00 GMT"),
        *("Thu, 05 Nov 99999999999999999999 02:00:00 GMT", "Thu, 05 Nov 2026 02:00:00 +99999999999999999999"),
        "Thu, 01 Jan 0001 00:00:00 +1400",
    ],
)
def test_a_retry_after_that_makes_no_sense_is_as_none(text: str) -> None:
    assert retry_after(text) is None


@given(st.text(alphabet="0123456789 +-:.,eEinfaThuNovGMT", max_size=40))
def test_whatever_retry_after_says_it_is_a_wait_or_nothing(text: str) -> None:
    wait_s = retry_after(text)
    assert wait_s is None or 0 <= wait_s <= 86_400


def test_a_limit_and_an_outage_name_a_wait_and_nothing_else_does() -> None:
    assert retry_after("120", status=503) == 120.0
    assert retry_after("120", status=500) is None


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("https://acme.halopsa.com/auth/login?ReturnUrl=secret", "Halo asks for a log-in"),
        ("/Account/SignIn", "Halo asks for a log-in"),
        ("https://other.example/somewhere?token=secret", "to https://other.example/somewhere"),
        ("", "sent us elsewhere"),
    ],
)
def test_a_redirect_says_where_it_leads_and_no_secret(location: str, words: str) -> None:
    failure = from_response(httpx.Response(302, headers={"Location": location}), write=True, now=NOW)
    assert words in failure.words
    assert "302" in failure.words
    assert "secret" not in failure.words


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            '{"[0].count": ["Could not convert xyz.", "Really."], "[1].x": ["Bad."]}',
            "Could not convert xyz.; Really.; Bad.",
        ),
        ('{"resultCode": 5, "errorMessage": "No such client"}', "No such client"),
        ('{"ClassName": "System.Exception", "Message": "It broke"}', "It broke"),
        ('{"Message": "The request is invalid."}', "The request is invalid."),
        ('{"message": "too many"}', "too many"),
        ('{"error": "forbidden"}', "forbidden"),
        ('{"error": "invalid_grant", "error_description": "The token has expired"}', "The token has expired"),
        ('{"error": {"code": 7}, "Message": null, "x": ["said here"]}', "said here"),
        ('"quoted"', "quoted"),
        ("plain\n  text ", "plain text"),
        ("", ""),
        ("   ", ""),
        ("<html><body>502 Bad Gateway</body></html>", ""),
        ("  <?xml version='1.0'?>", ""),
        ("[]", ""),
        ("[1, 2]", ""),
        ("{}", ""),
        ("7", ""),
        ("null", ""),
        ("NaN", ""),
    ],
)
def test_the_words_are_found_in_every_shape(body: str, words: str) -> None:
    assert words_of(body) == words


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 100_000, '{"Message": "a\\u0000b"}', "a\0b", '"\\ud800"'])
def test_whatever_halo_says_can_be_stored(body: str) -> None:
    words = words_of(body)
    assert len(words) <= MOST_WORDS
    assert "\0" not in words
    assert words.encode("utf-8")


@given(st.text() | st.from_regex(r'\{"(Message|error|x)": ?\[?"[^"]*"\]?\}'))
def test_words_are_always_short_and_storable(body: str) -> None:
    words = words_of(body)
    assert len(words) <= MOST_WORDS
    assert "\0" not in words


def test_a_failure_is_told_by_halos_own_words() -> None:
    failure = from_response(httpx.Response(400, json={"Message": "No such client"}), write=True, now=NOW)
    assert (failure.words, str(failure), failure.named_rows) == ("No such client", "No such client", frozenset())
    refused = from_response(httpx.Response(400, json={"[1].count": ["Could not convert"]}), write=True, now=NOW)
    assert (refused.words, refused.named_rows) == ("Could not convert", frozenset({1}))
    assert from_response(httpx.Response(503), write=True, now=NOW).words == "Halo answered 503 Service Unavailable"
    assert from_response(httpx.Response(599), write=True, now=NOW).words.startswith("Halo answered 599")
