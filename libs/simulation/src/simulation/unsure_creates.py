"""A double of `halosync.store.unsure_creates`, under the suite of plans (tests/integration/planning)."""

from halosync.domain.model import Action, Outcome, Reason
from halosync.store.unsure_creates import CameSince, CreatesFound, found_of

from simulation.database import Database
from simulation.rows import Item, Read


def unsure_creates(db: Database, rows: Read) -> CreatesFound:
    """Return what became of creates that nobody could look up, for all that a read shows."""
    unsure = [
        item
        for item in (db.items.values() if db.guards.names else ())
        if item.action is Action.CREATE and item.reason == Reason.OUTCOME_UNKNOWN
    ]
    creates = [
        {
            "run_id": item.run_id,
            "item_id": item.item_id,
            "halo_licence_id": item.licence_id,
            "halo_client_id": item.client_id,
            "set_name": item.set_name,
            "product_code": item.product_code,
            "restores_licence_id": item.planned.restores,
            "owned_after": item.planned.owned_after,
            "is_stamped": db.settings.details or item.planned.restores is not None,
        }
        for item in unsure
    ]
    came = CameSince(
        {item.item_id: frozenset(_strangers(db, item, rows)) for item in unsure},
        [item.item_id for item in unsure if _is_resolved(db, item)],
    )
    return found_of(creates, [seen.licence for seen in rows.licences.values() if not seen.deleted], came)


def _strangers(db: Database, create: Item, rows: Read) -> list[int]:
    """Return what came to the client since the create was sent, and is not stamped."""
    since = db.runs[create.run_id].writing_at
    return [
        number
        for number, seen in rows.licences.items()
        if seen.licence.client_id == create.client_id
        and not seen.deleted
        and seen.licence.stamp is None
        and _is_new(db, number, since)
    ]


def _is_new(db: Database, licence_id: int, since: float) -> bool:
    known = db.known.get(licence_id) or db.missing.get(licence_id)
    return known is None or (not known.owned and known.first_seen > since)


def _is_resolved(db: Database, create: Item) -> bool:
    runs = list(db.runs)
    return any(
        runs.index(item.run_id) > runs.index(create.run_id)
        and item.outcome is Outcome.SYNCED
        and item.licence_id is not None
        and (item.client_id, item.product_code) == (create.client_id, create.product_code)
        for item in db.items.values()
    )
