"""Who shares: customers of one client are taken together, products of one client must not lead to one licence name."""

from collections.abc import Iterable
from dataclasses import dataclass

from halosync.domain.names import name_key

from report_api.links.models import Customer, Product

SHOWN = 3
"""How many customers a hint names before it says how many more there are."""


@dataclass(frozen=True, slots=True)
class Others:
    """The other customers of a client: some by name, and how many more."""

    names: tuple[str, ...] = ()
    more: int = 0

    def __bool__(self) -> bool:
        return bool(self.names)

    @property
    def listed(self) -> str:
        """Return the customers as part of a sentence."""
        if self.more:
            return f"{', '.join(self.names)} and {self.more} more"
        return " and ".join((", ".join(self.names[:-1]), self.names[-1])) if len(self.names) > 1 else self.names[0]


class Serving:
    """The customers of every client, as a run would match them now; excluded customers are not served."""

    def __init__(self, customers: Iterable[Customer]) -> None:
        self._customers: dict[int, list[Customer]] = {}
        for customer in customers:
            if customer.halo_client_id is not None and customer.problem is None and not customer.excluded:
                self._customers.setdefault(customer.halo_client_id, []).append(customer)

    def others(self, halo_client_id: int | None, customer_id: str | None = None) -> Others:
        """Return who the client serves, but for `customer_id`."""
        served = () if halo_client_id is None else self._customers.get(halo_client_id, ())
        # They come by name already; customers of the same name are not named twice.
        return _others(each.customer_name or each.customer_id for each in served if each.customer_id != customer_id)


class Claims:
    """The products that lead to each licence name, by link or code (decision 7, `licence_claimed_twice`)."""

    def __init__(self, products: Iterable[Product]) -> None:
        self._products: dict[str, list[str]] = {}
        for product in products:
            target = name_key(product.licence_name or product.product_code)
            self._products.setdefault(target, []).append(product.product_code)

    def others(self, licence_name: str | None, product_code: str | None = None) -> Others:
        """Return the products that lead to the name, but for `product_code`."""
        codes = () if licence_name is None else self._products.get(name_key(licence_name), ())
        return _others(code for code in codes if code != product_code)


def _others(names: Iterable[str]) -> Others:
    distinct = list(dict.fromkeys(names))
    return Others(tuple(distinct[:SHOWN]), max(0, len(distinct) - SHOWN))
