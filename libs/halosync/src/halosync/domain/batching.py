"""Which actions travel together, and how a refused array is taken apart (actions section "A refused array")."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from halosync.domain.model import Action, Outcome, Removal
from halosync.domain.plan import PlannedItem

Id = TypeVar("Id")


class BatchKind(StrEnum):
    """How a batch is sent: `write` in arrays, `delete` in one request for each licence."""

    WRITE = "write"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Batch:
    """Positions, in the plan's items, of the actions that travel together."""

    kind: BatchKind
    indexes: tuple[int, ...]


def batches(
    items: Sequence[PlannedItem], size: int, removal: Removal, *, delete_size: int | None = None
) -> list[Batch]:
    """Return the batches of all pending items in the plan's order; deletes come last.

    Each has at most `size` actions, a batch of deletes `delete_size` (None: as many). Removals that only deactivate or
    set to zero are updates for Halo, so they travel with the writes.

    Raises:
        ValueError: a size is below 1.
    """
    sizes = {BatchKind.WRITE: size, BatchKind.DELETE: size if delete_size is None else delete_size}
    if min(sizes.values()) < 1:
        raise ValueError(f"A batch holds at least one action, not {min(sizes.values())}.")
    writes: list[int] = []
    deletes: list[int] = []
    for index, item in enumerate(items):
        if item.outcome is Outcome.PENDING:
            is_delete = item.action is Action.DELETE and removal is Removal.DELETE
            (deletes if is_delete else writes).append(index)
    return [
        Batch(kind, tuple(indexes[start : start + sizes[kind]]))
        for kind, indexes in ((BatchKind.WRITE, writes), (BatchKind.DELETE, deletes))
        for start in range(0, len(indexes), sizes[kind])
    ]


def split(ids: Sequence[Id], named: Collection[Id]) -> list[list[Id]]:
    """Return the parts in which a refused array is sent again, so that the row that Halo refuses ends up alone.

    `named` are the rows that Halo's answer pointed at. They go into one part and the rest into another when that
    separates anything; else the array is halved. A part of one row cannot be split and comes back as it is; two or
    more rows always come back as two parts, so repeated splitting ends with every row alone.
    """
    if len(ids) <= 1:
        return [list(ids)] if ids else []
    refused = [each for each in ids if each in named]
    if refused and len(refused) < len(ids):
        return [refused, [each for each in ids if each not in named]]
    middle = len(ids) // 2
    return [list(ids[:middle]), list(ids[middle:])]
