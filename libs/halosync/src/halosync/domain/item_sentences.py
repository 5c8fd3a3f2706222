"""What became of an item, and what to do: the sentence of each reason (spec section 4, `detail`)."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from halosync.domain.decimals import percent, plain
from halosync.domain.line_numbers import line_name
from halosync.domain.model import Drift
from halosync.domain.plan import DeleteGuard
from halosync.domain.verification import Difference, KeptField

_SHOWN = 20
"""How many numbers a sentence lists before it says how many more there are."""

NOT_RECURRING = (
    "The invoice has no recurring line for this product, and only recurring lines set a licence. "
    "A licence that Halo has for it was left as it is. Nothing to do."
)
QUANTITY_ZERO = "The invoice bills a quantity of 0 and Halo has no such licence. Nothing to do."
CUSTOMER_EXCLUDED = (
    "This customer is excluded from synchronisation. To synchronise it, include it again on the Customers tab "
    "and press Sync."
)
RUN_CANCELLED = "The run was stopped before this was sent. Press Sync to do it."
LINE_NOT_RECURRING = "Only recurring lines set a licence; this line is shown and never synchronised. Nothing to do."
"""Of an invoice line; `NOT_RECURRING` is about all lines of a product."""


def _listed(words: Iterable[object]) -> str:
    every = [str(word) for word in words]
    more = len(every) - _SHOWN
    return ", ".join(every) if more <= 0 else f"{', '.join(every[:_SHOWN])} and {more} more"


def _ids(ids: Iterable[int]) -> str:
    return _listed(f"#{number}" for number in ids)


def _lines(line_nos: Sequence[int]) -> str:
    return f"{'Line' if len(line_nos) == 1 else 'Lines'} {_listed(map(line_name, line_nos))}"


def customer_not_found(names: Sequence[str], look_alikes: Sequence[tuple[int, str, Sequence[str]]] = ()) -> str:
    """Say that no client has one of the customer's names, and which clients look as if they had.

    Args:
        names: what the invoice calls the customer.
        look_alikes: clients whose names look the same: id, name and what differs.
    """
    called = " or ".join(f'"{name}"' for name in names)
    if look_alikes:
        alike = _listed(f'#{number} "{name}" ({_differs(differences)})' for number, name, differences in look_alikes)
        one = len(look_alikes) == 1
        return (
            f"No client in Halo is called exactly {called}, but {'one looks' if one else 'some look'} the same: "
            f"{alike}. If {'it is' if one else 'one of them is'} meant, link this customer to "
            f"{'it' if one else 'that one'} on the Customers tab, then press Sync again. Do not create a second client."
        )
    return (
        f"No client in Halo is called {called}. Create the client in Halo, or link this customer to a client on the "
        "Customers tab, then press Sync again."
    )


def _differs(differences: Sequence[str]) -> str:
    return f"there is a difference: {' and '.join(differences)}" if differences else "spelt with other characters"


def client_inactive(names: Sequence[str], client_ids: Iterable[int]) -> str:
    """Say that the only clients of that name are inactive."""
    called = " or ".join(f'"{name}"' for name in names)
    return (
        f"Halo has {called} only as an inactive client: {_ids(client_ids)}. Nothing is written to an inactive client "
        "by itself. Activate the client in Halo, or link this customer to a client on the Customers tab, then press "
        "Sync again."
    )


def linked_client_gone(client_id: int) -> str:
    """Say that the stored link leads nowhere."""
    return (
        f"The linked client #{client_id} is no longer in Halo. Link this customer to another client on the "
        "Customers tab, then press Sync again."
    )


def customer_ambiguous(names: Sequence[str], client_ids: Iterable[int]) -> str:
    """Say which clients share the customer's name."""
    called = " or ".join(f'"{name}"' for name in names)
    return (
        f"Several clients in Halo are called {called}: {_ids(client_ids)}. Link this customer to the right one on the "
        "Customers tab, then press Sync again."
    )


def negative_quantity(line_nos: Sequence[int], quantities: Iterable[Decimal]) -> str:
    """Say which recurring lines are negative."""
    verb = "bills" if len(line_nos) == 1 else "bill"
    return (
        f"{_lines(line_nos)} of the invoice {verb} a negative quantity ({_listed(map(plain, quantities))}), which no "
        "licence can have. The licence was left as it is. Ask the distributor for a corrected invoice, or set the "
        "licence in Halo by hand."
    )


