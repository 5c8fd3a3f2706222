"""Months in Postgres: the reconciliation, acceptances, closing. What they mean: `halosync.domain.month`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from halosync.contracts.month import MonthClosed
from halosync.domain.acts import Act, Actor
from halosync.domain.month import MonthGroup, reconcile
from halosync.ports.months import (
    Closing,
    ClosingHead,
    KeptCertificate,
    Month,
    MonthChangedError,
    MonthChanges,
    MonthInvoice,
    MonthItem,
    NotReadyError,
    UnknownItemError,
)
from halosync.store.audit import record, record_many
from halosync.store.invoice_views import loaded_invoice
from halosync.store.month_acceptances import as_seen, lock_open_month
from halosync.store.month_certificate import certificate_of
from halosync.store.month_items import RowsWanted, known_outcome, month_rows, rows_of_reason
from halosync.store.month_memory import MonthMemory
from halosync.store.outbox import emit
from halosync.store.pool import Connection, Pool
from halosync.store.queries import QUERIES


class MonthStore:
    """The months of partners. Arguments and errors: the Protocol `report_api.stores.invoices.Months`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._memory = MonthMemory()

    async def periods(self, partner_id: str, *, before: str | None = None, most: int) -> Sequence[str]:
        """Return the months that have an invoice, newest first, those before `before`."""
        rows = QUERIES.month_heads(self._pool, partner_id=partner_id, before=before, most=most)
        return [row["period"] async for row in rows]

    async def month(self, partner_id: str, period: str) -> Month | None:
        """Return a month as it stands; None if no invoice of it counts, or details of one are gone."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            # In one snapshot, so what is summed is of that version.
            version = await QUERIES.month_version(connection, partner_id=partner_id, period=period)
            month = None if version is None else self._memory.known(partner_id, period, version)
            if month is None:
                month = await _sums(connection, partner_id, period)
                if month is None:
                    return None
                if version is not None:
                    self._memory.keep(partner_id, period, version, month)
            return await _with_closings(connection, partner_id, month)

    async def items(
        self,
        partner_id: str,
        period: str,
        *,
        reason: str | None = None,
        customer_id: str | None = None,
        only_different: bool = False,
        after: tuple[str, str, str] | None = None,
        most: int,
    ) -> Sequence[MonthItem]:
        """Return rows behind the sums, by customer, key and billing cycle; `after` is these three of the last one."""
        wanted = RowsWanted(partner_id, period, reason, customer_id, only_different, after, most)
        if not wanted.of_reason or not self._memory.has(partner_id, period):
            return await month_rows(self._pool, wanted)
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            return await rows_of_reason(connection, self._memory, wanted, wanted.of_reason)

    async def accept(self, partner_id: str, period: str, item_key: str, note: str, *, by: Actor) -> datetime:
        """Accept a thing as it is, for the reason that it has now; return when."""
        async with self._pool.acquire() as connection, connection.transaction():
            await lock_open_month(connection, partner_id, period)
            thing = await QUERIES.month_item(connection, partner_id=partner_id, period=period, item_key=item_key)
            if thing is None or thing["reason"] is None:
                raise UnknownItemError(item_key)
            accepted_at: datetime = await QUERIES.accept_in_month(
                connection,
                partner_id=partner_id,
                period=period,
                item_key=item_key,
                reason=thing["reason"],
                note=note,
                accepted_by=by.name,
                accepted_by_key_id=by.key_id,
            )
            detail = {"item_key": item_key, "reason": thing["reason"], "note": note}
            await record(connection, by, Act.MONTH_ACCEPTED, partner_id=partner_id, subject=period, detail=detail)
        return accepted_at

    async def accept_together(
        self, partner_id: str, period: str, customer_id: str, reason: str, note: str, *, seen: str, by: Actor
    ) -> tuple[datetime, int]:
        """Accept all that waits of a customer for a reason, or nothing; each thing has its entry in the audit log."""
        async with self._pool.acquire() as connection, connection.transaction():
            await lock_open_month(connection, partner_id, period)
            wanted = RowsWanted(partner_id, period, reason, customer_id, only_different=True)
            rows = await month_rows(connection, wanted)
            waiting = as_seen((row for row in rows if row.waits_for_word), seen)
            accepted_at: datetime = await QUERIES.accept_together_in_month(
                connection,
                partner_id=partner_id,
                period=period,
                reason=reason,
                item_keys=waiting.item_keys,
                note=note,
                accepted_by=by.name,
                accepted_by_key_id=by.key_id,
            )
            entries = [(period, {"item_key": key, "reason": reason, "note": note}) for key in waiting.item_keys]
            await record_many(connection, by, Act.MONTH_ACCEPTED, entries, partner_id=partner_id)
        return accepted_at, waiting.count

    async def withdraw_together(
        self,
        partner_id: str,
        period: str,
        customer_id: str,
        reason: str,
        accepted_at: datetime,
        *,
        seen: str,
        by: Actor,
    ) -> int:
        """Take back what was accepted at that time of a customer for a reason, or nothing; return how many things."""
        async with self._pool.acquire() as connection, connection.transaction():
            await lock_open_month(connection, partner_id, period)
            rows = await month_rows(connection, RowsWanted(partner_id, period, reason, customer_id))
            accepted = as_seen((row for row in rows if row.accepted_at == accepted_at), seen)
            await QUERIES.withdraw_together(
                connection, partner_id=partner_id, period=period, item_keys=accepted.item_keys
            )
            entries = [(period, {"item_key": key}) for key in accepted.item_keys]
            await record_many(connection, by, Act.MONTH_WITHDRAWN, entries, partner_id=partner_id)
        return accepted.count

    async def withdraw(self, partner_id: str, period: str, item_key: str, *, by: Actor) -> bool:
        """Take an acceptance back; False if there was none."""
        async with self._pool.acquire() as connection, connection.transaction():
            await lock_open_month(connection, partner_id, period)
            gone = await QUERIES.withdraw_acceptance(
                connection, partner_id=partner_id, period=period, item_key=item_key
            )
            if gone is None:
                return False
            detail = {"item_key": item_key}
            await record(connection, by, Act.MONTH_WITHDRAWN, partner_id=partner_id, subject=period, detail=detail)
        return True

    async def close(self, partner_id: str, period: str, *, seen: int, by: Actor) -> Closing | None:
        """Close a month and keep its certificate; a month that is closed already stays as it was closed.

        Arguments and errors: the Protocol in `report_api.stores`.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.lock_month(connection, partner_id=partner_id, period=period)
            month = await _month(connection, partner_id, period)
            if month is None or month.closing is not None:
                return None if month is None else await _closing(connection, partner_id, period)
            found = month.reconciliation
            if found.open_things or any(total.unexplained for total in found.totals):
                raise NotReadyError(found.open_things)
            if found.accepted != seen:
                raise MonthChangedError(found.accepted)
            certificate = await certificate_of(connection, partner_id, month, by)
            row = await QUERIES.close_month(
                connection,
                partner_id=partner_id,
                period=period,
                closed_by=by.name,
                closed_by_key_id=by.key_id,
                certificate=certificate,
            )
            detail = {"accepted": found.accepted, "fingerprint": certificate["fingerprint"]}
            closed = MonthClosed(
                partner_id=partner_id, period=period, closed_by=by.name, closed_at=row["closed_at"], **detail
            )
            await emit(connection, closed)
            await record(connection, by, Act.MONTH_CLOSED, partner_id=partner_id, subject=period, detail=detail)
        return Closing(row["number"], row["closed_at"], by.name, certificate)

    async def closing(self, partner_id: str, period: str, *, number: int | None = None) -> Closing | None:
        """Return how a month was closed, the `number`-th time or as it stands; None: it was not."""
        async with self._pool.acquire() as connection:
            return await _closing(connection, partner_id, period, number)

    async def kept_certificates(self, partner_id: str, *, most: int) -> Sequence[KeptCertificate]:
        """Return the certificates of months whose details are no longer kept, newest first."""
        rows = QUERIES.certificates_without_details(self._pool, partner_id=partner_id, most=most)
        return [KeptCertificate(**row) async for row in rows]


