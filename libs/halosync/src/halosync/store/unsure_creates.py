"""Creates of which nobody could find out what became, against a complete read of Halo (spec sections 5.1 and 9).

A licence that bears the stamp of such a create was made by it, whatever Halo calls it. Where Halo keeps no stamps, or
was sent none, a licence that has come since may be it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from halosync.domain.details import stamp_of
from halosync.domain.model import Licence, WrittenLicence
from halosync.ports.reads import ReadProgress
from halosync.store.pool import Connection
from halosync.store.queries import QUERIES

CreateRow = Mapping[str, Any] | asyncpg.Record
"""Of the query `unsure_creates`."""


@dataclass(frozen=True, slots=True)
class CreatesFound:
    """What a read shows of them.

    Attributes:
        recognised: what surely is of such a create, as if its answer had come, by licence id.
        perhaps: what may be, by client and product code.
        restored: what surely is of an undo's create, by the deleted licence that it brings back.
        perhaps_restored: what may be, likewise.
    """

    recognised: Mapping[int, WrittenLicence]
    perhaps: Mapping[tuple[int, str], frozenset[int]]
    restored: dict[int, int]
    perhaps_restored: Mapping[int, frozenset[int]]


@dataclass(frozen=True, slots=True)
class CameSince:
    """What has come since to the clients of such creates.

    Attributes:
        strangers: by the create's item: licences without a stamp that halosync did not write. One of them may be it.
        resolved: of the creates that have strangers, those whose product's licence a later run knew.
    """

    strangers: Mapping[int, frozenset[int]]
    resolved: Collection[int]


NOTHING_CAME = CameSince({}, ())


async def unsure_creates(connection: Connection, read: ReadProgress) -> Sequence[asyncpg.Record]:
    """Return the creates in question."""
    rows = QUERIES.unsure_creates(connection, partner_id=read.partner_id, tenant=read.tenant)
    return [row async for row in rows]


async def came_since(
    connection: Connection, read: ReadProgress, creates: Sequence[CreateRow], licences: Sequence[Licence]
) -> CameSince:
    """Return what has come to the clients of creates since."""
    of_client: dict[int, list[int]] = {row["halo_client_id"]: [] for row in creates}
    for licence in licences:
        if licence.stamp is None and licence.client_id in of_client:
            of_client[licence.client_id].append(licence.id)
    ids = [number for numbers in of_client.values() for number in numbers]
    if not ids:
        return NOTHING_CAME
    rows = QUERIES.first_seen(connection, partner_id=read.partner_id, licence_ids=ids)
    seen = {row["halo_licence_id"]: row["first_seen_at"] async for row in rows}
    strangers = {
        row["item_id"]: frozenset(
            number for number in of_client[row["halo_client_id"]] if _came_since(number, seen, row["writing_at"])
        )
        for row in creates
    }
    asked = [item_id for item_id, numbers in strangers.items() if numbers]
    resolved = QUERIES.resolved_creates(connection, partner_id=read.partner_id, item_ids=asked)
    return CameSince(strangers, frozenset([row["item_id"] async for row in resolved]))


def _came_since(licence_id: int, seen: Mapping[int, datetime | None], since: datetime) -> bool:
    if licence_id not in seen:
        return True
    first = seen[licence_id]
    return first is not None and first > since


def found_of(creates: Sequence[CreateRow], licences: Sequence[Licence], came: CameSince) -> CreatesFound:
    """Look for what became of them among all licences of a read."""
    if not creates:
        return CreatesFound({}, {}, {}, {})
    by_id = {licence.id: licence for licence in licences}
    stamped = {(licence.client_id, licence.stamp): licence for licence in licences if licence.stamp is not None}
    recognised: dict[int, WrittenLicence] = {}
    perhaps: dict[tuple[int, str], frozenset[int]] = {}
    restored: dict[int, int] = {}
    perhaps_restored: dict[int, frozenset[int]] = {}
    for row in creates:
        stamp = stamp_of(row["run_id"], row["item_id"])
        back, strangers = row["restores_licence_id"], came.strangers.get(row["item_id"], frozenset())
        licence = by_id.get(row["halo_licence_id"]) or stamped.get((row["halo_client_id"], stamp))
        if licence is not None:
            renamed = (None, None) if licence.name == row["set_name"] else (row["set_name"], licence.name)
            if row["owned_after"]:  # else an undo has given it back to somebody
                recognised[licence.id] = WrittenLicence(row["product_code"], *renamed)
            if back is not None:
                restored[back] = licence.id
        elif strangers and not (row["is_stamped"] and stamped):  # this Halo keeps stamps, and none is the create's
            if row["product_code"] is not None and row["item_id"] not in came.resolved:
                key = (row["halo_client_id"], row["product_code"])
                perhaps[key] = perhaps.get(key, frozenset()) | strangers
            if back is not None:
                perhaps_restored[back] = perhaps_restored.get(back, frozenset()) | strangers
    return CreatesFound(recognised, perhaps, restored, perhaps_restored)


def with_recognised(written: dict[int, WrittenLicence], found: CreatesFound) -> dict[int, WrittenLicence]:
    """Return what is remembered of licences, with what was recognised; what is known of a product stays."""
    known = {number for number, licence in written.items() if licence.product_code is not None}
    return written | {number: licence for number, licence in found.recognised.items() if number not in known}


async def remember(connection: Connection, partner_id: str, recognised: Mapping[int, WrittenLicence]) -> None:
    """Keep what was recognised with the licences as last read, in the caller's transaction."""
    if not recognised:
        return
    written: Sequence[Any] = list(recognised.values())
    await QUERIES.remember_recognised(
        connection,
        partner_id=partner_id,
        ids=list(recognised),
        product_codes=[each.product_code for each in written],
        asked_names=[each.asked_name for each in written],
        kept_names=[each.kept_name for each in written],
    )
