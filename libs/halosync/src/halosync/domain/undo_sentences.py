"""What becomes of an item of an undo, for people (spec section 11, "Undo")."""

from collections.abc import Sequence

from halosync.domain.decimals import plain, price_text
from halosync.domain.listing import ids
from halosync.domain.model import NamedState


def comes_back(licence_id: int | None) -> str:
    """Say that a deleted licence gets a new number."""
    return (
        f"The run deleted licence #{licence_id}. It comes back with a new number, because Halo gives every new licence "
        "its own. Lines of Halo's recurring invoices that pointed to the old number do not find it: point them to the "
        "new one in Halo."
    )


def changed_since(licence_id: int, left: NamedState | None, now: NamedState) -> str:
    """Say how the run left the licence and how it is now; `left` None: the run had removed it."""
    then = "removed it" if left is None else f"left it as {_told(left, now)}"
    return (
        f"Licence #{licence_id} is not as the run left it, so it stays as it is. The run {then}; Halo has "
        f"{_told(now, left)} now. If that is wrong, set it in Halo by hand."
    )


def unsure_since(licence_id: int | None) -> str:
    """Say that what Halo shows may be what a later run has made of the licence."""
    return (
        f"The run sent a change of licence #{licence_id} and could not find out what became of it, and a later run has "
        "sent a change of it since. The later run may have made it what it is now, so it stays as it is. If that is "
        "wrong, set it in Halo by hand."
    )


def licence_gone(licence_id: int | None) -> str:
    """Say that a licence which the run changed is no longer there."""
    return f"Licence #{licence_id} is no longer in Halo: somebody removed it since the run. Nothing was done."


def none_shown(licence_id: int | None) -> str:
    """Say that a licence is not shown, and no other of its client's either."""
    return (
        f"Licence #{licence_id} is not in Halo's list, which shows no licence of this client at all. Nothing was done. "
        "Look at the client in Halo; if the licence is there, undo the run again."
    )


def none_shown_to_come_back(licence_id: int) -> str:
    """Say that a deleted licence does not come back while Halo does not show those that the run left."""
    return (
        f"Licence #{licence_id} does not come back now: Halo's list shows no licence of this client at all, also none "
        "of those that the run left there. Look at the client in Halo. If its licences are there, undo the run again; "
        "if they are gone, create the licence there by hand."
    )


def client_gone(client_id: int | None) -> str:
    """Say that nothing is written to the client."""
    return (
        f"Client #{client_id} is no longer in Halo, or is inactive there, so its licences stay as they are. Activate "
        "the client in Halo, then undo the run again."
    )


def written_for_another(licence_id: int) -> str:
    """Say that another partner's run has written the licence."""
    return f"Licence #{licence_id} was written for another partner with the same Halo, so it stays as it is."


def perhaps_back(licence_id: int, perhaps: Sequence[int]) -> str:
    """Say that an earlier undo may have brought a licence back."""
    return (
        f"An earlier undo sent licence #{licence_id} to Halo and could not find out what became of it. One of these "
        f"licences came to the client since and may be it: {ids(perhaps)}. It is not sent again, so that nothing is "
        "there twice. Look at them in Halo; if none is it, create it there by hand."
    )


def never_found(name: str) -> str:
    """Say that it is not known whether the run has created a licence."""
    return (
        f'The run sent "{name}" to Halo and could not find out what became of it, so it is not known which licence to '
        "remove. Look at the client's licences in Halo, and remove it there by hand if it is there."
    )


def several_deleted(name: str) -> str:
    """Say that licences of one name are not created again at once."""
    return (
        f'The run deleted several licences of this client that were called "{name}". Licences of one name cannot be '
        "told apart while they are created, so none was. Create them in Halo by hand."
    )


def _told(one: NamedState, other: NamedState | None) -> str:
    """Tell a licence in words; its name where that is not the other's."""
    name, state = one
    words = [
        "no quantity" if state.quantity is None else f"quantity {plain(state.quantity.normalize())}",
        "no price" if state.price is None else f"price {price_text(state.price)}",
        state.billing_cycle or "no billing cycle",
        "active" if state.active else "inactive",
    ]
    named = [f'"{name}"'] if other is None or other[0] != name else []
    return ", ".join(named + words)
