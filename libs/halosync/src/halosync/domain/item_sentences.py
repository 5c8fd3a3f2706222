"""Why an item is not simply synchronised, as the plan finds it: the sentence of each reason (spec section 4, `detail`).

What becomes of a write has its sentences in `write_sentences`.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from halosync.domain.decimals import percent, plain, price_text
from halosync.domain.line_numbers import line_name
from halosync.domain.listing import counted, ids, listed
from halosync.domain.model import Action, Drift
from halosync.domain.plan import DeleteGuard

NOT_RECURRING = (
    "The invoice has no recurring line for this product, and only recurring lines set a licence. "
    "A licence that Halo has for it was left as it is. Nothing to do."
)
QUANTITY_ZERO = "The invoice bills a quantity of 0 and Halo has no such licence. Nothing to do."
CUSTOMER_EXCLUDED = (
    "You excluded this customer, so it is not synchronised. To synchronise it, include it again on the Customers tab "
    "and press Sync."
)
UNDONE = "This was synchronised, and somebody has undone that since. Press Sync to do it again."
PERHAPS_UNDONE = (
    "This was synchronised, and somebody has tried to undo that since. Halo did not do all of it, or did not say what "
    "it did: look at the undo. Press Sync to do again what the invoice wants."
)
LINE_NOT_RECURRING = "Only recurring lines set a licence; this line is shown and never synchronised. Nothing to do."
"""Of an invoice line; `NOT_RECURRING` is about all lines of a product."""


def _lines(line_nos: Sequence[int]) -> str:
    return f"{'Line' if len(line_nos) == 1 else 'Lines'} {listed(map(line_name, line_nos))}"


def _on_the_tab(*, linking: bool) -> str:
    return "" if linking else " on the Customers tab"


def customer_not_found(
    names: Sequence[str], look_alikes: Sequence[tuple[int, str, Sequence[str]]] = (), *, linking: bool = False
) -> str:
    """Say that no client has one of the customer's names, and which clients look as if they had.

    Args:
        names: what the invoice calls the customer.
        look_alikes: clients whose names look the same: id, name and what differs.
        linking: say it on a page that links customers: what that page offers is not said again.
    """
    called = " or ".join(f'"{name}"' for name in names)
    if look_alikes:
        alike = listed(f'#{number} "{name}" ({_differs(differences)})' for number, name, differences in look_alikes)
        one = len(look_alikes) == 1
        return (
            f"No client in Halo is called exactly {called}, but {'one looks' if one else 'some look'} the same: "
            f"{alike}. If {'it is' if one else 'one of them is'} meant, link this customer to "
            f"{'it' if one else 'that one'}{_on_the_tab(linking=linking)}, then press Sync again. "
            "Do not create a second client."
        )
    if linking:
        return f"No client in Halo is called {called}."
    return (
        f"No client in Halo is called {called}. Create the client in Halo, or link this customer to a client on the "
        "Customers tab, then press Sync again."
    )


def _differs(differences: Sequence[str]) -> str:
    return f"there is a difference: {' and '.join(differences)}" if differences else "spelt with other characters"


def client_inactive(names: Sequence[str], client_ids: Iterable[int], *, linking: bool = False) -> str:
    """Say that the only clients of that name are inactive; `linking` as in `customer_not_found`."""
    called = " or ".join(f'"{name}"' for name in names)
    return (
        f"Halo has {called} only as an inactive client: {ids(client_ids)}. Nothing is written to an inactive client "
        "by itself. Activate the client in Halo, or link this customer to a client"
        f"{_on_the_tab(linking=linking)}, then press Sync again."
    )


def linked_client_gone(client_id: int, *, linking: bool = False) -> str:
    """Say that the stored link leads nowhere; `linking` as in `customer_not_found`."""
    return (
        f"The linked client #{client_id} is no longer in Halo. Link this customer to another client"
        f"{_on_the_tab(linking=linking)}, then press Sync again."
    )


def customer_ambiguous(names: Sequence[str], client_ids: Iterable[int], *, linking: bool = False) -> str:
    """Say which clients share the customer's name; `linking` as in `customer_not_found`."""
    called = " or ".join(f'"{name}"' for name in names)
    return (
        f"Several clients in Halo are called {called}: {ids(client_ids)}. Link this customer to the right one"
        f"{_on_the_tab(linking=linking)}, then press Sync again."
    )


def negative_quantity(line_nos: Sequence[int], quantities: Iterable[Decimal]) -> str:
    """Say which recurring lines are negative."""
    verb = "bills" if len(line_nos) == 1 else "bill"
    return (
        f"{_lines(line_nos)} of the invoice {verb} a negative quantity ({listed(map(plain, quantities))}). No "
        "licence can have that. The licence was left as it is. Ask the distributor for a corrected invoice, or set the "
        "licence in Halo by hand."
    )


def negative_price(line_nos: Sequence[int], prices: Iterable[Decimal]) -> str:
    """Say which recurring lines have a negative price."""
    verb = "has" if len(line_nos) == 1 else "have"
    return (
        f"{_lines(line_nos)} of the invoice {verb} a negative price ({listed(map(price_text, prices))}). No "
        "licence can have that. The licence was left as it is. Ask the distributor for a corrected invoice, or set the "
        "licence in Halo by hand."
    )