def negative_price(line_nos: Sequence[int], prices: Iterable[Decimal]) -> str:
    """Say which recurring lines have a negative price."""
    verb = "has" if len(line_nos) == 1 else "have"
    return (
        f"{_lines(line_nos)} of the invoice {verb} a negative price ({_listed(map(plain, prices))}), which no licence "
        "can have. The licence was left as it is. Ask the distributor for a corrected invoice, or set the licence in "
        "Halo by hand."
    )


def conflicting_lines(line_nos: Sequence[int], prices: Sequence[Decimal], cycles: Sequence[str]) -> str:
    """Say what recurring lines of one product disagree about; a list with one value is what they agree about."""
    differences = []
    if len(prices) > 1:
        differences.append(f"prices ({_listed(plain(price) for price in prices)})")
    if len(cycles) > 1:
        quoted = (f'"{cycle}"' for cycle in cycles)
        differences.append(f"billing cycles ({_listed(quoted)})")
    return (
        f"{_lines(line_nos)} of the invoice bill this product with different {' and '.join(differences)}, and one "
        "licence can have only one. The licence was left as it is. Ask the distributor for a corrected invoice, link "
        "the customers to different clients if they are not the same, or set the licence in Halo by hand."
    )


def licence_ambiguous(name: str, licence_ids: Iterable[int], active: int) -> str:
    """Say which licences share the name, and how many of them are active."""
    how_many = f"{active} of them are active" if active else "none of them is active"
    return (
        f'The client has several licences called "{name}" in Halo: {_ids(licence_ids)}; {how_many}. None was '
        "touched. Rename or deactivate all but one in Halo, so that exactly one is active, then press Sync again."
    )


def licence_claimed_twice(product_codes: Iterable[str], name: str) -> str:
    """Say which products lead to one licence."""
    quoted = (f'"{code}"' for code in product_codes)
    return (
        f'The products {_listed(quoted)} of this client all lead to the licence "{name}". It was left as it is. Link '
        "each product to a licence name of its own on the License tab, then press Sync again."
    )


