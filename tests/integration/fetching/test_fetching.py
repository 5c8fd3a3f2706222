"""Fetching a big invoice's lines over HTTP: allowed hosts only, whole or not at all, and told apart what passes."""

import gzip
import json
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from devstack.ports import free_port
from halosync.contracts.invoice import InvoiceHeader
from halosync.messaging.endings import is_outage
from planner import lines_fetcher
from planner.fetch_places import FETCHES_A_HOST, FETCHES_AT_ONCE, FetchPlaces, NoPlaceError
from planner.lines_fetcher import LinesFetcher, _Unpacker
from planner.ports import FetchFailedError

from tests.integration.invoice_host import Answer
from tests.invoices import HEADER, line

from .desk import LINES, PASSING, Desk

pytestmark = pytest.mark.integration


Pack = Callable[[bytes], bytes]


def two_members(lines: bytes) -> bytes:
    """Pack as `cat a.gz b.gz` does."""
    return gzip.compress(lines[:100]) + gzip.compress(lines[100:])


ways_to_pack = pytest.mark.parametrize("pack", [bytes, gzip.compress, two_members])


@ways_to_pack
async def test_lines_may_be_packed_in_one_or_more_members(desk: Desk, pack: Pack) -> None:
    assert await desk.fetch(pack(LINES), line_count=3, total="60.00") == ["1", "2", "3"]
    assert desk.host.asked == ["/lines"]


@ways_to_pack
@pytest.mark.parametrize("size", [1, 2, 7, 10_000])
def test_unpacking_does_not_depend_on_how_the_bytes_arrive(pack: Pack, size: int) -> None:
    packed, unpack = pack(LINES), _Unpacker()
    pieces = [piece for at in range(0, len(packed), size) for piece in unpack.feed(packed[at : at + size])]
    assert (b"".join(pieces), unpack.complete) == (LINES, True)


def test_a_packed_file_that_ends_early_is_noticed_wherever_it_ends() -> None:
    packed = gzip.compress(LINES)
    for end in range(1, len(packed)):
        unpack = _Unpacker()
        list(unpack.feed(packed[:end]))
        assert not unpack.complete, end


def test_a_packed_file_of_many_megabytes_is_unpacked_in_pieces() -> None:
    pieces = list(_Unpacker().feed(gzip.compress(b"\n" * 5_000_000)))
    assert sum(map(len, pieces)) == 5_000_000
    assert max(map(len, pieces)) <= 1 << 20


@pytest.mark.parametrize("answer", [b"", b"\n \n\n", gzip.compress(b"")], ids=["nothing", "blank", "packed"])
async def test_a_file_without_lines_is_an_empty_invoice(desk: Desk, answer: bytes) -> None:
    assert await desk.fetch(answer, line_count=0) == []


async def test_blank_lines_do_not_count(desk: Desk) -> None:
    spaced = b"\n\r\n" + LINES.replace(b"\n", b"\n  \n") + json.dumps(line(4)).encode()
    assert await desk.fetch(spaced, line_count=4) == ["1", "2", "3", "4"]


@pytest.mark.parametrize("broken", [b"{broken", b"\xff", b"[" * 10_000, b'"' + b"x" * 200_000, b'{"a": 1} {"b": 2}'])
async def test_a_line_that_is_no_json_is_named(desk: Desk, broken: bytes) -> None:
    first, second, _ = LINES.splitlines()
    assert await desk.refused(b"\n\n".join([first, second, broken])) == [(3, "")]


async def test_a_line_that_does_not_fit_is_named_beside_one_that_is_no_json(desk: Desk) -> None:
    misfit = json.dumps(line(1) | {"quantity": "x"}).encode()
    assert await desk.refused(b"\n".join([misfit, LINES.splitlines()[0], b"{broken"])) == [(1, "quantity"), (3, "")]


@pytest.mark.parametrize("body", [b"7", b"x", b"{", b"[]", b"<html>"])
async def test_a_file_that_holds_something_else_is_refused(desk: Desk, body: bytes) -> None:
    assert await desk.refused(body) == [(1, "")]


async def test_control_totals_hold_for_a_file_too(desk: Desk) -> None:
    assert await desk.refused(LINES, line_count=4) == [(None, "line_count")]
    assert await desk.refused(LINES, total="60.01") == [(None, "total")]


@pytest.mark.parametrize("status", [201, 206, 400, 401, 403, 404, 410])
async def test_a_file_that_is_not_there_is_refused_for_good(desk: Desk, status: int) -> None:
    assert await desk.refused(Answer(LINES, status=status)) == [(None, "lines_url")]


