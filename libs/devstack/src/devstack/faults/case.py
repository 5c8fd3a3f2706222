"""What a case is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from devstack.faults.trial import Trial
from devstack.faults.workload import CREATES, Key, State, Workload
from devstack.fields import Fields

Step = Callable[[Trial], Awaitable[None]]


async def nothing(_trial: Trial) -> None:
    """Do nothing."""


def as_sent(state: State, _before: State | None) -> State:
    """Return what a Halo keeps that keeps all."""
    return state


def no_item(_workload: Workload) -> frozenset[Key]:
    """Return that no item fails."""
    return frozenset()


def any_item(workload: Workload) -> frozenset[Key]:
    """Return that every item may fail."""
    return frozenset(workload.wanted.keys() | workload.before.keys())


@dataclass(frozen=True)
class Case:
    """A fault, when it is injected, and what is to become of the run.

    Attributes:
        name: what it is called on the command line, `place-what`.
        where: what is hurt.
        what: what happens, in a sentence.
        prepare: before Sync is pressed.
        inject: while the run goes on; it waits for its moment, hurts, and lifts what it did.
        repair: what a person does before pressing Sync again.
        ends: the state in which the run is to end.
        error: the code that a failed run is to name.
        keeps: what Halo makes of a state that it is sent, and of the one of before.
        again: how Sync is pressed the second time.
        again_ends: the state in which that run is to end; if it is not `succeeded`, nothing is left that it could do.
        fails: the items that are to fail, by client and name; with `must_fail` off they are those that may.
        must_fail: whether all of `fails` have to fail.
        exclusive: it hurts what other cases use, so no other goes on meanwhile.
        creates: how many licences of each client the invoice asks for that are not there.
        short: it belongs to the short version, which the tests run.
    """

    name: str
    where: str
    what: str
    prepare: Step = nothing
    inject: Step = nothing
    repair: Step = nothing
    ends: str = "succeeded"
    error: str | None = None
    keeps: Callable[[State, State | None], State] = as_sent
    again: Fields = field(default_factory=dict)
    again_ends: str = "succeeded"
    fails: Callable[[Workload], frozenset[Key]] = field(default=no_item)
    must_fail: bool = True
    exclusive: bool = True
    creates: int = CREATES
    short: bool = False
