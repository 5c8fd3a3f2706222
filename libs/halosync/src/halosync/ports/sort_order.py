"""The order of a list by one of its columns."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

Column = TypeVar("Column", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class SortOrder(Generic[Column]):
    """Another order of a list than its usual one.

    Attributes:
        sort: the column.
        descending: whether the last comes first.
    """

    sort: Column
    descending: bool = False
