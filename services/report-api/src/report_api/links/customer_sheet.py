"""The customers' links as a CSV file, out and in."""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from halosync.domain.model import CustomerLink
from halosync.store.link_changes import CustomerChange
from halosync.store.links import CustomerPicture

from report_api.links.client_ids import read_client_id
from report_api.links.customers import customers
from report_api.links.models import Customer
from report_api.links.sheets import Collector, SheetRow, each_once, read_sheet

COLUMNS = ("customer_id", "customer_name", "halo_client_id", "halo_client_name", "excluded", "matched_by")
_REQUIRED = ("customer_id", "halo_client_id")
_OPTIONAL = ("excluded",)
_NO_LINK = CustomerLink()
_YES, _NO = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})


def sheet_rows(every: Iterable[Customer]) -> Sequence[Mapping[str, Any]]:
    """Return the rows of the file: what each customer has now, by link or by name."""
    return [{**{name: getattr(customer, name) for name in COLUMNS}, "matched_by": _how(customer)} for customer in every]


def read_changes(content: bytes, picture: CustomerPicture) -> Sequence[CustomerChange]:
    """Return what a file asks to be different.

    A row that names the client which the customer has already, by link or by name, changes nothing: so a file that
    was just saved from the page changes nothing. No client means no link: the customer is matched by name again.
    Customers that the file does not name stay as they are, and so does an exclusion where the file says nothing of it.

    Raises:
        SheetErrors: something in it does not fit; each error names its line.
    """
    rows = read_sheet(content, required=_REQUIRED, optional=_OPTIONAL)
    known = {customer.customer_id: customer for customer in customers(picture)}
    present = {client.id for client in picture.clients}
    errors = Collector()
    changes = []
    for row in each_once(rows, "customer_id", lambda text: _as_known(text, known), errors):
        customer = known.get(_as_known(row.cells["customer_id"], known))
        if customer is None:
            errors.add(row, "customer_id", _unknown(row.cells["customer_id"]))
            continue
        before = picture.links.get(customer.customer_id, _NO_LINK)
        after = CustomerLink(_client_id(row, customer, before, errors), _excluded(row, before, errors))
        if after.halo_client_id not in {None, before.halo_client_id, *present}:
            errors.add(row, "halo_client_id", _no_client(after.halo_client_id))
        elif after != before:
            changes.append(CustomerChange(customer.customer_id, before, after))
    errors.finish()
    return changes


def _how(customer: Customer) -> str | None:
    """Return how the customer is matched, or why it is not; a column for people, ignored on the way in."""
    return customer.problem or customer.matched_by


def _as_known(text: str, known: Container[str]) -> str:
    # Spreadsheets and people add white space; an id that really has some is taken as it is.
    return text if text in known else text.strip()


def _client_id(row: SheetRow, customer: Customer, before: CustomerLink, errors: Collector) -> int | None:
    text = row.cells["halo_client_id"].strip()
    if not text:
        return None
    client_id = read_client_id(text)
    if client_id is None:
        errors.add(row, "halo_client_id", f'"{text}" is no client\'s id; write digits only, or nothing for no link')
        return before.halo_client_id
    has_it_by_name = before.halo_client_id is None and customer.halo_client_id == client_id
    return None if has_it_by_name else client_id


def _excluded(row: SheetRow, before: CustomerLink, errors: Collector) -> bool:
    text = row.cells.get("excluded", "").strip().casefold()
    if text in _YES or text in _NO:
        return text in _YES
    if text:
        errors.add(row, "excluded", f'"{text}" is neither true nor false; write one of the two, or nothing')
    return before.excluded


def _unknown(customer_id: str) -> str:
    if not customer_id.strip():
        return "is empty; write the customer's id, or remove the line"
    return (
        f'there is no customer "{customer_id}" in the invoice; correct the id (spreadsheets drop leading zeros), or '
        "remove the line"
    )


def _no_client(client_id: int | None) -> str:
    return f"the last read of Halo has no client {client_id}; correct the id, or read Halo again if the client is new"
