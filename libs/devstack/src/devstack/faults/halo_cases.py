"""A Halo that loses answers, fails, refuses, lies and is slow; each case has its own, so they run side by side."""

from dataclasses import replace
from typing import Any

from devstack.faults.case import Case, Step, any_item
from devstack.faults.trial import Trial
from devstack.faults.workload import Key, Workload
from devstack.fields import Fields

_BAD = "NEW-2-7"
_REFUSAL = "This licence cannot be changed."


def _faulty(*faults: Fields) -> Step:
    """Return a step that lets requests meet faults; each says which (`method`, `path`, `nth`, `times`) and what."""

    async def prepare(trial: Trial) -> None:
        for fault in faults:
            await trial.fault(**fault)

    return prepare


def _write(method: str = "POST", *, nth: int = 2, **act: object) -> Fields:
    return {"method": method, "nth": nth, **act}


def _read(path: str = "SoftwareLicence", *, nth: int = 1, **act: str | int | None) -> Fields:
    return {"method": "GET", "path": path, "nth": nth, **act}


def _both(**act: Any) -> Step:
    """The second array and the second delete meet the same fault."""
    return _faulty(_write(**act), _write("DELETE", **act))


async def _lift(trial: Trial) -> None:
    await trial.fault_stack.halo.clear_faults(trial.name)


async def _reconnect(trial: Trial) -> None:
    await _lift(trial)
    await trial.connect()


async def _expire(trial: Trial) -> None:
    await trial.until_writing()
    await trial.fault_stack.halo.expire_tokens(trial.name)


async def _revoke(trial: Trial) -> None:
    await trial.until_writing()
    await trial.fault_stack.halo.revoke_tokens(trial.name)


async def _slow(trial: Trial) -> None:
    await trial.slow()


def _bad_row(_workload: Workload) -> frozenset[Key]:
    return frozenset({(2, _BAD)})


def _refusing(refused_array: str) -> Step:
    async def prepare(trial: Trial) -> None:
        await trial.fault_stack.halo.change_settings(trial.name, refused_array=refused_array)
        await trial.fault("POST", times=None, refuse_row={"name": _BAD, "message": _REFUSAL})

    return prepare


async def _refusing_without_a_name(trial: Trial) -> None:
    await trial.fault("POST", row_name=_BAD, times=None, status=400, body={"Message": _REFUSAL})


async def _sinking(trial: Trial) -> None:
    """The bad row sinks its array with a 500, in a Halo that rounds what it keeps."""
    await trial.fault_stack.halo.change_settings(trial.name, warns=True, kept_prices="cents", kept_counts="whole")
    await trial.fault("POST", row_name=_BAD, times=None, status=500, body={"Message": _REFUSAL})


async def _known_then_empty(trial: Trial) -> None:
    """Halo was read once, by a preview; after that the agent sees nothing."""
    await _preview(trial)
    await trial.fault_stack.halo.change_settings(trial.name, agent_sees="nothing")


async def _known_then_some(trial: Trial) -> None:
    await _preview(trial)
    await trial.fault_stack.halo.change_settings(trial.name, agent_sees="some", agent_sees_fraction=0.5)


async def _preview(trial: Trial) -> None:
    await trial.start(mode="preview")
    await trial.until_ended()


async def _see_again(trial: Trial) -> None:
    await trial.fault_stack.halo.change_settings(trial.name, agent_sees="all")


def _empty_look_up(**answer: Any) -> Step:
    """The answer to an array is lost and the array applied; the list that is looked at then is no good."""
    return _faulty(_write(drop_after=True), _read(nth=3, **answer))


_refused_always = _faulty(_write(times=None, unauthorized=True))
_shift_always = _faulty(_read(nth=2, times=None, shift_pages="omit"))


async def _lagging(trial: Trial) -> None:
    await trial.fault_stack.halo.change_settings(trial.name, list_lag_s=1.0)
    await trial.fault("POST", nth=2, drop_after=True)


_429: Fields = {"status": 429, "body": {"error": "Too many requests"}}
_AFTER_2_S: Fields = {**_429, "headers": {"Retry-After": "2"}}
_LOG_IN: dict[str, object] = {"status": 302, "headers": {"Location": "https://acme.halopsa.com/auth/login"}}

