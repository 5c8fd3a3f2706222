"""Reading Halo: a page of a list, who gives it, and how far a whole read is."""

from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar
from uuid import UUID

from halosync.domain.model import Client, SeenLicence

T = TypeVar("T")

ListName = Literal["clients", "licences", "complete"]


@dataclass(frozen=True, slots=True)
class HaloPage(Generic[T]):
    """One page of a list and how many rows Halo says the whole list has."""

    record_count: int
    rows: list[T]


class HaloLists(Protocol):
    """Halo's lists; every call is one request, for which the caller has a permit. See `HaloReader`."""

    @property
    def total_timeout_s(self) -> float:
        """The longest that a request takes, in seconds."""
        ...

    async def clients(self, tenant: str, token: str, page_no: int) -> HaloPage[Client]:
        """Return a page of all clients, inactive ones too; the first one is 1.

        Raises:
            HaloFailure: no answer, no success, or not the expected list.
        """
        ...

    async def licences(
        self, tenant: str, token: str, page_no: int, *, client_id: int | None = None
    ) -> HaloPage[SeenLicence]:
        """Return a page of all licences, inactive ones too, of one client or of all.

        Raises:
            HaloFailure: no answer, no success, or not the expected list.
        """
        ...


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
