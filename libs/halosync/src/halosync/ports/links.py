"""Links of customers to Halo clients and of products to licence names: what is stored, asked for and refused."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Generic, Self, TypeAlias, TypedDict, TypeVar

from halosync.domain.acts import Actor
from halosync.domain.model import Client
from halosync.domain.plan import CustomerLink

ProductLink: TypeAlias = "str | None"
"""The licence name that a product is linked to; None: no link."""

Link = TypeVar("Link", bound=Hashable)
"""What is stored of a row: `CustomerLink` or `ProductLink`."""
Target = TypeVar("Target")
"""What a link can lead to, as the last read of Halo showed it: a client, or a licence name."""


@dataclass(frozen=True, slots=True)
class LinkChange(Generic[Link]):
    """What a link was when the change was decided, and what it is to be.

    `key` is the customer's id or the product's code. `fingerprint` is that of the new client as the person was shown it
    (`client_fingerprint`); None: nobody was shown one.
    """

    key: str
    before: Link
    after: Link
    fingerprint: str | None = None


class HowToChange(TypedDict):
    """Who changes links, and how.

    Attributes:
        names: the rows' names, for the audit log.
        together: make all changes or none; else each that still holds.
    """

    by: Actor
    names: Mapping[str, str]
    together: bool


class WhyRefused(StrEnum):
    """Why a change was not made."""

    CHANGED_MEANWHILE = "changed_meanwhile"
    NOT_IN_HALO = "not_in_halo"
    ANOTHER_CLIENT = "another_client"


@dataclass(frozen=True, slots=True)
class RefusedChange(Generic[Link]):
    """A change that was not made.

    `client_name` is what the client that was asked for is called now, if it is another one; if the link was changed,
    what its client is called. `link` is what is stored now, if that was changed.
    """

    change: LinkChange[Link]
    why: WhyRefused
    client_name: str | None = None
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Changed(Generic[Link]):
    """What became of changes. `made` is empty when they were to be made together and one was refused."""

    made: Sequence[LinkChange[Link]]
    refused: Sequence[RefusedChange[Link]]


@dataclass(frozen=True, slots=True)
class Billed:
    """What the invoices of the newest month bill to a customer, or of a product.

    Attributes:
        lines: how many there are; of a product those that recur.
        amount: what the lines cost that recur, each rounded to cents, all billing cycles together.
        is_wanted: a product: some customer has a quantity of it, in lines that a Sync can follow.
        is_faulty: a product: some customer has lines of it that contradict each other, or are negative.
    """

    lines: int = 0
    amount: Decimal = Decimal(0)
    is_wanted: bool = True
    is_faulty: bool = False


@dataclass(frozen=True)
class LinkPicture(Generic[Link, Target]):
    """Everything that decides where the customers, or the products, of a partner lead to.

    Attributes:
        names: key and name of what is billed; a customer comes once with each spelling of its name.
        links: what is stored, by key.
        targets: the clients, or the licence names, that the last read of Halo showed.
        read_at: when that was; None: Halo was not read yet.
        tenant: the Halo that was read.
        billed: how much is billed, by key.
        currency: that of the newest invoice; empty without one.
    """

    names: Sequence[tuple[str, str]]
    links: Mapping[str, Link]
    targets: Sequence[Target]
    read_at: datetime | None
    tenant: str | None = None
    billed: Mapping[str, Billed] = field(default_factory=dict)
    currency: str = ""

    @property
    def keys(self) -> set[str]:
        """Return every customer, or product, that there is: it is billed or has a link."""
        return {*self.links, *(key for key, _ in self.names)}

    def changed(self, changes: Iterable[LinkChange[Link]], no_link: Link) -> Self:
        """Return the picture as it is when the changes are made."""
        links = {**self.links, **{each.key: each.after for each in changes}}
        return replace(self, links={key: link for key, link in links.items() if link != no_link})


CustomerPicture: TypeAlias = LinkPicture[CustomerLink, Client]
ProductPicture: TypeAlias = LinkPicture[ProductLink, str]


class NotInHaloError(LookupError):
    """The last read of Halo did not show the client, or there was no read yet (`read_at` None)."""

    def __init__(self, key: str, read_at: datetime | None) -> None:
        super().__init__(key)
        self.read_at = read_at
