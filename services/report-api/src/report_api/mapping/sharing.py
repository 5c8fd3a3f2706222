"""Which customers a client of Halo serves: several share one by link or by name, and are then taken together."""

from collections.abc import Iterable
from dataclasses import dataclass

from report_api.models.mapping import Customer

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
        names = list(
            dict.fromkeys(each.customer_name or each.customer_id for each in served if each.customer_id != customer_id)
        )
        return Others(tuple(names[:SHOWN]), max(0, len(names) - SHOWN))