@pytest.mark.parametrize("trouble", PASSING)
async def test_a_host_in_trouble_is_asked_again_later(desk: Desk, trouble: str) -> None:
    with pytest.raises(FetchFailedError, match=r"http://127.0.0.1:\d+/lines") as failed:
        await desk.fetch(PASSING[trouble], LINES)
    assert not is_outage(failed.value), "which would be tried again for ever"
    assert str(failed.value).count(desk.host.url()) == 1
    assert await desk.fetch() == ["1", "2", "3"]


@pytest.mark.parametrize("answer", [Answer(drips=True), Answer(b"{", promised=9, stalls=True)], ids=["drips", "stalls"])
async def test_a_host_that_is_too_slow_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    monkeypatch.setattr(desk.fetcher, "_pace_s", 0.2)
    with pytest.raises(FetchFailedError, match=r"less than 163840 bytes came in 0\.2 s"):
        await desk.fetch(answer)
    assert await desk.fetch(LINES) == ["1", "2", "3"]


async def test_a_file_that_keeps_the_pace_may_take_longer_than_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pace is a least throughput, no time-out."""
    monkeypatch.setattr(desk.fetcher, "_pace_s", 0.3)
    monkeypatch.setattr(lines_fetcher, "PACE_BYTES", 1)
    monkeypatch.setattr(lines_fetcher, "MOST_BYTES", 50)
    assert await desk.refused(Answer(drips=True)) == [(None, "lines_url")]


async def test_all_files_together_are_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_fetcher, "MOST_BYTES_AT_ONCE", len(LINES))
    header = InvoiceHeader.model_validate(HEADER | {"lines_url": desk.host.url()})
    desk.host.answers(LINES)
    async with desk.fetcher.fetched(header):
        with pytest.raises(FetchFailedError, match="too much is being fetched at once"):
            await desk.fetch(partner_id="other-msp")
    assert await desk.fetch() == ["1", "2", "3"]


def test_a_partner_has_one_place_and_a_host_not_all() -> None:
    places = FetchPlaces()
    with ExitStack() as taken:
        taken.enter_context(places.take("acme", "a:80"))
        with pytest.raises(NoPlaceError):
            taken.enter_context(places.take("acme", "b:80"))
        for number in range(FETCHES_A_HOST - 1):
            taken.enter_context(places.take(f"a-{number}", "a:80"))
        with pytest.raises(NoPlaceError):
            taken.enter_context(places.take("late", "a:80"))
        for number in range(FETCHES_AT_ONCE - FETCHES_A_HOST):
            taken.enter_context(places.take(f"b-{number}", f"b-{number}:80"))
        with pytest.raises(NoPlaceError):
            taken.enter_context(places.take("late", "c:80"))
    with places.take("acme", "a:80"):
        pass


async def test_a_host_that_is_away_is_asked_again_later(desk: Desk) -> None:
    away = f"localhost:{free_port()}"
    desk.fetcher = LinesFetcher(desk.fetcher._http, frozenset({away}))
    with pytest.raises(FetchFailedError, match="ConnectError"):
        await desk.fetch(url=f"http://{away}/lines")


async def test_a_host_that_falls_silent_is_asked_again_later(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_fetcher, "TOTAL_TIMEOUT_S", 0.2)
    with pytest.raises(FetchFailedError, match=r"all of it took more than 0\.2 s"):
        await desk.fetch(Answer(LINES, promised=1000, stalls=True))


@pytest.mark.parametrize(
    "packed",
    [b"\x1f\x8b" + b"\0" * 100, gzip.compress(LINES)[:30] + b"\xff" * 300],
    ids=["no deflate", "broken within"],
)
async def test_a_broken_gzip_is_refused(desk: Desk, packed: bytes) -> None:
    assert await desk.refused(packed) == [(None, "lines_url")]


@ways_to_pack
async def test_a_file_that_is_too_large_unpacked_is_refused(
    desk: Desk, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines_fetcher, "MOST_BYTES", len(LINES) - 1)
    assert await desk.refused(pack(LINES)) == [(None, "lines_url")]
    monkeypatch.setattr(lines_fetcher, "MOST_BYTES", len(LINES))
    assert len(await desk.fetch(pack(LINES))) == 3


async def test_a_file_without_end_is_given_up_where_it_becomes_too_large(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines_fetcher, "MOST_BYTES", 1_000_000)
    assert await desk.refused(Answer(b"\n" * 10_000, endless=True)) == [(None, "lines_url")]
