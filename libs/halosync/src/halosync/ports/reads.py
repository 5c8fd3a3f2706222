"""Reading Halo: a page of a list, who gives it, and how far a whole read is."""

from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeAlias, TypeVar
from uuid import UUID

from halosync.domain.completeness import Pages
from halosync.domain.model import Client, SeenLicence
from halosync.domain.page_size import PageSize

T = TypeVar("T")

HaloList = Literal["clients", "licences"]
ListName = Literal["clients", "licences", "complete"]


@dataclass(frozen=True, slots=True)
class HaloPage(Generic[T]):
    """One page of a list and how many rows Halo says the whole list has."""

    record_count: int
    rows: list[T]


EitherPage: TypeAlias = HaloPage[Client] | HaloPage[SeenLicence]
"""A page of one of Halo's two lists, where only how many rows there are matters."""


class HaloLists(Protocol):
    """Halo's lists; every call is one request, for which the caller has a permit. See `HaloReader`."""

    @property
    def total_timeout_s(self) -> float:
        """The longest that a request takes, in seconds."""
        ...

    async def clients(self, tenant: str, token: str, page_no: int, *, page_size: int | None = None) -> HaloPage[Client]:
        """Return a page of all clients, inactive ones too; the first one is 1. Halo may give fewer than `page_size`.

        Raises:
            HaloFailure: no answer, no success, or not the expected list.
        """
        ...

    async def licences(
        self, tenant: str, token: str, page_no: int, *, client_id: int | None = None, page_size: int | None = None
    ) -> HaloPage[SeenLicence]:
        """Return a page of all licences, inactive ones too, of one client or of all; as `clients`.

        Raises:
            HaloFailure: no answer, no success, or not the expected list.
        """
        ...


@dataclass(frozen=True, slots=True)
class ReadProgress:
    """How far a read is.

    Attributes:
        list: the list that is being read.
        client_id: the client whose licences are asked for, where the list of all is of no use; None for all.
        said: how many licences there are by the list of all, when they are read client by client; else None.
        pages: how far that list is; None before its first page.
        step: how many pages were kept; it only grows.
        restarts: how often the read has begun again.
    """

    read_id: UUID
    partner_id: str
    tenant: str
    list: ListName
    client_id: int | None
    said: int | None
    pages: Pages | None
    step: int
    restarts: int


class PageSizes(Protocol):
    """What was learnt of the size of pages, for each tenant and list; see `PageSizeStore`."""

    async def learnt(self, tenant: str, what: HaloList) -> PageSize | None:
        """Return what was learnt; None if nothing was, or too long ago."""
        ...

    async def learn(self, tenant: str, what: HaloList, size: PageSize) -> None:
        """Remember it."""


class ReadTakenOverError(RuntimeError):
    """Another process reads on; what this one has is of no use."""