_GROUP: tuple[tuple[str, str, Step], ...] = (
    ("lost-applied", "the connection closes, the write is applied", _both(drop_after=True)),
    ("lost", "the connection closes, the write is not applied", _both(drop_before=True)),
    ("late", "the connection closes, the write is applied a second later", _both(late_apply_s=1.0)),
    ("reset-applied", "a TCP reset, the write is applied", _both(reset_after=True)),
    ("reset", "a TCP reset, the write is not applied", _both(reset_before=True)),
    ("500-applied", "500, the write is applied", _both(status=500, apply=True)),
    ("502", "502, the write is not applied", _both(status=502)),
    ("504-late", "504, the write is applied a second later", _both(status=504, late_apply_s=1.0)),
    ("half", "half an answer", _both(half_body=True)),
    ("malformed-applied", "broken JSON, the write is applied", _both(malformed=True, apply=True)),
    ("malformed", "broken JSON, the write is not applied", _both(malformed=True)),
    ("html", "a page of HTML with status 200, nothing is applied", _both(html=True)),
    (
        "locked",
        "409: another user has the licence open",
        _both(status=409, body={"Message": "Locked by another user."}),
    ),
    ("log-in", "302 to a log-in page, nothing is applied", _both(**_LOG_IN)),
    ("503-after", "503 with Retry-After", _both(status=503, headers={"Retry-After": "2"})),
    ("429-after", "429 with Retry-After", _both(**_AFTER_2_S)),
    ("429", "429 without Retry-After", _both(**_429)),
    ("429-read", "429 on reads", _faulty(_read("Client", **_429), _read(nth=2, **_AFTER_2_S))),
    ("401", "401 once", _both(unauthorized=True)),
    ("401-read", "401 on a read", _faulty(_read(unauthorized=True))),
    ("slow", "the answer comes after 30 s, the write is applied", _both(delay_answer_s=30)),
    ("slow-read", "lists after 30 s", _faulty(_read("Client", delay_s=30), _read(nth=2, delay_s=30))),
    ("5xx-read", "503 and 500 on reads", _faulty(_read("Client", status=503, times=2), _read(nth=2, status=500))),
    ("half-read", "half a list, then broken JSON", _faulty(_read(half_body=True), _read(nth=2, malformed=True))),
    ("shift-repeat", "a page begins with a row of the one before", _faulty(_read(nth=2, shift_pages="repeat"))),
    ("shift-omit", "a row slips between two pages", _faulty(_read(nth=2, shift_pages="omit"))),
    ("count", "record_count changes while the list is read", _faulty(_read(nth=2, changing_count=1))),
    ("look-up-half", "an answer is lost, and half a list is seen", _empty_look_up(half_body=True)),
    ("look-up-short", "an answer is lost, and a list too short is seen", _empty_look_up(short_list=5)),
    ("look-up-empty", "an answer is lost, and an empty list is seen", _empty_look_up(empty_list=True)),
    ("lag", "an answer is lost, and lists lag by a second", _lagging),
)


def _partner(name: str, what: str, prepare: Step, **outcome: Any) -> Case:
    """Return a case of a tenant of its own."""
    return Case(f"halo-{name}", "Halo", what, prepare, exclusive=False, **outcome)


_SOME_FAIL: dict[str, object] = {"fails": any_item, "must_fail": False}
_SHRUNK: dict[str, object] = {"repair": _see_again, "ends": "failed", "error": "read_shrunk"}
_INCOMPLETE: dict[str, object] = {"repair": _lift, "ends": "failed", "error": "read_incomplete"}
_BAD_ROW: dict[str, object] = {"repair": _lift, "ends": "partial", "fails": _bad_row}

_ALL = (
    *(_partner(name, what, prepare) for name, what, prepare in _GROUP),
    _partner("401-expired", "the access token expires while writing", _slow, inject=_expire),
    _partner("401-always", "401 to every array", _refused_always, repair=_lift, ends="partial", **_SOME_FAIL),
    _partner(
        "revoked",
        "all tokens revoked while writing; connected again, Sync",
        _slow,
        inject=_revoke,
        repair=_reconnect,
        ends="failed",
        error="connection_broken",
        **_SOME_FAIL,
    ),
    _partner("bad-row", "one bad row in an array of 50, Halo writes none", _refusing("none"), **_BAD_ROW),
    _partner("bad-row-good", "one bad row, Halo writes the others", _refusing("good"), **_BAD_ROW),
    _partner("bad-row-before", "one bad row, Halo writes those before it", _refusing("before"), **_BAD_ROW),
    _partner("bad-row-unnamed", "one bad row, and Halo does not say which", _refusing_without_a_name, **_BAD_ROW),
    _partner("bad-row-500", "one bad row: 500 for its array, nothing of it is written", _sinking, **_BAD_ROW),
    _partner("empty", "empty lists with status 200 after a full one", _known_then_empty, **_SHRUNK),
    _partner("some", "the agent sees half of the rows after a full list", _known_then_some, **_SHRUNK),
    _partner("shift-always", "pages shift at every reading", _shift_always, **_INCOMPLETE),
)

_SHORT = {"lost-applied", "late", "502", "429", "401-expired", "shift-omit", "bad-row", "empty"}
CASES = tuple(replace(case, short=case.name.removeprefix("halo-") in _SHORT) for case in _ALL)
