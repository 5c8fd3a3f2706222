"""What a create adds for people, and the stamp by which halosync knows its own row again (spec section 9)."""

import re
from hashlib import blake2b
from uuid import UUID

_STAMP_BYTES = 6
_STAMP = re.compile(r"\[halosync ([0-9a-f]{12})\]", re.ASCII)
_MOST_NAME = 200
"""How much of a product's name the notes take: it is for people, and Halo's field may be short."""


def stamp_of(run_id: UUID, item_id: int) -> str:
    """Return the stamp of an item's create: the same at every attempt, another one for every other item."""
    return blake2b(f"{run_id}\n{item_id}".encode(), digest_size=_STAMP_BYTES).hexdigest()


def notes_of(product_name: str | None, invoice_id: str, stamp: str) -> str:
    """Return the notes of a licence that halosync creates: the stamp, what it is, and by which invoice.

    The stamp comes first: a Halo that cuts notes keeps it for all licences, or for none.
    """
    name = " ".join((product_name or "").split())[:_MOST_NAME]
    return "\n".join(part for part in (f"[halosync {stamp}]", name, f"Invoice {invoice_id}") if part)


def restored_notes(licence_id: int, stamp: str) -> str:
    """Return the notes of a licence that an undo brings back: which it was, and the stamp."""
    return f"Brought back by Converge; it was licence {licence_id} before.\n[halosync {stamp}]"


def stamp_in(notes: str | None) -> str | None:
    """Return the stamp that a licence's notes carry; None without one. Halo may have changed the text around it."""
    found = _STAMP.search(notes or "")
    return found[1] if found else None
