"""Notices: what a partner is told by webhook and e-mail, and when a delivery is tried again (spec section 11)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from halosync.domain.invoice_day import expected_invoice_date, is_business_day
from halosync.domain.model import Reason

MOST_URL = 2000
"""The longest address of a webhook, in characters."""

PAUSES_S = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 28_800)
"""The pauses between the attempts of one delivery, in seconds: growing, and a day in all."""

TRIED_FOR_S = 86_400
"""How long a delivery to a failing receiver is tried at most, in seconds since somebody last asked for it."""

MOST_REST_S = 300
"""The longest time for which a receiver that fails is sent nothing although something is due, in seconds."""

_PREVIEWS = frozenset({"preview", "undo_preview"})

NoticeData: TypeAlias = Mapping[str, Any]
"""What a notice says of what happened, as webhooks send it: JSON of the shape of its type."""


class NoticeType(StrEnum):
    """A change of state that a partner is told of."""

    INVOICE_ACCEPTED = "invoice.accepted"
    """An invoice was stored."""
    RUN_FINISHED = "run.finished"
    """A run that may have written has ended."""
    ITEMS_HELD = "items.held"
    """A run held items that it did not hold before; a person has to release them."""
    REVIEW_NEEDED = "review.needed"
    """The first review waits for a person, or has something else to show than before."""
    CONNECTION_LOST = "connection.lost"
    """Halo is not connected any more."""
    INVOICE_OVERDUE = "invoice.overdue"
    """The invoice was expected, and had not arrived by the end of the next business day."""
    MONTH_CLOSED = "month.closed"
    """Somebody closed a month."""


TEST = "webhook.test"
"""The type of what a person sends to try a webhook; nobody subscribes to it."""


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told.

    Attributes:
        type: the change of state.
        state: what is the same as long as nothing has changed; None: it is told whatever was told before.
        data: what a program gets to know, as JSON has it.
    """

    type: NoticeType
    state: str | None
    data: Mapping[str, object]


def news_of_run(told: NoticeData, held: Mapping[str, int], states: Mapping[NoticeType, str]) -> list[News]:
    """Return what a partner is told when a run has ended; nothing of a preview, which changes nothing.

    Args:
        told: the event `run.finished`, as JSON has it.
        held: how many items the run holds, by reason.
        states: of `ITEMS_HELD` and `REVIEW_NEEDED`: what is the same while the run holds the same items, "" for none.
    """
    if told["mode"] in _PREVIEWS:
        return []
    news = [News(NoticeType.RUN_FINISHED, None, told)]
    if not any(told["counters"].values()):
        return news  # it made no plan, and says nothing of what is held
    about = {name: told[name] for name in ("partner_id", "run_id", "invoice_id", "revision", "mode")}
    if told["mode"] == "undo":  # what it holds is no part of the first review of what a Sync would do
        both = "".join(states[kind] for kind in (NoticeType.ITEMS_HELD, NoticeType.REVIEW_NEEDED))
        undone = {**about, "held": sum(held.values()), "reasons": dict(held)}
        return [*news, News(NoticeType.ITEMS_HELD, both, undone)]
    review = held.get(Reason.FIRST_REVIEW, 0)
    others = {reason: count for reason, count in held.items() if reason != Reason.FIRST_REVIEW}
    by_reason = {**about, "held": sum(others.values()), "reasons": others}
    news.append(News(NoticeType.ITEMS_HELD, states[NoticeType.ITEMS_HELD], by_reason))
    news.append(News(NoticeType.REVIEW_NEEDED, states[NoticeType.REVIEW_NEEDED], {**about, "held": review}))
    return news


def pause_s(attempts: int) -> int | None:
    """Return how long to wait after so many attempts have failed, in seconds; None: the delivery is given up."""
    return PAUSES_S[attempts - 1] if attempts <= len(PAUSES_S) else None


def rest_s(failures: int) -> int:
    """Return how long a receiver is left alone after so many failures in a row, in seconds."""
    return min(PAUSES_S[min(failures, len(PAUSES_S)) - 1], MOST_REST_S)


def webhook_url(text: str, *, private: bool = False) -> str:
    """Return the address of a webhook if it may be one: https, and no host that is plainly not of the internet.

    What its name resolves to is looked at when it is connected to.

    Args:
        text: as it was entered.
        private: http and hosts of one's own network are taken too.

    Raises:
        ValueError: it may not be one; the text says why, and what to do.
    """
    url = text.strip()
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError(_NO_URL) from None
    if len(url) > MOST_URL or not url.isascii() or not url.isprintable() or " " in url or not host:
        raise ValueError(_NO_URL)
    if parts.scheme not in ({"http", "https"} if private else {"https"}):
        raise ValueError("must begin with https://, so that nobody on the way can read it")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user or password; check the signature of what arrives instead")
    if parts.fragment:
        raise ValueError("must not hold a # and what follows it; it would never be sent")
    if not private and not _may_be_public(host):
        raise ValueError("must be a host that can be reached from the internet, by its full name")
    return url


_NO_URL = "must be an address such as https://example.com/halosync"


def _may_be_public(host: str) -> bool:
    try:
        return ip_address(host).is_global
    except ValueError:
        # A name that is all digits and dots is an address in another notation.
        return "." in host.strip(".") and not host.rpartition(".")[2].isdigit()


def overdue(today: date, since: date, arrived: date | None, day: int, country: str | None) -> date | None:
    """Return the day on which an invoice was expected that is overdue; None if none is.

    Args:
        today: the day, in UTC.
        since: since when the partner is one: what was expected before is none of its.
        arrived: a day of the newest month that has an invoice; None without any.
        day: the setting `invoice_day`.
        country: whose public holidays count; None for weekends only.
    """
    year, month = today.year, today.month
    while (year, month) >= (since.year, since.month):
        expected = expected_invoice_date(year, month, day, country)
        following = expected + timedelta(days=1)
        while not is_business_day(following, country):
            following += timedelta(days=1)
        if following < today:
            has_arrived = arrived is not None and (arrived.year, arrived.month) >= (year, month)
            return None if has_arrived or expected < since else expected
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return None
