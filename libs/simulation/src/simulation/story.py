"""What the distributor and the partner do while things break: chapters of a world's life (spec section 9)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum

from halosync.domain.invoice_choice import MonthInvoices

from simulation.book import Book, Key, Published, Wish, Wrong
from simulation.process import Dice


class Chapter(StrEnum):
    """Something that happens after the first invoice."""

    REVISION = "revision"
    """A higher revision of the invoice that counts."""
    REPLACEMENT = "replacement"
    """Another invoice, which replaces it."""
    SECOND = "second"
    """Another invoice of its month, which does not; the partner says at some time which count."""
    NEXT_MONTH = "next_month"
    OLDER_MONTH = "older_month"
    """A correction of the month before: it changes nothing by itself."""
    SYNC = "sync"
    """Somebody presses Sync."""
    UNDO = "undo"
    """Somebody undoes one of the last runs, an undo among them."""
    RELEASE = "release"
    """Somebody releases some of the changes that the newest run holds."""
    EDIT = "edit"
    """Somebody changes a licence in Halo, or puts it back to what it was."""
    OTHER_CURRENCY = "other_currency"
    """A higher revision in another currency."""
    OTHER_DIGITS = "other_digits"
    """A revision with a quantity in digits that are not 0 to 9, or with an underscore: it is refused."""
    HALF_EVEN = "half_even"
    """A revision whose total is rounded half to even: it is refused."""
    REUSED_EVENT = "reused_event"
    """A revision under the `event_id` of an invoice that has been taken in: it is refused."""


THOUGHTS = (Chapter.UNDO, Chapter.RELEASE, Chapter.EDIT)
"""What people do with what halosync has done or held (spec section 11)."""

ODDITIES = (Chapter.OTHER_CURRENCY, Chapter.OTHER_DIGITS, Chapter.HALF_EVEN, Chapter.REUSED_EVENT)
"""What is odd in what the distributor publishes."""

_DIGITS = ("1_2", "\uff11\uff12", "\u0661\u0662")
"""Twelve, as Python reads it: with an underscore, in wide and in Arabic digits."""


class Story:
    """Tells the chapters of a world.

    Args:
        book: what has been published.
        dice: what the chapters say.
        stays: the keys that every invoice bills, so that every client is billed by each.
        every: all that may be billed, with its price.
        publish: hands an invoice to the broker.
        choose: tells what the partner says of a month.
        sync: presses Sync.
        taken_in: tells whether an invoice has been taken in.
        people: do the rest.
    """

    def __init__(
        self,
        book: Book,
        dice: Dice,
        *,
        stays: set[Key],
        every: Mapping[Key, Wish],
        publish: Callable[[Published], None],
        choose: Callable[[str, MonthInvoices], None],
        sync: Callable[[], object],
        taken_in: Callable[[Published], bool],
        people: Mapping[Chapter, Callable[[], object]],
    ) -> None:
        self._book, self._dice = book, dice
        self._stays, self._every = stays, every
        self._publish, self._choose, self._sync = publish, choose, sync
        self._taken_in, self._people = taken_in, people

    def tell(self, chapter: Chapter) -> None:
        """Let a chapter happen."""
        if chapter in self._people:
            self._people[chapter]()
            return
        newest = self._book.counting()[0]
        following = replace(newest, number=len(self._book.published), replaces=None, demand=self._another())
        new_id = f"INV-{following.number + 1}"
        match chapter:
            case Chapter.REVISION:
                self._publish(replace(following, revision=newest.revision + 1, replaces=newest.replaces))
            case Chapter.REPLACEMENT:
                self._publish(replace(following, invoice_id=new_id, revision=1, replaces=newest.invoice_id))
            case Chapter.SECOND:
                self._publish(replace(following, invoice_id=new_id, revision=1))
                if self._dice.hits(0.7):  # else somebody says it when all else has come to rest
                    self._choose(newest.period, self._dice.one_of(tuple(MonthInvoices)))
            case Chapter.NEXT_MONTH:
                self._publish(replace(following, invoice_id=new_id, revision=1, period=_after(newest.period)))
            case Chapter.OLDER_MONTH:
                self._publish(replace(following, invoice_id=new_id, revision=1, period="2026-10"))
            case Chapter.SYNC:
                self._sync()
            case _:
                self._tell_oddity(chapter, replace(following, revision=newest.revision + 1, replaces=newest.replaces))

    def _tell_oddity(self, chapter: Chapter, revision: Published) -> None:
        """Publish a revision that is odd, or refused for what is wrong in it."""
        match chapter:
            case Chapter.OTHER_CURRENCY:
                self._publish(replace(revision, currency="NZD" if revision.currency == "AUD" else "AUD"))
            case Chapter.OTHER_DIGITS:
                self._publish(replace(revision, wrong=Wrong.DIGITS, digits=self._dice.one_of(_DIGITS)))
            case Chapter.HALF_EVEN:
                self._publish(replace(revision, wrong=Wrong.TOTAL))
            case Chapter.REUSED_EVENT:
                # What has not come yet may be overtaken: then it would be the first one under its id.
                if taken_in := [each for each in self._book.sound if self._taken_in(each)]:
                    self._publish(replace(revision, wrong=Wrong.EVENT_ID, event=self._dice.one_of(taken_in).number))

    def _another(self) -> dict[Key, Wish]:
        """Draw an invoice: some products are gone, some have come, quantities have changed."""
        return {
            key: Wish(Decimal(self._dice.one_of(range(1, 9))), wish.price)
            for key, wish in self._every.items()
            if key in self._stays or self._dice.hits(0.8)
        }


def _after(period: str) -> str:
    year, month = map(int, period.split("-"))
    return f"{year + month // 12:04}-{month % 12 + 1:02}"
