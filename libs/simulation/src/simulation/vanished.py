"""What somebody has deleted in Halo of what halosync wrote; as `schema/vanished.sql` and the queries that use it."""

from uuid import UUID

from halosync.domain.model import Action, Outcome
from halosync.domain.names import name_key

from simulation.database import Database
from simulation.rows import Read

_CHANGES = {Action.CREATE, Action.UPDATE, Action.DELETE}
_LEFT = {Outcome.PENDING, Outcome.HELD, Outcome.FAILED}

Vanished = dict[int, tuple[int, str]]
"""Clients and product codes by the ids of licences."""


def vanished_licences(db: Database, read: Read) -> Vanished:
    """Return what a read has no more, with what is missed already; as the function of that name."""
    there = {number for number, seen in read.licences.items() if not seen.deleted}
    found = {number: of for number, of in db.vanished.items() if number not in there}
    for number, known in db.known.items():
        wrote = None if known.written.last is None else known.written.last.state
        billed = wrote is None or (wrote.active and wrote.quantity != 0)
        code = known.written.product_code
        if number not in there and known.owned and not known.removed and code is not None and billed:
            changes = [
                item
                for item in db.items.values()
                if item.licence_id == number
                and item.action in _CHANGES
                and item.outcome in {Outcome.SYNCED, Outcome.FAILED}
            ]
            if not changes or changes[-1].action is not Action.DELETE:
                found[number] = (known.client_id, code)
    return found


def forget_returned(db: Database) -> None:
    """Forget what is there again, or whose product has another licence that halosync wrote."""
    theirs = {
        (known.client_id, name_key(known.written.product_code))
        for known in db.known.values()
        if known.owned and not known.removed and known.written.product_code is not None
    }
    db.vanished = {
        number: (client, code)
        for number, (client, code) in db.vanished.items()
        if number not in db.known and (client, name_key(code)) not in theirs
    }


def accept_deletions(db: Database, run_id: UUID) -> None:
    """Forget what a run does not want either; as the query of that name."""
    items = [item for item in db.items.values() if item.run_id == run_id]
    clients, licences = {item.client_id for item in items}, {item.licence_id for item in items}
    missed = {
        (item.client_id, name_key(item.planned.product_code))
        for item in items
        if item.planned.product_code is not None and item.licence_id is None and item.outcome in _LEFT
    }
    undo = db.runs[run_id].undoes is not None
    for number, (client, code) in list(db.vanished.items()):
        if number in licences if undo else client in clients and (client, name_key(code)) not in missed:
            del db.vanished[number]