def conflicting_lines(line_nos: Sequence[int], prices: Sequence[Decimal], cycles: Sequence[str]) -> str:
    """Say what recurring lines of one product disagree about; a list with one value is what they agree about."""
    differences = []
    if len(prices) > 1:
        differences.append(f"prices ({listed(map(price_text, prices))})")
    if len(cycles) > 1:
        quoted = (f'"{cycle}"' for cycle in cycles)
        differences.append(f"billing cycles ({listed(quoted)})")
    return (
        f"{_lines(line_nos)} of the invoice bill this product with different {' and '.join(differences)}, and one "
        "licence can have only one. The licence was left as it is. Ask the distributor for a corrected invoice, or set "
        "the licence in Halo by hand. If the lines are of several customers, link each of them to its own client."
    )


def licence_ambiguous(name: str, licence_ids: Iterable[int], active: int) -> str:
    """Say which licences share the name, and how many of them are active."""
    how_many = f"{active} of them are active" if active else "none of them is active"
    return (
        f'The client has several licences called "{name}" in Halo: {ids(licence_ids)}; {how_many}. None was '
        "touched. Rename or deactivate all but one in Halo, so that exactly one is active, then press Sync again."
    )


def licence_claimed_twice(product_codes: Iterable[str], name: str) -> str:
    """Say which products lead to one licence."""
    quoted = (f'"{code}"' for code in product_codes)
    return (
        f'The products {listed(quoted)} of this client all lead to the licence "{name}". It was left as it is. Link '
        "each product to a licence name of its own on the License tab, then press Sync again."
    )


def managed_elsewhere(licence_ids: Sequence[int], mark: str) -> str:
    """Say that another program looks after the licence, and by what that is seen."""
    one = len(licence_ids) == 1
    return (
        f"Licence{'' if one else 's'} {ids(licence_ids)} in Halo {'belongs' if one else 'belong'} to another program: "
        f'{"its" if one else "their"} field "{mark}" is filled in. {"It was" if one else "They were"} left as '
        f"{'it is' if one else 'they are'}. Nothing to do. If Converge is to look after {'it' if one else 'them'}, "
        "switch that on in the settings."
    )


def kept(licence_id: int) -> str:
    """Say that a person wants to keep the licence."""
    return (
        f"Licence #{licence_id} would be removed, but you chose to keep it. Nothing to do. To let it be removed, stop "
        "keeping it, then press Sync again."
    )


def first_review(count: int, *, removal: bool) -> str:
    """Say why an item waits for the first review, and how `count` of them are released."""
    what = "removes it" if removal else "changes its selling price"
    changes = "this change" if count == 1 else f"the {count:,} changes that wait"
    return (
        f"Converge did not write this licence, so it asks once before it {what}. Look at the first review and approve "
        f"{changes}. The next run then carries {'it' if count == 1 else 'them'} out."
    )


def delete_guard(removals: int, active: int, guard: DeleteGuard, *, approved: int = 0, undo: bool = False) -> str:
    """Say how many removals are held, against what, and how to release them; `approved` of them are not held."""
    left = removals - approved
    held = f"the {left:,} that nobody has approved are held" if approved else "all removals are held"
    return (
        f"This {'undo' if undo else 'run'} would remove {counted(removals, 'licence')}, and its clients have {active:,}"
        f" active ones. That is more than {guard.max_count:,} and more than {percent(guard.max_fraction)} % of them, so"
        f" {held}. {'Look at what it would take back' if undo else 'Check the invoice'}; if the removals are right,"
        f" approve {counted(left, 'removal')}: the next {'undo of that run' if undo else 'run'} carries them out."
    )


def edited_in_halo(drift: Sequence[Drift], action: Action) -> str:
    """Say what somebody has edited since halosync wrote the licence, or that it was deleted, and that it waits."""
    if action is Action.CREATE:
        deleted, client = f"licence #{drift[0].we_wrote} in Halo", drift[0].halo_has
        did = f"moved {deleted} to client #{client}" if client else f"deleted {deleted}"
        return (
            f"Somebody has {did} since Converge wrote it"
            f"{'' if client else ', or the connected agent no longer sees it'}. "
            "It is not created again until you approve that. "
            "If the invoice is right, approve this change; if Halo is right, ask the distributor for a corrected "
            "invoice."
        )
    fields = "; ".join(
        f"{each.field.replace('_', ' ')} (Converge wrote {_shown(each.field, each.we_wrote)}, "
        f"Halo has {_shown(each.field, each.halo_has)})"
        for each in drift
    )
    return (
        "Somebody has edited this licence in Halo since Converge wrote it. "
        f"{fields[:1].upper()}{fields[1:]}. "
        f"It is not {'removed' if action is Action.DELETE else 'overwritten'} until you approve that. "
        "If the invoice is right, approve this change; if Halo is right, ask the distributor for a corrected invoice."
    )


def _shown(field: str, value: str | bool | None) -> str:
    if isinstance(value, bool):
        return "active" if value else "inactive"
    if value is None:
        return "nothing"
    return price_text(Decimal(value)) if field == "price" else value
