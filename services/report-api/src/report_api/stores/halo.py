"""What is known of partners' Halos, and what they stored of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, Unpack
from uuid import UUID

from halosync.domain.acts import Actor
from halosync.domain.model import Client
from halosync.ports.connections import (
    ConnectionView,
    OpenAttempt,
)
from halosync.ports.halo_licences import HaloLicence, LicenceNameCount
from halosync.ports.histories import Step
from halosync.ports.links import (
    Changed,
    HowToChange,
    Link,
    LinkChange,
    LinkPicture,
    Target,
)


class Connections(Protocol):
    """Connections to Halo as partners see them; see `ConnectionStore`."""

    async def view(self, partner_id: str) -> ConnectionView:
        """Return what the partner sees; a partner that never connected is disconnected."""
        ...

    async def open_attempt(self, state_hash: bytes) -> OpenAttempt | None:
        """Return an attempt that can still be completed; None if it is unknown, expired or used."""
        ...


class Links(Protocol[Link, Target]):
    """The links of one kind, of all partners; see `LinkStore`."""

    async def picture(self, partner_id: str) -> LinkPicture[Link, Target]:
        """Return what the newest invoices bill, with the links and what is in Halo, at one moment."""
        ...

    async def replace(self, partner_id: str, key: str, link: Link, *, by: Actor, name: str | None = None) -> bool:
        """Store a link whatever it was before; False: it was so already. `name` is for the audit log.

        Raises:
            NotInHaloError: the link leads to a new client, which the last read of Halo does not have.
        """
        ...

    async def change(
        self, partner_id: str, changes: Sequence[LinkChange[Link]], **how: Unpack[HowToChange]
    ) -> Changed[Link]:
        """Make many changes in one transaction.

        Each row may be named once. A licence name that is new to Halo is used by the next create.
        """
        ...


class HaloLicences(Protocol):
    """What the last read of a partner's Halo showed of licences, and which are kept; see `store.kept`."""

    async def page(
        self, partner_id: str, *, q: str | None, kept: bool, after: int | None, most: int
    ) -> Sequence[HaloLicence]:
        """Return licences by id, all or the kept ones; `after` is an id."""
        ...

    async def find(self, partner_id: str, halo_licence_id: int) -> HaloLicence | None:
        """Return a licence, one that halosync removed too; None if neither the last read nor a run knows it."""
        ...

    async def of_ids(self, partner_id: str, ids: Iterable[int]) -> Mapping[int, HaloLicence]:
        """Return licences by their ids; one that nothing knows is left out."""
        ...

    async def keep(self, partner_id: str, halo_licence_id: int, *, keep: bool, by: Actor) -> HaloLicence | None:
        """Keep a licence from now on, or no longer, and return it; None if the last read has no such licence."""
        ...


class Histories(Protocol):
    """Why a licence or a line is as it is; see `store.histories`."""

    async def of_licence(self, partner_id: str, halo_licence_id: int) -> Sequence[Step]:
        """Return what runs did to a licence, oldest first; empty if none ever touched it."""
        ...

    async def of_line(self, partner_id: str, invoice_id: str, line_id: str) -> Sequence[Step] | None:
        """Return what became of a line in every run, oldest first; None if the invoice has no such line."""
        ...


class Snapshots(Protocol):
    """What the last read of a partner's Halo showed; see `SnapshotStore`."""

    async def read_at(self, partner_id: str) -> datetime | None:
        """Return when the connected Halo was last read; None if it was not."""
        ...

    async def clients(
        self, partner_id: str, *, q: str | None, after: tuple[str, int] | None, most: int
    ) -> Sequence[Client]:
        """Return clients by name; `after` is a name and an id."""
        ...

    async def licence_names(
        self, partner_id: str, *, q: str | None, after: str | None, most: int
    ) -> Sequence[LicenceNameCount]:
        """Return licence names by name, those behind the name `after`."""
        ...

    async def request_read(self, partner_id: str) -> UUID:
        """Ask for Halo to be read again, and return the id of the read: of the one under way, if there is one.

        Raises:
            NotConnectedError: the partner's Halo is not connected.
        """
        ...
