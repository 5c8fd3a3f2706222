"""The invoices and Halos of which plans are measured, and the dict join beside them."""

from dataclasses import replace
from decimal import Decimal

from halosync.domain.model import Action, Client, Licence, LicenceState, Line, LineKind, Outcome, WrittenLicence
from halosync.domain.plan import PlanInput, PlannedItem, PlanSettings

PRICE = Decimal("31.50")
Bare = tuple[Action, int, int]
"""An action, the number of a line and the id of a licence."""


def inputs_of(lines: int, customers: int, changed: int) -> PlanInput:
    """Return an invoice and a Halo that has a licence for each of its lines, of which `changed` percent differ."""
    clients = [Client(number + 1, f"Customer {number}", inactive=False) for number in range(customers)]
    billed, licences = [], []
    for number in range(lines):
        customer, quantity = number % customers, Decimal(number % 40 + 1)
        code = f"PRODUCT-{number // customers}"
        name = f"Customer {customer}"
        billed.append(Line(number + 1, f"C-{customer}", name, code, LineKind.RECURRING, quantity, PRICE, "Monthly"))
        kept = quantity + 1 if number % 100 < changed else quantity
        licences.append(Licence(number + 1, customer + 1, code, kept, PRICE, None, "Monthly", is_active=True))
    return PlanInput(billed, clients, licences, settings=PlanSettings(delete_guard=None))


def written_by_us(inputs: PlanInput) -> PlanInput:
    """Return the inputs of a later month: halosync has written each licence."""
    written = {licence.id: WrittenLicence(licence.name) for licence in inputs.licences}
    return replace(inputs, owned=frozenset(written), written=written)


def dict_join(inputs: PlanInput, *, items: bool) -> list[PlannedItem | Bare]:
    """Return what is to be done by the simplest program that can tell: exact names, and no rule besides.

    `items`: as what a plan has to store for each, with the states before and after; else as bare tuples.
    """
    client_of = {client.name: client.id for client in inputs.clients}
    found = {(licence.client_id, licence.name): licence for licence in inputs.licences}
    done: list[PlannedItem | Bare] = []
    for line in inputs.lines:
        client_id = client_of[line.customer_name]
        licence = found.pop((client_id, line.product_code))
        kept = (licence.quantity, licence.price, licence.billing_cycle)
        wanted = (line.quantity, line.unit_price, line.billing_cycle)
        action = Action.UNCHANGED if kept == wanted else Action.UPDATE
        if items:
            state, after = LicenceState(*kept, licence.is_active), LicenceState(*wanted, active=True)
            of = ((line.customer_id,), line.customer_name, client_id, line.product_code, licence.name, licence.id)
            numbers = (line.line_no,)
            done.append(PlannedItem(*of, action, Outcome.PENDING, before=state, after=after, line_nos=numbers))
        else:
            done.append((action, line.line_no, licence.id))
    return done
