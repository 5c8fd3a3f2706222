"""A number that a page tells is the number in the code: whoever changes one is shown the sentence that names it."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median

import pytest
from auth.composition import LOOK_S, PUBLISH_KEY_S
from halo_writer.composition import SWEEP_S as WRITER_SWEEP_S
from halosync.cli.replay import GIVE_UP_AFTER
from halosync.contracts.invoice_checks import MOST_EVENT_BYTES
from halosync.domain.delivery import MOST_PUBLISHING, PUBLISH_AGAIN_S
from halosync.domain.notices import MOST_REST_S, TRIED_FOR_S
from halosync.domain.retry import FailureClass
from halosync.messaging import delivery, topology
from halosync.ports.webhooks import MOST_WEBHOOKS
from halosync.runtime import (
    checks,
    connection_bounds,
    loop_lag,
    notice_mail,
    patience,
    process,
    readiness,
    shutdown,
    watchdog,
    webhook_sender,
)
from halosync.store import actions, batches, dead_letters, notices, retention, sessions
from planner import composition as planner
from planner.app import INVOICES_AT_ONCE, RUNS_AT_ONCE
from planner.halo_read import MOST_RESTARTS
from planner.planning_slots import SMALL_AT_ONCE, SMALL_ROWS
from simulation.guards import NAMES as GUARDS

ROOT = Path(__file__).resolve().parents[2]
MIB = 2**20
WORDS = dict(enumerate(("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")))
TOLD: Mapping[str, Sequence[str | tuple[str, bool]]] = {
    "architecture": [
        ("What Halo did is sorted into seven classes", len(FailureClass) == 7),
        (f"every {WRITER_SWEEP_S:.0f} seconds", planner.SWEEP_S == WRITER_SWEEP_S),
        f"`STOP_S`, {shutdown.STOP_S:.0f} s",
        f"read again from the start, {'twice' if MOST_RESTARTS == 2 else MOST_RESTARTS} at most",
    ],
    "actions": [
        ("Fourteen of them are switches of the simulation", len(GUARDS) == 14),
    ],
    "operations": [
        ("A process that hangs ends by itself after a minute", watchdog.HUNG_TICKS * watchdog.TICK_S == 60),
        f"after {sessions.LIFETIME_S / 3600:.0f} hours",
        f"after {WORDS[int(sessions.IDLE_S / 3600)]} hours without use",
        f"of at most {webhook_sender.TIMEOUT_S:.0f} s",
        ("left alone for up to five minutes", MOST_REST_S == 300),
        ("each notice is tried for a day", timedelta(seconds=TRIED_FOR_S) == timedelta(days=1)),
        f"A partner has {WORDS[MOST_WEBHOOKS]} webhooks at most",
        f"A mail server has {notice_mail.DEADLINE_S:.0f} s for each letter",
        f"deliveries and attempts are kept for {notices.KEPT_DAYS} days",
        f"at worst in the last {loop_lag.REMEMBERED * loop_lag.TICK_S:.0f} seconds",
        f"looked at every {readiness.CHECK_EVERY_S:.0f} seconds, for {readiness.CHECK_TIMEOUT_S:.0f} seconds at most",
        f"found out more than {readiness.STALE_S:.0f} seconds ago counts as not known",
        ("A starting process waits a minute for", patience.START_PATIENCE_S == 60),
        f"what nobody answers in {topology.REQUEST_TTL_MS / 1000:.0f} s is dropped",
        f"only look, every {checks.LOOK_AGAIN_S:.0f} seconds",
        f"after a reconnect and every {process.DECLARE_AGAIN_S:.0f} seconds",
        f"{topology.MOST_INVOICE_BYTES // MIB // 1024} GiB of invoices",
        f"{topology.MOST_QUEUED_BYTES // MIB} MiB of other work",
        f"{topology.MOST_WAITING_BYTES // MIB // 1024} GiB in each delay tier",
        f"halosync takes no event above {MOST_EVENT_BYTES // MIB} MiB",
        f"Of a body above {dead_letters.MOST_BODY_BYTES // MIB} MiB",
        f"while all bodies together hold {dead_letters.MOST_KEPT_BYTES // MIB // 1024} GiB",
        f"only the first {dead_letters.BEGINNING_BYTES // 1024} KiB are kept",
        f"only the ones up to {delivery.MOST_COPIED_BYTES // 1024} KiB",
        f"After {WORDS[GIVE_UP_AFTER]} refusals in a row",
        ("for a quarter of an hour nothing could be published", PUBLISH_AGAIN_S * MOST_PUBLISHING == 900),
        f"(more than {SMALL_ROWS:,} lines, clients and licences together)",
        f"up to {WORDS[SMALL_AT_ONCE]} small ones beside it",
        f"It works on {RUNS_AT_ONCE} runs and {INVOICES_AT_ONCE} invoices at a time",
        f"of one run at most {batches.IN_FLIGHT} batches are with the writers",
        f"and {connection_bounds._KEPT_HANDLES} more",
        f"publishes a new one within {PUBLISH_KEY_S:.0f} seconds",
        f"auth looks every {LOOK_S:.0f} seconds whether it can read",
        ("come again within five minutes after it", actions.SWEEP_GRACE_S == 300),
        f"| items of previews | {retention.PREVIEW_DAYS} days",
        f"replayed or discarded | {retention.FINISHED_LETTER_DAYS} days",
        f"in pieces of {retention.A_PIECE:,} rows, one every {WORDS[int(planner.PURGE_S)]} seconds",
        ("A planner retires what is old once an hour", planner.TIDY_S == 3600),
    ],
}
"""By page: sentences with the number as it is now; of those that say it in words, whether it is so."""


def page_text(page: str) -> str:
    return (ROOT / "docs" / f"{page}.md").read_text("utf-8")


@pytest.mark.parametrize(("page", "told"), [(page, told) for page, sentences in TOLD.items() for told in sentences])
def test_a_page_tells_the_number_that_is_in_the_code(page: str, told: str | tuple[str, bool]) -> None:
    sentence, holds = (told, True) if isinstance(told, str) else told
    assert sentence in " ".join(page_text(page).replace("**", "").split())
    assert holds, "the number has changed: change the sentence"


PARTS: Mapping[str, Sequence[str]] = {
    "the product": ("libs/halosync/src", "services"),
    "its support": ("libs/simulation", "libs/halo-sandbox", "libs/devstack", "bench"),
    "tests": ("tests",),
}


@pytest.mark.parametrize("part", PARTS)
def test_the_page_tells_about_how_much_there_is(part: str) -> None:
    """To a tenth: the table is for a first impression."""
    row = next(line for line in page_text("architecture").splitlines() if line.startswith(f"| {part}"))
    told = int(row.strip("| ").split("|")[-1].split(";")[0].replace(",", ""))
    files = [path for folder in PARTS[part] for path in (ROOT / folder).rglob("*.py")]
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in files)
    assert told == pytest.approx(lines, rel=0.1)


def row_of(title: str) -> str:
    """Return the last cell of a row of the table "How much there is"."""
    table = page_text("architecture").split("\n## How much there is\n", 1)[1].split("\n## ", 1)[0]
    return next(line for line in table.splitlines() if line.startswith(f"| {title}")).strip("| ").split("|")[-1].strip()


def test_the_page_tells_how_large_modules_are() -> None:
    files = [path for folder in PARTS["the product"] for path in (ROOT / folder).rglob("src/**/*.py")]
    files += [path for path in (ROOT / "libs/halosync/src").rglob("*.py") if path not in files]
    sizes = [len(path.read_text("utf-8").splitlines()) for path in files]
    middle, largest = (int(number) for number in row_of("the middle and the largest module").split(";"))
    assert middle == pytest.approx(median(sizes), abs=5)
    assert largest == pytest.approx(max(sizes), abs=5)


def test_the_page_tells_how_many_files_answer_each_question() -> None:
    table = page_text("architecture").split("\n## Where to look\n", 1)[1].split("\n## ", 1)[0]
    answers = [line for line in table.splitlines() if line.startswith("| ") and line.count("`") > 2]
    named = [set(re.findall(r"`([\w/.-]+/[\w.-]+\.(?:py|sql|html))`", answer)) for answer in answers]
    files = [len(paths) + ("The page's own module" in answer) for paths, answer in zip(named, answers, strict=True)]
    assert row_of("files to open") == ", ".join(str(number) for number in files)
