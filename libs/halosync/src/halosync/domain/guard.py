"""What keeps a wrong invoice, or a Halo that shows too little, from emptying a PSA (spec section 3)."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace

from halosync.domain import run_sentences
from halosync.domain.model import Outcome, Reason
from halosync.domain.plan import DeleteGuard, PlannedItem


def must_hold(removals: int, active: int, guard: DeleteGuard | None, approved: int | None) -> bool:
    """Tell whether all removals of a run wait for a person (spec section 3, "Delete guard").

    `active` counts the matched clients' active licences. `approved` is a ceiling, not a switch: a run that removes
    more than the person saw is held again.
    """
    if guard is None or not guard.trips(removals, active):
        return False
    return approved is None or removals > approved


def guarded(items: Sequence[PlannedItem], removals: Iterable[int], approved: Container[int]) -> list[int]:
    """Return which of the places `removals` have a removal that a run would carry out and no person has approved yet.

    `approved` are the places of those that a person has approved with the number of the first review.
    """
    return [place for place in removals if items[place].outcome is Outcome.PENDING and place not in approved]


def hold(items: list[PlannedItem], places: Iterable[int], detail: str) -> None:
    """Hold, in place, the items of `items` at `places`."""
    for index in places:
        items[index] = replace(items[index], outcome=Outcome.HELD, reason=Reason.DELETE_GUARD, detail=detail)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A read against what is known of the same Halo.

    Attributes:
        clients_before: clients of the last complete read.
        clients_now: clients in this read.
        known: licences of the last complete read, or written since, without those that halosync removed.
        missing: how many of the known licences this read does not have.
        observed: licences in this read.
        emptied: clients of this read that had licences and have none now; where all are in one list, that had several.
        by_client: whether each client's list was read by itself.
        unshown: licences that Halo said it has and showed nowhere, beyond those of the last complete read.
    """

    clients_before: int
    clients_now: int
    known: int
    missing: int
    observed: int
    emptied: int = 0
    by_client: bool = False
    unshown: int = 0

    @property
    def lacking(self) -> int:
        """How many licences are not in this read, as far as Halo or halosync knows of them."""
        return max(self.missing, self.unshown)


def hides(known: int, missing: int) -> bool:
    """Tell whether a list of a client's licences must not be believed: `missing` of `known` ones are not in it.

    A person in Halo removes a few; an agent that has lost rights sees none, or few.
    """
    return missing == known > 0 or DeleteGuard().trips(missing, known)


ONE_PERSON_EMPTIES = 1
"""A person ends all licences of a customer who leaves. Several empty clients at once: the agent has lost rights."""


def shrunk(seen: Comparison, guard: DeleteGuard | None) -> str | None:
    """Return why a read must not be believed, or None (spec section 3, "Shrunk reads").

    Without a guard of the partner's the default thresholds are used, because null switches off the holding of
    removals, not this protection.
    """
    thresholds = guard or DeleteGuard()
    if seen.clients_before > 0 and seen.clients_now == 0:
        return run_sentences.list_now_empty("clients", seen.clients_before)
    if seen.known > 0 and seen.observed == 0:
        return run_sentences.list_now_empty("licences", seen.known)
    if seen.emptied > (0 if seen.by_client else ONE_PERSON_EMPTIES):
        return run_sentences.clients_emptied(seen.emptied, seen.missing)
    if thresholds.trips(seen.missing, seen.known):
        return run_sentences.licences_missing(seen.missing, seen.known, seen.observed, thresholds)
    if thresholds.trips(seen.unshown, seen.observed + seen.unshown):
        return run_sentences.licences_unshown(seen.unshown, seen.observed, thresholds)
    return None


def within_accepted(seen: Comparison, seen_before: int | None) -> bool:
    """Tell whether a shrunk read that a person accepts lacks no more than that person has seen.

    `seen_before`: how many licences were lacking when a read was last not to be believed; None if no such read
    has been since the last plan: then the person has seen nothing that a word could be for. An agent can lose its
    rights in between.
    """
    return seen.lacking <= (seen_before or 0)
