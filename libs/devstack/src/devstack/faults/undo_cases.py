"""The undo of a Sync, hurt like a Sync: what it puts back is put back once (spec section 11, "Undo")."""

from typing import Any

from devstack.faults import breakpoints
from devstack.faults.breakpoints import LATE_S
from devstack.faults.case import Case, Step
from devstack.faults.trial import Trial

_CREATES = 16
"""An undo removes them one by one, each by a request."""


def _both(**act: Any) -> Step:
    """The array of an undo and its second removal meet the same fault."""

    async def prepare(trial: Trial) -> None:
        await trial.sync_then_undo()
        await trial.fault("POST", **act)
        await trial.fault("DELETE", nth=2, **act)

    return prepare


async def _slow(trial: Trial) -> None:
    await trial.sync_then_undo()
    await trial.fault("POST", times=None, delay_s=LATE_S)


async def _kill(trial: Trial) -> None:
    async with breakpoints.in_flight(trial) as held:
        await held.service.process.kill()


def _case(name: str, what: str, prepare: Step, *, short: bool = False) -> Case:
    return Case(f"undo-{name}", "Halo", what, prepare, exclusive=False, creates=_CREATES, short=short)


CASES = (
    _case("lost-applied", "an undo: the connection closes, the write is applied", _both(drop_after=True), short=True),
    _case("lost", "an undo: the connection closes, the write is not applied", _both(drop_before=True)),
    _case("late", "an undo: the connection closes, the write is applied a second later", _both(late_apply_s=1.0)),
    _case("500-applied", "an undo: 500, the write is applied", _both(status=500, apply=True)),
    Case(
        "undo-kill-flight",
        "writer",
        "an undo: kill -9 while Halo has the array and has not applied it",
        _slow,
        _kill,
        creates=_CREATES,
    ),
)
