"""What a partner's Halo does with each fact that halosync depends on, in a report without names and secrets."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Verdict(StrEnum):
    """What a finding means for halosync."""

    ASSUMED = "as assumed"
    TOLERATED = "tolerated"
    NEW = "new: tell us"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact, what this Halo does, and what that means."""

    fact: str
    found: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An answer as it came; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


RawRequest = Callable[[str], Awaitable[RawAnswer]]
"""One request; it is given an access token."""

Make = Callable[[RawRequest], Awaitable[RawAnswer]]
"""Makes a request with everything that belongs to it: a token, and a permit where a budget is shared."""


class Conformance(Protocol):
    """The kit that finds it out, by reading alone; see `HaloConformance`."""

    def findings(self, tenant: str, make: Make) -> AsyncIterator[Finding]:
        """Yield one finding after the other; `make` makes the few requests.

        Raises:
            HaloFailure: no answer, or one that refuses the token or names the limit.
        """
        ...
