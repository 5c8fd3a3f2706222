from dataclasses import replace

import pytest
from halosync.domain.batching import Batch, BatchKind, batches, split
from halosync.domain.model import Action, Outcome, Removal
from halosync.domain.plan import PlannedItem

ITEM = PlannedItem(("C-1",), "Contoso", 7, "MS-365", "MS-365", None, Action.CREATE, Outcome.PENDING)
ITEMS = [
    replace(ITEM, action=Action.DELETE),
    ITEM,
    replace(ITEM, action=Action.UNCHANGED, outcome=Outcome.SYNCED),
    replace(ITEM, action=Action.UPDATE),
    replace(ITEM, action=Action.DELETE, outcome=Outcome.HELD),
    replace(ITEM, action=Action.NONE, outcome=Outcome.FAILED),
    ITEM,
]


def test_writes_come_before_deletes_and_only_what_is_pending_travels() -> None:
    assert batches(ITEMS, 2, Removal.DELETE) == [
        Batch(BatchKind.WRITE, (1, 3)),
        Batch(BatchKind.WRITE, (6,)),
        Batch(BatchKind.DELETE, (0,)),
    ]


def test_deletes_may_travel_in_batches_of_another_size() -> None:
    two = [ITEMS[0], ITEM, ITEMS[0]]
    assert batches(two, 2, Removal.DELETE, delete_size=1) == [
        Batch(BatchKind.WRITE, (1,)),
        Batch(BatchKind.DELETE, (0,)),
        Batch(BatchKind.DELETE, (2,)),
    ]


@pytest.mark.parametrize("removal", [Removal.DEACTIVATE, Removal.ZERO])
def test_removals_that_are_updates_travel_with_the_writes(removal: Removal) -> None:
    assert batches(ITEMS, 50, removal) == [Batch(BatchKind.WRITE, (0, 1, 3, 6))]


def test_a_batch_of_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one"):
        batches(ITEMS, 0, Removal.DELETE)


@pytest.mark.parametrize(
    ("ids", "named", "parts"),
    [
        ([], set(), []),
        ([1], {1}, [[1]]),
        ([1, 2, 3, 4, 5], set(), [[1, 2], [3, 4, 5]]),
        ([1, 2, 3, 4], {1, 2, 3, 4}, [[1, 2], [3, 4]]),
        ([1, 2, 3, 4], {4, 2}, [[2, 4], [1, 3]]),
        ([1, 2, 3, 4], {9}, [[1, 2], [3, 4]]),
    ],
)
def test_named_rows_are_set_apart_else_the_array_is_halved(
    ids: list[int], named: set[int], parts: list[list[int]]
) -> None:
    assert split(ids, named) == parts
