"""What tests of plans look for in them."""

from halosync.domain.model import Action
from halosync.domain.names import name_key
from halosync.domain.plan import Plan, PlanInput, PlannedItem

REAL = [Action.CREATE, Action.UPDATE, Action.DELETE]


def acting(plan: Plan) -> list[PlannedItem]:
    return [item for item in plan.items if item.action in REAL]


def customers_of_client(inputs: PlanInput, client_id: int) -> set[str]:
    """The customers of a client by the words of spec section 3, told without the code under test."""
    found = set()
    names: dict[str, set[str]] = {}
    for each in inputs.lines:
        names.setdefault(each.customer_id, set()).add(name_key(each.customer_name))
    for customer_id, keys in names.items():
        link = inputs.customer_links.get(customer_id)
        if link is not None and link.excluded:
            continue
        if link is not None and link.halo_client_id is not None:
            matching = {link.halo_client_id} & {client.id for client in inputs.clients}
        else:
            # An inactive client has customers by links only (spec section 9).
            active = (client for client in inputs.clients if not client.inactive)
            matching = {client.id for client in active if name_key(client.name) in keys}
        if matching == {client_id}:
            found.add(customer_id)
    return found
