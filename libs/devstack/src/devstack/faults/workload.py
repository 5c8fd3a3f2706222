"""What every case has to do: an invoice that asks for creates, updates, deletes and some licences that stay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape

from devstack.fields import Fields

CLIENTS: Mapping[int, str] = {1: "Contoso", 2: "Fabrikam", 3: "Adventure Works"}
CREATES, UPDATES, DELETES, STAYS = 110, 27, 4, 6
"""Of each client: all in all 441 items, 411 of them in nine arrays, 12 deletes."""

RENAMED = 10
"""So many creates of each client have names that some Halos change."""

CYCLE = "Monthly"
Key = tuple[int, str]
"""Client and name of a licence."""

State = tuple[float, float, str]
"""Quantity, price and billing cycle."""


@dataclass(frozen=True)
class Workload:
    """What Halo holds before, what the invoice asks for, and what Halo is to hold at the end."""

    licences: Sequence[Fields]
    lines: Sequence[Fields]
    before: Mapping[Key, State]
    wanted: Mapping[Key, State]
    more_clients: Sequence[Mapping[str, object]] = ()

    @property
    def clients(self) -> list[Fields]:
        """The clients as the sandbox is told of them."""
        return [{"id": number, "name": name} for number, name in CLIENTS.items()] + [dict(x) for x in self.more_clients]


def make_workload(creates: int = CREATES) -> Workload:
    """Return the work, with so many creates a client; every name is of one client only: a fault can name a row."""
    before: dict[Key, State] = {}
    wanted: dict[Key, State] = {}
    for client in CLIENTS:
        for number in range(STAYS):
            before[client, f"STAYS-{client}-{number}"] = wanted[client, f"STAYS-{client}-{number}"] = (3, 2.5, CYCLE)
        for number in range(UPDATES):
            before[client, f"GROWS-{client}-{number}"] = (1, 9.0, CYCLE)
            wanted[client, f"GROWS-{client}-{number}"] = (number + 2, 10.5, CYCLE)
        for number in range(DELETES):
            before[client, f"GOES-{client}-{number}"] = (1, 1.0, CYCLE)
        for number in range(creates - RENAMED):
            wanted[client, f"NEW-{client}-{number}"] = (number + 1, 7.25, CYCLE)
        for number in range(RENAMED):
            wanted[client, f"R&D-{client}-{number} for everybody"] = (number + 1, 7.25, CYCLE)
    return Workload(
        licences=[
            {"client_id": client, "name": name, "count": count, "price": price, "billing_cycle": cycle}
            for (client, name), (count, price, cycle) in before.items()
        ],
        lines=[_line(number, key, state) for number, (key, state) in enumerate(wanted.items(), 1)],
        before=before,
        wanted=wanted,
    )


def plain(name: str) -> str:
    """Return what a licence is to be called, of a name that a Halo has escaped or cut."""
    told = unescape(name)
    return f"{told.split()[0]} for everybody" if told.startswith("R&D-") else told


def _line(number: int, key: Key, state: State) -> dict[str, object]:
    client, name = key
    count, price, cycle = state
    return {
        "line_id": str(number),
        "customer_id": f"C-{client}",
        "customer_name": CLIENTS[client],
        "product_code": name,
        "kind": "recurring",
        "quantity": str(count),
        "unit_price": str(price),
        "billing_cycle": cycle,
    }
