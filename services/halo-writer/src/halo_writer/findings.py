"""What a look in Halo says of an action."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from halosync.domain.model import Licence, Reason


@dataclass(frozen=True, slots=True)
class Shown:
    """Halo shows the action's effect on this licence."""

    licence: Licence


@dataclass(frozen=True, slots=True)
class Gone:
    """Halo does not show the licence that was to be removed."""


@dataclass(frozen=True, slots=True)
class NotDone:
    """Halo does not show it: the action may be sent (again). `licence` is what it shows of the licence meant."""

    licence: Licence | None = None


@dataclass(frozen=True, slots=True)
class FoundAsWanted:
    """A create finds a licence that is as wanted and that somebody else has made: there is nothing to do."""

    licence: Licence


@dataclass(frozen=True, slots=True)
class Adopt:
    """A create finds a licence of its name that is not as wanted: it goes on as an update of that one.

    `ours`: it bears the create's stamp. `another`: it surely is none that the create has made.
    """

    licence: Licence
    ours: bool = False
    another: bool = False


@dataclass(frozen=True, slots=True)
class Stuck:
    """Sending it again would do harm."""

    reason: Reason
    detail: str


WriteFinding = Shown | Gone | NotDone | FoundAsWanted | Adopt | Stuck


@dataclass(frozen=True, slots=True)
class Strangers:
    """What of a client's licences halosync did not know before, and what else may explain it.

    Attributes:
        licences: among them is a created one that Halo calls otherwise.
        asked: the names of all creates of the run for this client.
    """

    licences: Sequence[Licence] = ()
    asked: Collection[str] = ()


NO_STRANGERS = Strangers()