def managed_elsewhere(licence_ids: Sequence[int], mark: str) -> str:
    """Say that another program looks after the licence, and by what that is seen."""
    one = len(licence_ids) == 1
    return (
        f"Licence{'' if one else 's'} {_ids(licence_ids)} in Halo {'belongs' if one else 'belong'} to another program: "
        f'{"its" if one else "their"} field "{mark}" is filled in. {"It was" if one else "They were"} left as '
        f"{'it is' if one else 'they are'}. Nothing to do. If halosync is to look after {'it' if one else 'them'}, "
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
    what = "Removing it" if removal else "Changing its selling price"
    changes = "this change" if count == 1 else f"{count} changes"
    return (
        f"halosync did not write this licence, and this Halo has not been reviewed yet. {what} waits for you. Make a "
        f"preview and look at its first review; if it is right, approve {changes}: the next run carries "
        f"{'it' if count == 1 else 'them'} out."
    )


def delete_guard(removals: int, active: int, guard: DeleteGuard, *, approved: int = 0) -> str:
    """Say how many removals are held, against what, and how to release them; `approved` of them are not held."""
    left = removals - approved
    held = f"the {left} that nobody has approved are held" if approved else "all removals are held"
    return (
        f"This run would remove {removals} licences, and the matched clients have {active} active ones. That is more "
        f"than {guard.max_count} and more than {percent(guard.max_fraction)} % of them, so {held}. "
        f"Check the invoice; if the removals are right, approve {left} removals: the next run carries them out."
    )


def edited_in_halo(drift: Sequence[Drift], *, removal: bool) -> str:
    """Say what somebody has edited since halosync wrote the licence, and that it waits."""
    fields = "; ".join(
        f"{each.field.replace('_', ' ')}: halosync wrote {_shown(each.we_wrote)}, Halo has {_shown(each.halo_has)}"
        for each in drift
    )
    return (
        f"Somebody has edited this licence in Halo since halosync wrote it ({fields}). "
        f"{'Removing' if removal else 'Overwriting'} it waits for you. If the invoice is right, approve this change; "
        "if Halo is right, ask the distributor for a corrected invoice."
    )


def _shown(value: str | bool | None) -> str:
    if isinstance(value, bool):
        return "active" if value else "inactive"
    return "nothing" if value is None else value


def rejected(words: str) -> str:
    """Halo refused this one write."""
    return f"Halo refused this: {words} Correct it on the invoice or in Halo, then press Sync."


def permission_denied(words: str) -> str:
    """Halo does not let us write."""
    return (
        "Halo does not permit this. Give the Halo application and the agent who connected it the permission to edit "
        f"software licensing, connect again, then press Sync. Halo said: {words}"
    )


def unavailable(words: str) -> str:
    """Halo was away for too long."""
    return f"Halo could not be reached in many attempts. Press Sync to try again. The last problem: {words}"


def answered(status: int, words: str) -> str:
    """Halo answered every attempt, and did not do it."""
    return (
        f"Halo answered this with {status} in every attempt and did not do it. Halo said: {words} Correct it in Halo "
        "or on the invoice, then press Sync."
    )


def no_access(words: str) -> str:
    """Nobody could say with which token Halo is to be asked."""
    return f"Nobody could give access to Halo in many attempts. Press Sync to try again. The last problem: {words}"


def vanished(licence_id: int | None) -> str:
    """The licence that was to be updated is no longer there."""
    return f"Licence #{licence_id} was removed in Halo while the run was going on. Press Sync to create it again."


def not_kept(found: Sequence[Difference], warning: str | None) -> str:
    """Halo took a write and keeps something else. `found` are the fields that differ, at least one."""
    said = f" Halo's warning: {warning}" if warning else ""
    if found[0].field is KeptField.LICENCE:
        return (
            f"Halo said that it removed this licence, but the licence is still there.{said} Remove it in Halo by hand, "
            "or find out there why it stays. As long as Halo shows it unchanged, Sync does not ask for it again."
        )
    fields = "; ".join(f"{each.field}: asked for {each.asked}, Halo keeps {each.kept}" for each in found)
    return (
        f"Halo took this but did not keep it. {fields}.{said} Set it in Halo by hand, or find out there why Halo "
        "changes it. As long as the invoice asks for the same and Halo shows the same, Sync does not send it again."
    )


def kept_under_another_name(asked: str, kept: str) -> str:
    """Halo calls a licence otherwise than it was asked to."""
    return (
        f'Halo keeps this licence under the name "{kept}" and not "{asked}". halosync knows it by its number, so it is '
        "not created again. Nothing to do."
    )


def never_looked_up(words: str) -> str:
    """Halo did not answer a write, and what became of it could not be looked up. `words` say why and what to do."""
    return f"Halo did not say whether it took this, and it could not be looked up: sync again to find out. {words}"


def perhaps_created(licence_ids: Sequence[int]) -> str:
    """An earlier create was never found out, and its client has these licences since; one of them may be it."""
    many = len(licence_ids) > 1
    return (
        "halosync sent this to Halo and could not find out what became of it. Since then the "
        f"{'licences' if many else 'licence'} {_ids(licence_ids)} came to this client and may be it, under another "
        "name. It is not sent again, so that nothing is there twice. If it is this product, link the product to that "
        f"licence's name on the License tab; if not, keep {'those licences' if many else 'that licence'}. Then Sync."
    )


def not_reviewed(licence_id: int) -> str:
    """A create was looked up, and a licence of its name has a price that others may have written."""
    return (
        "halosync sent this to Halo and could not find out what became of it. The client has licence "
        f"#{licence_id} of this name with another selling price, and this Halo had not been reviewed before this run. "
        "So the licence was left as it was. Press Sync: it looks again, and holds that price until you have approved "
        "it where a review is still to be done."
    )


def connection_lost(why: str) -> str:
    """The run has lost its connection. `why` is the run's own sentence, which says how to connect again."""
    return f"{why} After that press Sync: it does what is still to be done."


def shows_too_little(missing: int) -> str:
    """A list that was to say what became of a write lacks licences that are known to be there."""
    return (
        f"Halo's list lacks licences that were there before (at least {missing}). Look whether the agent who connected "
        "Halo still sees all clients and licences"
    )
