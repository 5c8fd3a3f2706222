"""What each change of a month's acceptances passes first (spec section 11)."""

from collections.abc import Iterable

from halosync.ports.months import ClosedMonthError, MonthItem, RowsChangedError, RowsTogether
from halosync.store.pool import Connection
from halosync.store.queries import QUERIES


async def lock_open_month(connection: Connection, partner_id: str, period: str) -> None:
    """Let nobody else change the month until the transaction ends.

    Raises:
        ClosedMonthError: it is closed.
    """
    await QUERIES.lock_month(connection, partner_id=partner_id, period=period)
    if await QUERIES.month_is_closed(connection, partner_id=partner_id, period=period):
        raise ClosedMonthError


def as_seen(rows: Iterable[MonthItem], seen: str) -> RowsTogether:
    """Return what the rows come to that no other customer has a part of.

    Raises:
        RowsChangedError: they are not those that were `seen`, or there are none.
    """
    found = RowsTogether.of(row for row in rows if not row.shared)
    if found.fingerprint != seen or not found.count:
        raise RowsChangedError
    return found
