"""Which Halo client each customer of an invoice has (spec section 3, "Customers")."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from halosync.domain import item_sentences
from halosync.domain.model import Client, CustomerLink, Line, Reason
from halosync.domain.names import name_key

_NO_LINK = CustomerLink()


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Why a customer has no client, and what to do about it."""

    reason: Reason
    detail: str


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


def match_customers(lines: Iterable[Line], clients: Iterable[Client], links: Mapping[str, CustomerLink]) -> Matches:
    """Match the customers of `lines` to `clients`: a stored link wins, else equality of names, never a guess.

    A customer whose lines spell its name differently has the clients of all its names as candidates. Inactive
    clients count like active ones. The result does not depend on any order.
    """
    names = _names_by_customer(lines)
    by_key: dict[str, tuple[int, ...]] = {name_key(name): () for spellings in names.values() for name in spellings}
    present = set()
    for client in clients:
        present.add(client.id)
        key = name_key(client.name)
        if key in by_key:
            by_key[key] = (*by_key[key], client.id)

    matches = Matches(
        names={customer_id: spellings[0] for customer_id, spellings in names.items()},
        client_of={},
        unmatched={},
        protected=frozenset(_excluded_clients(names, links, by_key)),
    )
    for customer_id, spellings in names.items():
        found = _match(spellings, links.get(customer_id, _NO_LINK), by_key, present)
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


def _candidates(spellings: Iterable[str], by_key: Mapping[str, tuple[int, ...]]) -> list[int]:
    return sorted({client_id for name in spellings for client_id in by_key[name_key(name)]})


def _match(
    spellings: tuple[str, ...], link: CustomerLink, by_key: Mapping[str, tuple[int, ...]], present: set[int]
) -> int | Unmatched:
    if link.excluded:
        return Unmatched(Reason.CUSTOMER_EXCLUDED, item_sentences.CUSTOMER_EXCLUDED)
    if link.halo_client_id is not None:
        if link.halo_client_id in present:
            return link.halo_client_id
        return Unmatched(Reason.CUSTOMER_NOT_FOUND, item_sentences.linked_client_gone(link.halo_client_id))
    candidates = _candidates(spellings, by_key)
    if not candidates:
        return Unmatched(Reason.CUSTOMER_NOT_FOUND, item_sentences.customer_not_found(spellings))
    if len(candidates) > 1:
        return Unmatched(Reason.CUSTOMER_AMBIGUOUS, item_sentences.customer_ambiguous(spellings, candidates))
    return candidates[0]


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
