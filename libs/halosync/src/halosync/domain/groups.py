"""Lines taken together: those of one client, or of one customer without a client (spec section 3, "Items")."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from halosync.domain.matching import Matches, Unmatched
from halosync.domain.model import Line
from halosync.domain.natural_order import natural_key
from halosync.domain.products import Product


@dataclass(frozen=True, slots=True)
class Group:
    """A matched client with all its customers, or a customer without a client.

    `client` is the client's id, or why there is none. `names` are the names of `customer_ids`, in that order;
    `customer_name` has all of them in one string.
    """

    client: int | Unmatched
    customer_ids: tuple[str, ...]
    names: tuple[str, ...]
    customer_name: str
    lines: list[Line] = field(default_factory=list)

    def customers_of(self, product: Product | None) -> tuple[tuple[str, ...], str]:
        """Return ids and joined names of the customers that the product is billed to; of all without a product."""
        if product is None or len(self.customer_ids) == 1:
            return self.customer_ids, self.customer_name
        billed = {line.customer_id for line in product.lines}
        if len(billed) == len(self.customer_ids):
            return self.customer_ids, self.customer_name
        customer_ids = tuple([each for each in self.customer_ids if each in billed])
        names = [name for each, name in zip(self.customer_ids, self.names, strict=True) if each in billed]
        return customer_ids, joined(names)


def joined(names: Sequence[str]) -> str:
    """Return names in one string; customers of the same name are not named twice."""
    return ", ".join(dict.fromkeys(names))


def groups_of(lines: Iterable[Line], matches: Matches) -> list[Group]:
    """Return the groups of an invoice, ordered by their customers' names as people do, then by customer ids."""
    customers_of: dict[int, list[str]] = {}
    for customer_id, client_id in matches.client_of.items():
        customers_of.setdefault(client_id, []).append(customer_id)
    groups = []
    of_customer: dict[str, Group] = {}
    for client_id, customer_ids in customers_of.items():
        ordered = tuple(sorted(customer_ids))
        names = tuple([matches.names[each] for each in ordered])
        group = Group(client_id, ordered, names, joined(names))
        groups.append(group)
        for customer_id in ordered:
            of_customer[customer_id] = group
    for customer_id, unmatched in matches.unmatched.items():
        name = matches.names[customer_id]
        group = Group(unmatched, (customer_id,), (name,), name)
        groups.append(group)
        of_customer[customer_id] = group
    for line in lines:
        of_customer[line.customer_id].lines.append(line)
    groups.sort(key=lambda group: (natural_key(group.customer_name), group.customer_ids))
    return groups
