"""The sentences of notices, for e-mail: what has happened, and what to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from halosync.domain.date_words import day_words, month_words
from halosync.domain.listing import counted
from halosync.domain.notices import NoticeData, NoticeType
from halosync.domain.states import RunState

TITLES: Mapping[NoticeType, str] = {
    NoticeType.INVOICE_ACCEPTED: "An invoice has arrived",
    NoticeType.RUN_FINISHED: "A Sync has ended",
    NoticeType.ITEMS_HELD: "Changes wait for approval",
    NoticeType.REVIEW_NEEDED: "The first review waits for you",
    NoticeType.CONNECTION_LOST: "Halo is no longer connected",
    NoticeType.INVOICE_OVERDUE: "The monthly invoice has not arrived",
    NoticeType.MONTH_CLOSED: "A month was closed",
}
"""Each notice in a few words, for choosing among them and as a subject."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice for a person: its subject, its text, and the page that it is about, below the partner's."""

    subject: str
    text: str
    page: str


def letter(kind: NoticeType, data: NoticeData) -> Letter:
    """Return what a person is told."""
    text, page = _LETTERS[kind](data)
    ended = kind is NoticeType.RUN_FINISHED and _is_undo(data)
    return Letter("An undo has ended" if ended else TITLES[kind], text, page)


def _is_undo(data: NoticeData) -> bool:
    return bool(data.get("mode") == "undo")


def _run(data: NoticeData) -> str:
    """Return what a run is called in a sentence."""
    return f"{'undo of a Sync' if _is_undo(data) else 'Sync'} of the invoice {data['invoice_id']}"


def _accepted(data: NoticeData) -> tuple[str, str]:
    invoice = (
        f"The invoice {data['invoice_id']}, revision {data['revision']}, of {month_words(data['period'])} has arrived"
    )
    total = " ".join(filter(None, (data.get("currency"), data["total"])))
    return f"{invoice}: {counted(data['line_count'], 'line')}, {total} in all.", "month"


_ENDS = {
    RunState.SUCCEEDED: "is done. Nothing failed, and nothing waits",
    RunState.PARTIAL: "is partly done",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "was cancelled",
}


def _finished(data: NoticeData) -> tuple[str, str]:
    counters = data["counters"]
    ends = _ENDS.get(data["state"], f"has ended: {data['state']}")
    told = {name for name, _, _ in _LEFT} if data["state"] == RunState.PARTIAL else set()
    if told:
        ends += ": " + " and ".join(
            f"{counters[name]:,} {one if counters[name] == 1 else more}" for name, one, more in _LEFT if counters[name]
        )
    done = ", ".join(f"{counters[name]:,} {word}" for name, word in _COUNTED if counters[name] and name not in told)
    why = f" {data['error']}" if data.get("error") else ""
    return f"The {_run(data)} {ends}.{why} {done or 'Nothing was changed'}.", f"runs/{data['run_id']}"


_LEFT = (("failed", "failed", "failed"), ("held", "waits for approval", "wait for approval"))
_COUNTED = (
    ("created", "created"),
    ("updated", "updated"),
    ("deleted", "removed"),
    ("unchanged", "unchanged"),
    ("skipped", "skipped"),
    ("held", "held"),
    ("failed", "failed"),
)


def _held(data: NoticeData) -> tuple[str, str]:
    one = data["held"] == 1
    text = f"{data['held']:,} {'change waits' if one else 'changes wait'} for approval in the {_run(data)}."
    what = "It is" if one else "They are"
    return (
        f"{text} {what} not written to Halo until somebody approves {'it' if one else 'them'}.",
        f"runs/{data['run_id']}",
    )


def _review(data: NoticeData) -> tuple[str, str]:
    changes = counted(data["held"], "change")
    text = f"The first Sync would remove or reprice licences that Converge did not write: {changes}."
    return f"{text} Look at them and choose what is right.", f"runs/{data['run_id']}/review"


def _lost(data: NoticeData) -> tuple[str, str]:
    return f"{data['problem']} Nothing is synchronised until it is connected again.", "halo-psa"


def _overdue(data: NoticeData) -> tuple[str, str]:
    expected = day_words(data["expected"])
    text = f"The invoice that was expected on {expected} has not arrived by the end of the next business day."
    return f"{text} Ask the distributor about it.", "month"


def _closed(data: NoticeData) -> tuple[str, str]:
    exceptions = counted(data["accepted"], "accepted exception")
    text = f"{data['closed_by']} closed {month_words(data['period'])}, with {exceptions}. It has a certificate now."
    return text, f"month/certificate?period={data['period']}"


_LETTERS: Mapping[NoticeType, Callable[[NoticeData], tuple[str, str]]] = {
    NoticeType.INVOICE_ACCEPTED: _accepted,
    NoticeType.RUN_FINISHED: _finished,
    NoticeType.ITEMS_HELD: _held,
    NoticeType.REVIEW_NEEDED: _review,
    NoticeType.CONNECTION_LOST: _lost,
    NoticeType.INVOICE_OVERDUE: _overdue,
    NoticeType.MONTH_CLOSED: _closed,
}
