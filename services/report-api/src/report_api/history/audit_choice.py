"""Which entries of the audit log are asked for, and the log as a file: the same for the API and the portal."""

from collections.abc import Iterable, Sequence
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Query, Response
from halosync.ports.audit import Entry, EntryChoice

from report_api.ports import Ports
from report_api.web.csv_export import CHUNK, FOR_PROGRAMS, Signs, csv_response
from report_api.web.fields import Day, QueryText
from report_api.web.paging import chunks

Since = Annotated[Day, Query(description="Only entries of this day, in `zone`, or later.")]
Until = Annotated[Day, Query(description="Only entries of this day, in `zone`, or earlier.")]
ActorName = Annotated[
    QueryText, Query(max_length=500, description="Only what somebody of this name did; empty: everybody.")
]
AnyText = Annotated[
    QueryText,
    Query(max_length=200, description="Only entries with this text in what was done, to what, or by whom."),
]


def known_zone(name: str) -> str:
    """Return the name of a time zone; raises ValueError for one that is not known here."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone that is known here; one is called Australia/Sydney, for instance") from None


COLUMNS = ("at", "actor", "is_operator", "act", "subject", "sentence")


def audit_csv(ports: Ports, partner_id: str, choice: EntryChoice, signs: Signs = FOR_PROGRAMS) -> Response:
    """Return all entries of a choice, in its order, as a CSV file."""

    async def fetch(after: int | None, most: int) -> Sequence[Entry]:
        return await ports.audit.page(partner_id, choice, after=after, most=most)

    every = chunks(fetch, lambda entry: entry.audit_id, CHUNK)
    return csv_response(COLUMNS, every, "audit-log.csv", cells=_cells, signs=signs)


def _cells(entry: Entry) -> Iterable[object]:
    return entry.at, entry.actor.name, entry.actor.is_operator, entry.act, entry.subject, entry.sentence
