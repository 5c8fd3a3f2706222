"""What tests of plans look for in them."""

from halosync.domain.model import Action, Outcome
from halosync.domain.names import name_key
from halosync.domain.plan import Plan, PlanInput, PlannedItem

CREATE = PlannedItem(
    customer_ids=("C-1",),
    customer_name="Contoso",
    halo_client_id=7,
    product_code="MS-365",
    licence_name="MS-365",
    halo_licence_id=None,
    action=Action.CREATE,
    outcome=Outcome.PENDING,
)
"""A create, as the plan of `plan_example` has it, without its licence and lines."""

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
