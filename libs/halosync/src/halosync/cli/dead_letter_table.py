"""How dead letters are shown."""

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum

from halosync.cli.output import show_table
from halosync.domain.listing import counted
from halosync.store import dead_letters
from halosync.store.dead_letters import Cause, DeadLetter, OpenedLetter

_NONE = "No dead letters."

_MOST_SHOWN_BYTES = 64 * 1024
"""A terminal shows so much of a body."""


class ShownState(StrEnum):
    """The choices of `--state`."""

    KEPT = "kept"
    REPLAYED = "replayed"
    DISCARDED = "discarded"
    ANY = "any"

    @property
    def column(self) -> dead_letters.LetterState | None:
        """The value in the table; None does not restrict."""
        columns: dict[ShownState, dead_letters.LetterState] = {
            ShownState.KEPT: "kept",
            ShownState.REPLAYED: "replayed",
            ShownState.DISCARDED: "discarded",
        }
        return columns.get(self)


def show_causes(causes: Sequence[Cause]) -> None:
    """Print one row for each cause."""
    show_table(
        ["letters", "seen", "queue", "cause", "first", "last", "newest"],
        [(c.letters, c.times_seen, c.queue, c.cause, c.first_seen, c.last_seen, c.newest_id) for c in causes],
        empty=_NONE,
    )


def show_letters(letters: Sequence[DeadLetter]) -> None:
    """Print one row for each dead letter."""
    show_table(
        ["id", "state", "queue", "reason", "bytes", "seen", "first", "last"],
        [
            (d.dead_letter_id, d.state, d.queue, d.reason, d.size, d.times_seen, d.first_seen, d.last_seen)
            for d in letters
        ],
        empty=_NONE,
    )


def in_full(letter: OpenedLetter) -> str:
    """Return everything about a dead letter for people; JSON is indented."""
    facts = {
        "dead letter": letter.dead_letter_id,
        "state": letter.state,
        "queue": letter.queue,
        "message type": letter.message_type or "(none)",
        "reason": letter.reason,
        "seen": f"{letter.times_seen} times, first {letter.first_seen:%F %T}Z, last {letter.last_seen:%F %T}Z",
        "bytes": f"{letter.size}, of which only the beginning was kept" if letter.is_cut else letter.size,
    }
    head = "\n".join(f"{name + ':':<14}{value}" for name, value in facts.items())
    return f"{head}\n\nheaders:\n{_indented(letter.headers)}\n\nbody:\n{_shown(letter.body)}"


def json_body(letter: OpenedLetter) -> dict[str, object]:
    """Return everything about a dead letter for programs; `body` is its exact text, base64 if it is none."""
    try:
        body, encoding = letter.body.decode(), "utf-8"
    except UnicodeDecodeError:
        body, encoding = base64.b64encode(letter.body).decode(), "base64"
    return {**asdict(letter), "body": body, "body_encoding": encoding}


def _shown(body: bytes) -> str:
    if len(body) <= _MOST_SHOWN_BYTES:
        return _readable(body)
    more = counted(len(body) - _MOST_SHOWN_BYTES, "byte")
    return f"{_readable(body[:_MOST_SHOWN_BYTES])}\n… {more} more; --json has all"


def _readable(body: bytes) -> str:
    try:
        return _indented(json.loads(body))
    except (ValueError, RecursionError):
        return body.decode("utf-8", "backslashreplace")


def _indented(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
