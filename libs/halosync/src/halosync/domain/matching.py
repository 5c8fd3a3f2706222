"""Which Halo client each customer of an invoice has (spec section 3, "Customers")."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from halosync.domain import item_sentences
from halosync.domain.look_alikes import differences, look_key
from halosync.domain.model import Client, Line, Reason
from halosync.domain.names import name_key
from halosync.domain.plan import CustomerLink

_NO_LINK = CustomerLink()


class WhyNoClient(Enum):
    """Why a customer has no client."""

    EXCLUDED = auto()
    LINKED_CLIENT_GONE = auto()
    SEVERAL_CLIENTS = auto()
    ONLY_INACTIVE = auto()
    NO_SUCH_NAME = auto()


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Why a customer has no client.

    Attributes:
        why: the cause.
        names: what the invoice calls the customer.
        client_ids: the clients that it is about: the linked one, those of the name.
        alike: the clients whose names only look like the customer's: id, name and what differs.
    """

    why: WhyNoClient
    names: tuple[str, ...] = ()
    client_ids: tuple[int, ...] = ()
    alike: tuple[tuple[int, str, Sequence[str]], ...] = ()

    @property
    def reason(self) -> Reason:
        """The reason of the customer's items."""
        match self.why:
            case WhyNoClient.EXCLUDED:
                return Reason.CUSTOMER_EXCLUDED
            case WhyNoClient.SEVERAL_CLIENTS:
                return Reason.CUSTOMER_AMBIGUOUS
            case _:
                return Reason.CUSTOMER_NOT_FOUND

    def sentence(self, *, linking: bool = False) -> str:
        """Say why, and what to do; `linking`: on a page that links customers, which does not say what it offers."""
        match self.why:
            case WhyNoClient.EXCLUDED:
                return item_sentences.CUSTOMER_EXCLUDED
            case WhyNoClient.LINKED_CLIENT_GONE:
                return item_sentences.linked_client_gone(self.client_ids[0], linking=linking)
            case WhyNoClient.SEVERAL_CLIENTS:
                return item_sentences.customer_ambiguous(self.names, self.client_ids, linking=linking)
            case WhyNoClient.ONLY_INACTIVE:
                return item_sentences.client_inactive(self.names, self.client_ids, linking=linking)
            case WhyNoClient.NO_SUCH_NAME:
                return item_sentences.customer_not_found(self.names, self.alike, linking=linking)
            case _:
                assert_never(self.why)


@dataclass(frozen=True, slots=True)
class Matches:
    """Every customer of the invoice, matched or not.

    `names` are the customers' names for people. `client_of` has the matched customers, `unmatched` the others.
    `protected` are the clients of excluded customers: never cleaned up, also when another customer shares them.
    """

    names: dict[str, str]
    client_of: dict[str, int]
    unmatched: dict[str, Unmatched]
    protected: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Clients:
    """Halo's clients: ids by name, those that only look like a customer's name, all ids, and the inactive ones.

    `by_look` is empty where each name has a client: nobody asks for it then.
    """

    by_key: Mapping[str, tuple[int, ...]]
    by_look: Mapping[str, Sequence[Client]]
    present: Container[int]
    inactive: Container[int]


def match_customers(lines: Iterable[Line], clients: Iterable[Client], links: Mapping[str, CustomerLink]) -> Matches:
    """Match the customers of `lines` to `clients`: a stored link wins, else equality of names, never a guess.

    A customer whose lines spell its name differently has the clients of all its names as candidates. Of several the
    only active one is taken; an inactive one only by a link (spec section 9). The result does not depend on any order.
    """
    names = _names_by_customer(lines)
    by_key: dict[str, tuple[int, ...]] = {name_key(name): () for spellings in names.values() for name in spellings}
    present = set()
    inactive = set()
    others = []
    for client in clients:
        present.add(client.id)
        if client.inactive:
            inactive.add(client.id)
        key = name_key(client.name)
        if key in by_key:
            by_key[key] = (*by_key[key], client.id)
        else:
            others.append(client)
    by_look = {} if all(by_key.values()) else _by_look(names.values(), others)
    halo = _Clients(by_key, by_look, present, inactive)

    matches = Matches(
        names={customer_id: spellings[0] for customer_id, spellings in names.items()},
        client_of={},
        unmatched={},
        protected=frozenset(_excluded_clients(names, links, by_key)),
    )
    for customer_id, spellings in names.items():
        found = _match(spellings, links.get(customer_id, _NO_LINK), halo)
        if isinstance(found, Unmatched):
            matches.unmatched[customer_id] = found
        else:
            matches.client_of[customer_id] = found
    return matches


def _names_by_customer(lines: Iterable[Line]) -> dict[str, tuple[str, ...]]:
    names: dict[str, tuple[str, ...]] = {}
    for line in lines:
        spellings = names.get(line.customer_id)
        if spellings is None:
            names[line.customer_id] = (line.customer_name,)
        elif line.customer_name not in spellings:
            names[line.customer_id] = tuple(sorted((*spellings, line.customer_name)))
    return names


def _by_look(names: Iterable[Iterable[str]], clients: Iterable[Client]) -> dict[str, list[Client]]:
    """Return the clients, of those with no customer's name, that look like one: by how the name looks."""
    by_look: dict[str, list[Client]] = {look_key(name): [] for spellings in names for name in spellings}
    for client in clients:
        look = look_key(client.name)
        if look in by_look:
            by_look[look].append(client)
    return by_look


def _candidates(spellings: Iterable[str], by_key: Mapping[str, tuple[int, ...]]) -> list[int]:
    return sorted({client_id for name in spellings for client_id in by_key[name_key(name)]})


def _match(spellings: tuple[str, ...], link: CustomerLink, halo: _Clients) -> int | Unmatched:
    if link.excluded:
        return Unmatched(WhyNoClient.EXCLUDED)
    if link.halo_client_id is not None:
        if link.halo_client_id in halo.present:
            return link.halo_client_id
        return Unmatched(WhyNoClient.LINKED_CLIENT_GONE, client_ids=(link.halo_client_id,))
    return _match_by_name(spellings, halo)


def _match_by_name(spellings: tuple[str, ...], halo: _Clients) -> int | Unmatched:
    candidates = _candidates(spellings, halo.by_key)
    active = [client_id for client_id in candidates if client_id not in halo.inactive]
    if len(active) == 1:
        return active[0]
    if active:
        return Unmatched(WhyNoClient.SEVERAL_CLIENTS, spellings, tuple(active))
    if candidates:
        return Unmatched(WhyNoClient.ONLY_INACTIVE, spellings, tuple(candidates))
    return Unmatched(WhyNoClient.NO_SUCH_NAME, spellings, alike=_look_alikes(spellings, halo.by_look))


def _look_alikes(
    spellings: tuple[str, ...], by_look: Mapping[str, Sequence[Client]]
) -> tuple[tuple[int, str, Sequence[str]], ...]:
    """Return the clients whose names look like one of the customer's, by id: id, name and what differs."""
    alike = {
        client.id: (client.id, client.name, differences(name, client.name))
        for name in reversed(spellings)
        for client in by_look[look_key(name)]
    }
    return tuple([alike[client_id] for client_id in sorted(alike)])


def _excluded_clients(
    names: Mapping[str, tuple[str, ...]], links: Mapping[str, CustomerLink], by_key: Mapping[str, tuple[int, ...]]
) -> Iterable[int]:
    for customer_id, link in links.items():
        if not link.excluded:
            continue
        if link.halo_client_id is not None:
            yield link.halo_client_id
        elif customer_id in names:
            yield from _candidates(names[customer_id], by_key)
