"""Notices on their way: spread to those who are to be told, and delivered (decision 14).

Every replica of report-api does this work. A notice is spread in one transaction; a delivery is claimed, made, and
finished, and one whose process dies is claimed again when the claim has run out.
"""

from collections.abc import Collection
from datetime import UTC, date, datetime

import asyncpg

from halosync.domain.model import Reason
from halosync.domain.notices import TRIED_FOR_S, News, NoticeType, news_of_run, overdue, pause_s, rest_s
from halosync.ports.notices import DueMail, DueWebhook, ToldNotice
from halosync.ports.webhooks import DeliveryAttempt, SealedSecret
from halosync.store.pool import Connection, Pool
from halosync.store.queries import QUERIES

SPREAD = 50
"""How many notices are spread in one transaction."""

CLAIM_S = 60.0
"""How long a delivery is one process's; longer than an attempt may take, also an e-mail (40 s, then 5 s)."""

KEPT_DAYS = 30
"""How long notices are kept, with their deliveries and attempts."""

PURGED_AT_ONCE = 500
"""How many rows are purged, or given up, in one statement."""


class NoticeStore:
    """Notices in Postgres."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def spread(self, *, by_mail: bool) -> int:
        """Make deliveries of notices that are new; return how many notices there were. Without `by_mail` no e-mail."""
        async with self._pool.acquire() as connection, connection.transaction():
            rows = [row async for row in QUERIES.lock_notices_to_spread(connection, most=SPREAD)]
            for row in rows:
                if row["type"] == NoticeType.RUN_FINISHED:
                    await _spread_run(connection, row, by_mail=by_mail)
                else:
                    await _spread(connection, row["notice_id"], row["partner_id"], row["type"], by_mail=by_mail)
                await QUERIES.notice_spread(connection, notice_id=row["notice_id"])
        return len(rows)

    async def tell_overdue(self, today: date, *, by_mail: bool) -> None:
        """Tell each partner once whose invoice is overdue on this day, in UTC."""
        rows = [row async for row in QUERIES.when_invoices_are_expected(self._pool)]
        for row in rows:
            expected = missing_since(row, today)
            if expected is None:
                continue
            data = {"partner_id": row["partner_id"], "expected": expected.isoformat()}
            news = News(NoticeType.INVOICE_OVERDUE, expected.isoformat(), data)
            async with self._pool.acquire() as connection, connection.transaction():
                await _tell(connection, row["partner_id"], news, datetime.now(UTC), by_mail=by_mail)

    async def claim_webhook(self, full: Collection[str]) -> DueWebhook | None:
        """Claim the delivery to a webhook that is due longest; None if none is. `full`: partners that wait."""
        row = await QUERIES.claim_webhook_delivery(self._pool, full=list(full), claim_s=CLAIM_S)
        if row is None:
            return None
        return DueWebhook(
            delivery_id=row["delivery_id"],
            notice=_notice(row),
            attempts=row["attempts"],
            webhook_id=row["webhook_id"],
            url=row["url"],
            secret=SealedSecret(row["secret_key_id"], row["sealed_secret"]),
            due_at=row["due_at"],
            claimed_until=row["claimed_until"],
            failures=row["failures"],
        )

    async def finish_webhook(self, due: DueWebhook, attempt: DeliveryAttempt) -> None:
        """Keep what came of an attempt and release the webhook; nothing if the claim is lost or the webhook gone."""
        failures = 0 if attempt.problem is None else due.failures + 1
        async with self._pool.acquire() as connection, connection.transaction():
            mine = await QUERIES.release_webhook(
                connection,
                webhook_id=due.webhook_id,
                claimed_until=due.claimed_until,
                failures=failures,
                rest_s=float(rest_s(failures)) if failures else 0.0,
            )
            if mine:
                await _finish(connection, due, attempt)
                await _record(connection, due, attempt)

    async def postpone_webhook(self, due: DueWebhook, wait_s: float) -> None:
        """Release a webhook to which nothing could be sent for a reason of ours; its receiver has not failed."""
        await QUERIES.release_webhook(
            self._pool,
            webhook_id=due.webhook_id,
            claimed_until=due.claimed_until,
            failures=due.failures,
            rest_s=wait_s,
        )

    async def claim_mail(self) -> DueMail | None:
        """Claim an e-mail that is due; None if none is."""
        row = await QUERIES.claim_mail(self._pool, claim_s=CLAIM_S)
        if row is None:
            return None
        names = ("delivery_id", "attempts", "due_at", "email", "partner_name", "is_wanted")
        return DueMail(notice=_notice(row), **{name: row[name] for name in names})

    async def finish_mail(self, due: DueMail, attempt: DeliveryAttempt) -> None:
        """Keep what came of an e-mail; nothing if the claim is lost."""
        async with self._pool.acquire() as connection, connection.transaction():
            if await _finish(connection, due, attempt):
                await _record(connection, due, attempt)

    async def drop_mail(self, due: DueMail) -> None:
        """Forget an e-mail that nobody wants any more."""
        await QUERIES.drop_delivery(self._pool, delivery_id=due.delivery_id)

    async def give_up(self) -> int:
        """Give up some of the deliveries that receivers have not taken for a day; return how many."""
        given_up: int = await QUERIES.give_up_deliveries(
            self._pool, tried_for_s=float(TRIED_FOR_S), most=PURGED_AT_ONCE
        )
        return given_up

    async def purge(self) -> int:
        """Delete some of the notices that are older than they are kept; return how many."""
        gone: int = await QUERIES.purge_notices(self._pool, kept_days=KEPT_DAYS, most=PURGED_AT_ONCE)
        return gone


def missing_since(row: asyncpg.Record, today: date) -> date | None:
    """Return the day on which a partner's invoice was expected that has not arrived; None if none is overdue today.

    `row`: of the query `when_invoices_are_expected`.
    """
    since = row["created_at"].astimezone(UTC).date()
    return overdue(today, since, row["arrived"], row["invoice_day"], row["country"])


async def _spread_run(connection: Connection, row: asyncpg.Record, *, by_mail: bool) -> None:
    """Spread the end of a run, and with it what the run holds that was not told before."""
    run_id = row["data"]["run_id"]
    held = [each async for each in QUERIES.held_by_reason(connection, run_id=run_id)]
    review = [each for each in held if each["reason"] == Reason.FIRST_REVIEW]
    others = [each for each in held if each["reason"] != Reason.FIRST_REVIEW]
    states = {NoticeType.ITEMS_HELD: _state(others), NoticeType.REVIEW_NEEDED: _state(review)}
    for news in news_of_run(row["data"], {each["reason"]: each["count"] for each in held}, states):
        if news.type is NoticeType.RUN_FINISHED:
            await _spread(connection, row["notice_id"], row["partner_id"], news.type, by_mail=by_mail)
        else:
            await _tell(connection, row["partner_id"], news, row["happened_at"], by_mail=by_mail)


def _state(held: list[asyncpg.Record]) -> str:
    return " ".join(f"{each['reason']}:{each['digest']}" for each in held)


async def _tell(connection: Connection, partner_id: str, news: News, happened_at: datetime, *, by_mail: bool) -> None:
    """Write and spread a notice of a state that lasts, if it is another one than was told last, and not its end."""
    changed = await QUERIES.note_state(connection, partner_id=partner_id, type=news.type, state=news.state)
    if not changed or not news.state:
        return
    notice_id = await QUERIES.tell_notice(
        connection, partner_id=partner_id, type=news.type, data=news.data, happened_at=happened_at
    )
    await _spread(connection, notice_id, partner_id, news.type, by_mail=by_mail)


async def _spread(connection: Connection, notice_id: object, partner_id: str, kind: str, *, by_mail: bool) -> None:
    await QUERIES.spread_to_webhooks(connection, notice_id=notice_id, partner_id=partner_id, type=kind)
    if by_mail:
        await QUERIES.spread_to_people(connection, notice_id=notice_id, partner_id=partner_id)


async def _finish(connection: Connection, due: DueWebhook | DueMail, attempt: DeliveryAttempt) -> bool:
    """Store how the delivery goes on; False if it was asked for again or claimed by another process since."""
    made = due.attempts + 1
    pause = None if attempt.problem is None else pause_s(made)
    state = "delivered" if attempt.problem is None else "failed" if pause is None else "pending"
    finished = await QUERIES.finish_delivery(
        connection,
        delivery_id=due.delivery_id,
        due_at=due.due_at,
        state=state,
        attempts=made,
        pause_s=float(pause or 0),
    )
    return finished is not None


async def _record(connection: Connection, due: DueWebhook | DueMail, attempt: DeliveryAttempt) -> None:
    await QUERIES.record_attempt(
        connection,
        delivery_id=due.delivery_id,
        **{name: getattr(attempt, name) for name in DeliveryAttempt.__dataclass_fields__},
    )


def _notice(row: asyncpg.Record) -> ToldNotice:
    return ToldNotice(**{name: row[name] for name in ToldNotice.__dataclass_fields__})
