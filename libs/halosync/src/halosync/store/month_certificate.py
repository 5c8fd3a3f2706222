"""What is certified when a month is closed (spec section 11)."""

from dataclasses import asdict
from datetime import datetime

from halosync.domain.acts import Actor
from halosync.domain.decimals import plain
from halosync.ports.months import Month, MonthItem
from halosync.store.month_items import RowsWanted, month_rows
from halosync.store.pool import Connection
from halosync.store.queries import QUERIES

_OF_A_RUN = (
    "mode",
    "state",
    "requested_by",
    "approve_removals",
    "approve_review",
    "approved_items",
    "removal",
    "price_field",
    "created",
    "updated",
    "deleted",
    "failed",
    "held",
)

_OF_AN_EXCEPTION = (
    "item_key",
    "customer_id",
    "customer_name",
    "product_code",
    "licence_name",
    "billing_cycle",
    "reason",
    "detail",
    "note",
    "accepted_by",
)


async def certificate_of(connection: Connection, partner_id: str, month: Month, by: Actor) -> dict[str, object]:
    """Return what is certified, as JSON has it: it is kept as it was, whatever becomes of the rows."""
    of = {"partner_id": partner_id, "period": month.period}
    # What is certified is all of it.
    rows = await month_rows(connection, RowsWanted(partner_id, month.period, only_different=True))
    exceptions = [_exception(item) for item in rows if item.is_exception]
    runs = [
        {
            **{name: row[name] for name in _OF_A_RUN},
            "run_id": str(row["run_id"]),
            "started_at": _time(row["created_at"]),
            "finished_at": _time(row["finished_at"]),
        }
        async for row in QUERIES.month_runs(connection, **of)
    ]
    return {
        "partner_id": partner_id,
        "period": month.period,
        "currency": month.currency,
        "closed_by": by.name,
        "totals": [
            {"billing_cycle": total.billing_cycle, **_amounts(total, "billed", "in_halo", "explained", "unexplained")}
            for total in month.reconciliation.totals
        ],
        "changes": asdict(month.changes),
        "invoices": [
            {
                "invoice_id": each.invoice.invoice_id,
                "revision": each.invoice.revision,
                "line_count": each.invoice.line_count,
                "total": plain(each.invoice.total),
            }
            for each in month.invoices
            if each.counts
        ],
        "not_recurring": plain(month.not_recurring),
        "exceptions": exceptions,
        "runs": runs,
        "fingerprint": await QUERIES.month_fingerprint(connection, **of),
    }


def _exception(item: MonthItem) -> dict[str, object]:
    return {
        **{name: getattr(item, name) for name in _OF_AN_EXCEPTION},
        **_amounts(item, "billed", "in_halo"),
        "accepted_at": _time(item.accepted_at),
    }


def _amounts(values: object, *names: str) -> dict[str, str]:
    return {name: plain(getattr(values, name)) for name in names}


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
