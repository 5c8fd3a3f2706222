"""Lines that anybody can make a process write are few: 732,704 of one kind once came in a minute."""

import asyncio
import errno
import logging
import socket
from collections.abc import Iterator
from contextvars import copy_context
from typing import Any, cast
from unittest.mock import Mock

import pytest
from halosync.observability.logging import configure_logging
from halosync.observability.repeats import EVERY_S, FLOODS, FewOfAKind

ACCEPT, INVALID = FLOODS["asyncio"][0], FLOODS["uvicorn.error"][0]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def passes(few: FewOfAKind, text: str) -> str | None:
    """Return the line as it is written; None if it is left out."""
    record = logging.LogRecord("asyncio", logging.ERROR, __file__, 1, text, None, None)
    return record.getMessage() if few.filter(record) else None


def test_one_of_a_kind_is_written_and_then_how_many_were_left_out() -> None:
    clock = Clock()
    few = FewOfAKind([ACCEPT, INVALID], clock)
    assert passes(few, f"{ACCEPT}\nsocket: 1") == f"{ACCEPT}\nsocket: 1"
    assert [passes(few, f"{ACCEPT}\nsocket: {number}") for number in range(1000)] == [None] * 1000
    assert passes(few, INVALID) == INVALID, "another kind"
    assert passes(few, "something else") == passes(few, "something else") == "something else"
    clock.now = EVERY_S
    assert passes(few, ACCEPT) == f"{ACCEPT} (1000 more of these were left out)"
    clock.now = 2 * EVERY_S
    assert passes(few, ACCEPT) == ACCEPT


@pytest.fixture
def loggers() -> Iterator[None]:
    """Leave the loggers as they were."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, {name: logging.getLogger(name).filters[:] for name in FLOODS}
    yield
    root.handlers[:], root.level = before[0], before[1]
    for name, filters in before[2].items():
        logging.getLogger(name).filters[:] = filters


@pytest.mark.usefixtures("loggers")
def test_without_file_handles_the_event_loop_writes_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """What the loop does when it cannot accept a connection, as asyncio does it, again and again."""
    copy_context().run(configure_logging, "INFO", "report-api")
    listening = Mock(spec=socket.socket)
    listening.accept.side_effect = OSError(errno.EMFILE, "Too many open files")
    listening.fileno.return_value = -1
    loop = cast("Any", asyncio.new_event_loop())
    loop._remove_reader, loop.call_later = Mock(), Mock()  # it would listen again after a second
    try:
        for _ in range(10):
            loop._accept_connection(asyncio.Protocol, listening)
    finally:
        loop.close()
    assert listening.accept.call_count >= 10
    assert capsys.readouterr().err.count(ACCEPT) == 1