async def _month(connection: Connection, partner_id: str, period: str) -> Month | None:
    month = await _sums(connection, partner_id, period)
    return None if month is None else await _with_closings(connection, partner_id, month)


async def _sums(connection: Connection, partner_id: str, period: str) -> Month | None:
    of = {"partner_id": partner_id, "period": period}
    rows = [row async for row in QUERIES.month_invoices(connection, **of)]
    if any(row["counts"] and row["purged_at"] is not None for row in rows):
        return None  # the sums of the others are not the month's
    invoices = [MonthInvoice(loaded_invoice(row), row["counts"]) for row in rows if row["purged_at"] is None]
    if not any(each.counts for each in invoices):
        return None
    groups = [
        MonthGroup(**{**row, "outcome": known_outcome(row["outcome"])})
        async for row in QUERIES.month_groups(connection, **of)
    ]
    changes = MonthChanges(**await QUERIES.month_changes(connection, **of))
    return Month(period, invoices, reconcile(groups), changes)


async def _with_closings(connection: Connection, partner_id: str, month: Month) -> Month:
    rows = QUERIES.month_closings(connection, partner_id=partner_id, period=month.period)
    return replace(month, closings=[ClosingHead(**row) async for row in rows])


async def _closing(connection: Connection, partner_id: str, period: str, number: int | None = None) -> Closing | None:
    row = await QUERIES.month_closing(connection, partner_id=partner_id, period=period, number=number)
    return None if row is None else Closing(**row)
