"""The audit log: who did what, kept in the transaction of the change itself.

A change that is undone leaves no entry, and one that is committed has one. What changes nothing is not recorded.
"""

from collections.abc import Mapping, Sequence
from datetime import MAXYEAR, MINYEAR, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import asyncpg

from halosync.domain.acts import Act, Actor
from halosync.domain.audit_sentences import KINDS
from halosync.domain.date_words import period_of
from halosync.domain.natural_order import natural_key
from halosync.ports.audit import EVERY_ENTRY, NEWEST_FIRST, Entry, EntryChoice
from halosync.store.pool import Connection, Pool
from halosync.store.queries import QUERIES
from halosync.store.search import pattern


async def record(
    connection: Connection,
    by: Actor,
    act: Act,
    *,
    partner_id: str | None,
    subject: str,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Add an entry in the caller's transaction, which is that of the change.

    Args:
        connection: of a pool of `open_pool`, in a transaction.
        by: who did it.
        act: what.
        partner_id: whose log it belongs to; None for what concerns all partners.
        subject: the id of what it was done to.
        detail: values for JSON, as `Act` names them; never a secret.
    """
    await QUERIES.add_audit_entry(
        connection,
        partner_id=partner_id,
        actor=by.name,
        actor_key_id=by.key_id,
        is_operator=by.is_operator,
        act=act.value,
        subject=subject,
        detail=dict(detail or {}),
    )


async def record_many(
    connection: Connection,
    by: Actor,
    act: Act,
    entries: Sequence[tuple[str, Mapping[str, object]]],
    *,
    partner_id: str,
) -> None:
    """Add an entry for each (subject, detail), as `record` does, in one round to the database."""
    rows = [
        {
            "partner_id": partner_id,
            "actor": by.name,
            "actor_key_id": by.key_id,
            "is_operator": by.is_operator,
            "act": act.value,
            "subject": subject,
            "detail": dict(detail),
        }
        for subject, detail in entries
    ]
    await QUERIES.add_audit_entries(connection, rows)


class AuditStore:
    """Reads the audit log."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self, partner_id: str, choice: EntryChoice = EVERY_ENTRY, *, after: int | None = None, most: int = 100
    ) -> Sequence[Entry]:
        """Return a partner's entries in the order of the choice, at most `most`.

        Arguments and errors: the Protocol in `report_api.stores`.
        """
        asked = {"partner_id": partner_id, "after": after, "most": most, **_chosen(choice)}
        if choice.order == NEWEST_FIRST:
            rows = QUERIES.audit_page(self._pool, **asked)
        else:
            ranked = sorted(KINDS, key=lambda act: natural_key(KINDS[act]))
            by = {"sort": choice.order.sort, "down": choice.order.descending, "ranked": ranked}
            rows = QUERIES.sorted_audit_page(self._pool, **by, **asked)
        return [entry_of(row) async for row in rows]

    async def actors(self, partner_id: str) -> Sequence[Actor]:
        """Return everybody who is in a partner's log, by name."""
        rows = QUERIES.audit_actors(self._pool, partner_id=partner_id)
        return [Actor(row["actor"], row["actor_key_id"], row["is_operator"]) async for row in rows]


def _chosen(choice: EntryChoice) -> dict[str, object]:
    """Return a choice as the query takes it."""
    q = (choice.q or "").casefold()
    return {
        "acts": None if choice.acts is None else [act.value for act in choice.acts],
        "since": _begin(choice.since, choice.zone),
        "until": None if choice.until is None else _begin(_day_after(choice.until), choice.zone),
        "actor": choice.actor,
        "pattern": pattern(choice.q),
        "period": period_of(q),
        "named": [act.value for act, name in KINDS.items() if q and q in name.casefold()],
    }


def _begin(day: date | None, zone: str) -> datetime | None:
    """Return when a day begins in a zone; a day at an end of the calendar counts as one that a zone can still move."""
    if day is None:
        return None
    first, last = date(MINYEAR + 1, 1, 1), date(MAXYEAR - 1, 12, 31)
    return datetime.combine(min(max(day, first), last), time.min, ZoneInfo(zone))


def _day_after(day: date) -> date:
    return day if day == date.max else day + timedelta(days=1)


def entry_of(row: asyncpg.Record) -> Entry:
    """Return the entry of a row."""
    return Entry(
        audit_id=row["audit_id"],
        at=row["at"],
        partner_id=row["partner_id"],
        actor=Actor(row["actor"], row["actor_key_id"], row["is_operator"]),
        act=row["act"],
        subject=row["subject"],
        detail=row["detail"],
    )
