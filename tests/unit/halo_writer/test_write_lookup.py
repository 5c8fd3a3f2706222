"""A look-up that the limit interrupts goes on where it stopped, also behind a list that cannot be believed."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from halo_writer.client_lists import HidesLicencesError
from halo_writer.write_lookup import WriteLookUp
from halosync.domain import write_sentences
from halosync.domain.details import stamp_of
from halosync.domain.model import Licence, Reason
from halosync.ports.batch_work import AppliedAction, FailedAction, HaloAnswer, OpenAction
from halosync.ports.permits import NoPermit, Rate

from .effect_examples import BATCH, CREATE, UPDATE, WANTED

HIDDEN, SEEN = 1, 2
IN_DOUBT = [replace(UPDATE, item_id=client, client_id=client) for client in (HIDDEN, SEEN)]


class Rules:
    """Of the writer's rules, those that a look-up goes by."""

    rate, settle_s, max_attempts = Rate(500, 300.0), 60.0, 8


class Lists:
    """A Halo that hides the licences of one client, and a limit that lets through one request at a time."""

    def __init__(self) -> None:
        self.read: list[int] = []
        self.permits = 1

    async def licences(self, _who: object, _batch: object, actions: Sequence[OpenAction]) -> list[Licence]:
        if not self.permits:
            raise NoPermit(60.0)
        self.permits -= 1
        client_id = actions[0].client_id
        self.read.append(client_id)
        if client_id == HIDDEN:
            raise HidesLicencesError(3)
        return [replace(WANTED, client_id=client_id)]


class Recorded:
    """The rows, of which only what was recorded is kept."""

    def __init__(self) -> None:
        self.items: list[int] = []

    async def record(self, _batch: object, applied: Sequence[Any], _failed: Sequence[Any]) -> None:
        self.items += [each.item_id for each in applied]


def look_up(lists: Lists, recorded: Recorded) -> WriteLookUp:
    actions: Any = recorded
    doubles: Any = lists
    rules: Any = Rules()
    return WriteLookUp(actions, doubles, rules)


async def test_a_list_that_hides_licences_does_not_use_up_the_permits_of_those_behind_it() -> None:
    lists, recorded = Lists(), Recorded()
    lookup = look_up(lists, recorded)
    with pytest.raises(NoPermit):
        await lookup.resolve(BATCH, IN_DOUBT)
    lists.permits = 1
    with pytest.raises(HidesLicencesError):  # only now: it counts as a failed look-up, and has an end
        await lookup.resolve(BATCH, IN_DOUBT)
    assert (lists.read, recorded.items) == ([HIDDEN, SEEN], [SEEN])


@pytest.mark.parametrize("failures", [0, 1])
async def test_what_was_not_believed_is_read_anew_in_the_next_attempt(failures: int) -> None:
    """Whether this writer has told that it failed, or, as its number shows, another has."""
    lists, recorded = Lists(), Recorded()
    lookup = look_up(lists, recorded)
    with pytest.raises(NoPermit):
        await lookup.resolve(BATCH, IN_DOUBT)
    if not failures:
        lists.permits = 1
        with pytest.raises(HidesLicencesError):
            await lookup.resolve(BATCH, IN_DOUBT)
    lists.permits, lists.read = 2, []
    with pytest.raises(HidesLicencesError):
        await lookup.resolve(replace(BATCH, failures=failures), IN_DOUBT)
    assert lists.read == [HIDDEN, SEEN]


class OfOneCreate:
    """The rows of one create in a Halo that shows somebody else's licence as it was wanted; and its list."""

    def __init__(self, *shown: Licence) -> None:
        self.shown = list(shown) or [replace(WANTED, stamp="0123456789ab")]  # of another run
        self.later: list[int] = []
        self.adopted: list[int] = []
        self.results: list[AppliedAction | FailedAction] = []

    async def licences(self, *_: object) -> list[Licence]:
        return self.shown

    async def adopt(self, _action: OpenAction, licence_id: int, _was: object) -> None:
        self.adopted.append(licence_id)

    async def ever_known(self, *_: object) -> set[int]:
        return {WANTED.id}

    async def look_again(self, marks: dict[int, int], *, settle_s: float) -> None:
        assert settle_s == Rules.settle_s
        self.later += marks

    async def record(self, _batch: object, applied: Sequence[AppliedAction], failed: Sequence[FailedAction]) -> None:
        self.results += [*applied, *failed]


async def found_of(action: OpenAction, *shown: Licence) -> OfOneCreate:
    rows = OfOneCreate(*shown)
    doubles: Any = rows
    rules: Any = Rules()
    await WriteLookUp(doubles, doubles, rules).resolve(BATCH, [action])
    return rows


async def test_what_halo_said_it_made_is_not_taken_for_what_others_have_made() -> None:
    said = replace(CREATE, answer=HaloAnswer(201, None))
    first = await found_of(said)
    assert (first.later, first.results) == ([said.item_id], [])
    second = await found_of(replace(said, unseen=True))
    words = write_sentences.another_shown(WANTED.id)
    assert second.results == [FailedAction(said.item_id, said.mark_no, Reason.OUTCOME_UNKNOWN, words)]
    unanswered = await found_of(CREATE)
    assert unanswered.results == [AppliedAction(CREATE.item_id, CREATE.mark_no, WANTED.id, found=True)]


async def test_what_halo_said_it_made_is_awaited_before_a_namesake_is_taken_over() -> None:
    said = replace(CREATE, answer=HaloAnswer(201, None))
    namesake = replace(WANTED, quantity=Decimal(99))
    first = await found_of(said, namesake)
    assert (first.later, first.adopted) == ([said.item_id], [])
    second = await found_of(replace(said, unseen=True), namesake)
    assert (second.later, second.adopted) == ([], [WANTED.id])  # this Halo keeps no stamps: it may be ours
    of_others = replace(namesake, stamp="0123456789ab")
    surely = await found_of(replace(said, unseen=True), of_others)
    words = write_sentences.another_shown(WANTED.id)
    assert (surely.adopted, surely.results) == (
        [],
        [FailedAction(said.item_id, said.mark_no, Reason.OUTCOME_UNKNOWN, words)],
    )
    ours = await found_of(said, replace(namesake, stamp=stamp_of(BATCH.run_id, said.item_id)))
    assert (ours.later, ours.adopted) == ([], [WANTED.id])
