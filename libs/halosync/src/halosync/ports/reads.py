"""A read of Halo under way: a page of a list, and how far a whole read is."""

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar
from uuid import UUID

T = TypeVar("T")

ListName = Literal["clients", "licences", "complete"]


@dataclass(frozen=True, slots=True)
class HaloPage(Generic[T]):
    """One page of a list and how many rows Halo says the whole list has."""

    record_count: int
    rows: list[T]


@dataclass(frozen=True, slots=True)
class ReadProgress:
    """How far a read is: the list and page to ask for next, and what was learnt of that list so far."""

    read_id: UUID
    partner_id: str
    tenant: str
    list: ListName
    next_page: int
    record_count: int | None
    rows: int
    restarts: int


class ReadTakenOverError(RuntimeError):
    """Another process reads on; what this one has is of no use."""
