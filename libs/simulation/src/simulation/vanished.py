"""What somebody has deleted in Halo of what halosync wrote; as `schema/vanished.sql` and the queries that use it."""

from halosync.domain.model import Action, Outcome, Reason
from halosync.domain.names import name_key

from simulation.database import Database
from simulation.rows import KnownLicence, Read

_CHANGES = {Action.CREATE, Action.UPDATE, Action.DELETE}
_REFUSED = {Reason.HALO_REJECTED, Reason.PERMISSION_DENIED}

Vanished = dict[int, tuple[int, str]]
"""Clients and product codes by the ids of licences."""


def vanished_licences(db: Database, read: Read) -> Vanished:
    """Return what a read has no more, with what is missed already; as the function of that name."""
    there = {number: seen.licence.client_id for number, seen in read.licences.items() if not seen.deleted}
    found = {number: of for number, of in db.vanished.items() if there.get(number) != of[0]}
    for number, known in db.known.items():
        wrote = None if known.written.last is None else known.written.last.state
        billed = wrote is None or (wrote.active and wrote.quantity != 0)
        code = known.written.product_code
        if there.get(number) != known.client_id and known.owned and not known.removed and code is not None and billed:
            changes = [
                item
                for item in db.items.values()
                if item.licence_id == number
                and item.action in _CHANGES
                and (item.outcome is Outcome.SYNCED or (item.outcome is Outcome.FAILED and item.reason not in _REFUSED))
            ]
            if not changes or changes[-1].action is not Action.DELETE:
                found[number] = (known.client_id, code)
    return found


def remembered(db: Database, read: Read) -> dict[int, KnownLicence]:
    """Return what is known of licences, also of what the last complete read did not show and this one shows again."""
    back = {n: of for n, of in db.missing.items() if n in read.licences and not read.licences[n].deleted}
    return back | db.known


def forget_returned(db: Database) -> None:
    """Forget what is where it was again, or whose product has another licence that halosync wrote.

    The query that forgets what a client left behind that is gone for 90 days has no double: no world lasts so long.
    """
    theirs = {
        (known.client_id, name_key(known.written.product_code))
        for known in db.known.values()
        if known.owned and not known.removed and known.written.product_code is not None
    }
    db.vanished = {
        number: (client, code)
        for number, (client, code) in db.vanished.items()
        if not (number in db.known and db.known[number].client_id == client) and (client, name_key(code)) not in theirs
    }
