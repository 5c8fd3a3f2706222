"""The sentences of the Customers and License tabs: what happened to a row, and what to do."""

from collections.abc import Iterable

from halosync.ports.links import Billed

NO_LICENCE = "The last read of Halo has no such licence. Read Halo again if it is new."
NEXT = "Press Sync on the Month tab to apply it."
NO_ROW = "Nothing was ticked. Tick the rows first."
NOTHING_CHOSEN = "Nothing was linked. Choose a suggestion in every ticked row, or remove its tick."
NOTHING_TICKED = "No suggestion was ticked. Tick those that are right, then accept them."


def gone(noun: str) -> str:
    """Say that the row of a form is there no more."""
    return f"This {noun} is no longer in the invoice. Nothing was done."


def no_longer_billed(name: str) -> str:
    """Say that the invoice does not have this customer or product."""
    return f'"{name}" is no longer in the invoice, so there is nothing to link. Load this page again.'


def ticked_twice(name: str, what: str) -> str:
    """Say that two suggestions were ticked for one row; `what` is client or licence name."""
    return f'"{name}" was ticked for more than one {what}, and it can have only one. Tick one of them.'


def decided_meanwhile(name: str, now: str = "") -> str:
    """Say that the row is not what the person saw; `now` is what it is, as the end of a sentence."""
    is_now = f" Now {now}." if now else ""
    return (
        f'"{name}" was not changed, because somebody else changed it while your page was open.{is_now} Check it here.'
    )


def another_client(name: str, client_id: int | None, called: str) -> str:
    """Say that the id means another client than the person saw."""
    return (
        f'"{name}" was not linked: Halo has changed since you opened the page: #{client_id} is now called "{called}". '
        "Check it on this page."
    )


def client_gone(name: str, client_id: int | None) -> str:
    """Say that the client is not in the last read."""
    return (
        f'"{name}" was not linked: the last read of Halo has no client #{client_id}. Choose another client, or read '
        "Halo again if it is new."
    )


def licence_name_gone(code: str, licence_name: str) -> str:
    """Say that no licence has the suggested name any more."""
    return f'"{code}" was not linked: no licence in Halo is called "{licence_name}" any more. Choose another name.'


def excluded(*, is_excluded: bool) -> str:
    """Say that a customer was excluded or included."""
    if is_excluded:
        return "The customer is excluded: its licences in Halo stay as they are."
    return "The customer is included again."


def prospect(billed: Billed) -> str:
    """Say what a Sync makes of a product that Halo has no licence of."""
    if not billed.is_wanted:
        return "Nothing: its lines cannot be synchronised" if billed.is_faulty else "Nothing: its quantity is 0"
    if billed.is_faulty:
        return "Creates it, but not for customers whose lines cannot be synchronised"
    return "Creates it"


def listed(sentences: Iterable[str], most: int = 10) -> list[str]:
    """Return at most `most` of the sentences, and how many more there are."""
    every = list(sentences)
    more = len(every) - most
    return every if more <= 0 else [*every[:most], f"And {more} more."]
