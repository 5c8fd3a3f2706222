"""The time without faults: a world comes to rest, and people press Sync until nothing is left to do."""

from collections.abc import Callable, Sequence

from halosync.domain.invoice_choice import MonthInvoices
from halosync.domain.model import Action, Outcome, Reason
from halosync.domain.run_sentences import NoRun
from halosync.domain.states import RunState

from simulation import clock
from simulation.book import BELOW_ZERO, Book
from simulation.disturbance import TICK_S
from simulation.expected import Expected
from simulation.halo import REFUSED, Halo
from simulation.invoices import invoices_to_sync, start
from simulation.process import Dice
from simulation.rows import Item
from simulation.services import Deployment

RECOVERY_S = 24 * 3600.0
"""How long a world without faults may take to come to rest: fifty attempts and look-ups after them, each through two
windows of a limit; and a run before them that began as late."""

QUIET_S = 400.0
"""At rest a world goes on for so long: what was stopped goes on, what is late happens."""


class Recovery:
    """Brings a world to rest. `ended` tells whether every run that is to be has ended.

    Attributes:
        unapproved: what was removed or repriced before anybody approved it.
    """

    def __init__(
        self,
        deployment: Deployment,
        halo: Halo,
        expected: Expected,
        book: Book,
        dice: Dice,
        *,
        ended: Callable[[], bool],
        choose: Callable[[str, MonthInvoices], None],
    ) -> None:
        self._deployment, self._halo, self._expected = deployment, halo, expected
        self._book, self._dice, self._scenario = book, dice, deployment.scenario
        self._ended, self._choose = ended, choose
        self.unapproved: list[str] = []
        self._approved = not self._scenario.reviews

    async def rests_at_last(self, *, changed: bool) -> bool:
        """Wait until the run has ended; press Sync again while something is left to do; False if it never ends.

        `changed`: whether a person has changed something that the last run may not have seen.
        """
        for _ in range(8):
            self._deployment.keep_alive()
            if not await self._rests():
                return False
            if self._done() and not changed:
                return True
            changed = False
            self._choose_at_last()
            self._follow_advice()
            accepts = bool(self._expected.removed or self._scenario.unlisted or self._scenario.nobodys)
            if accepts:
                # Who has removed licences in Halo by hand, or has clients that it does not list, says that the list may
                # be shorter, having seen that it is right otherwise: whoever accepts what an agent without rights sees
                # gets a run that does nothing.
                await clock.sleep(max(self._halo.faults.shows_lists_at - clock.now(), 0.0))
            held = self._held()
            if held and not self._approved:
                self.unapproved, self._approved = self._changed_unseen(), True
            start(
                self._deployment.database,
                accept_shrunk_read=accepts,
                approve_review=held or None,
                approved=frozenset(item.item_id for item in self._held_items(Reason.EDITED_IN_HALO)),
            )
        return False

    async def repeats_nothing(self) -> bool:
        """Press Sync once more where Halo does not keep all; tell whether nothing is sent that was sent before."""
        if self._scenario.keeps == "all" or self._scenario.refuses or self._scenario.undeletable:
            return True
        before = len(self._writes())
        start(self._deployment.database, accept_shrunk_read=bool(self._expected.removed))
        return await self._rests() and len(self._writes()) == before

    def _writes(self) -> list[str]:
        return [entry.method for entry in self._halo.tenant.requests.since(0) if entry.method != "GET"]

    def look_for_unapproved(self) -> None:
        """Look at what was changed unseen, unless somebody has approved meanwhile."""
        if not self._approved:
            self.unapproved = self._changed_unseen()

    def _choose_at_last(self) -> None:
        """Let a person say which invoices count, where a month has several and nobody has said it."""
        period = self._book.counting()[0].period
        if invoices_to_sync(self._deployment.database) in (NoRun.SEVERAL_INVOICES, NoRun.SEVERAL_CURRENCIES):
            self._choose(period, self._dice.one_of(tuple(MonthInvoices)))

    def _follow_advice(self) -> None:
        """Let a person keep what may be a create that nobody could look up, and is not: its item asks for that."""
        database, demand = self._deployment.database, self._book.demand()
        newest = max(database.runs.values(), key=lambda run: run.run_id.int)
        unsure = (
            {
                item.client_id
                for item in database.items.values()
                if item.run_id == newest.run_id and item.action is Action.NONE and item.reason == Reason.OUTCOME_UNKNOWN
            }
            if newest.undoes is None
            else set()
        )
        for licence in self._halo.licences():
            key = self._expected.key(licence)
            if licence.client_id in unsure and key not in demand and not self._expected.is_gone(licence):
                database.kept.add(licence.id)
                self._expected.staying[key] = licence.count
                self._expected.spared.add(key)

    def _held(self) -> int:
        """How many changes the newest run holds for the first review: what a person looks at and approves."""
        return len(self._held_items(Reason.FIRST_REVIEW))

    def _held_items(self, reason: Reason) -> list[Item]:
        """Return what the newest run holds for a reason; what an undo holds is none of a Sync's."""
        db = self._deployment.database
        newest = max(db.runs.values(), key=lambda run: run.run_id.int)
        items = [item for item in db.items.values() if item.run_id == newest.run_id and newest.undoes is None]
        return [item for item in items if item.reason == reason and item.outcome is Outcome.HELD]

    def _changed_unseen(self) -> list[str]:
        """Say what was removed or repriced before anybody approved (spec section 15.10)."""
        tenant, removed = self._halo.tenant, self._expected.removed
        now = {licence.id: licence for licence in tenant.licences.ever()}
        return [
            f"I10 licence {number} of others was removed or repriced before a person approved it"
            for number, price in self._expected.of_others.items()
            if self._expected.plain(now[number].name) not in removed
            and (self._expected.is_gone(now[number]) or now[number].price != price)
        ]

    async def _rests(self) -> bool:
        """Wait until the run has ended and all is quiet; False if that never comes."""
        until = clock.now() + RECOVERY_S
        while not (self._ended() and self._deployment.broker.idle):
            if clock.now() > until:
                return False
            await clock.sleep(TICK_S)
        await clock.sleep(QUIET_S)
        return True

    def _done(self) -> bool:
        """Whether the newest run did all there is to do; a refused product fails for ever, and alone."""
        db = self._deployment.database
        if isinstance(invoices := invoices_to_sync(db), NoRun):
            return False
        newest = max(db.runs.values(), key=lambda run: run.run_id.int)
        left = [item for item in db.items.values() if item.run_id == newest.run_id and item.outcome is Outcome.FAILED]
        refused = [item for item in left if item.licence_name == REFUSED and item.reason == Reason.HALO_REJECTED]
        not_kept = [item for item in left if item.reason == Reason.NOT_KEPT and self._scenario.keeps != "all"]
        wanted = (newest.invoice_pk, *newest.further) == tuple(invoice.invoice_pk for invoice in invoices)
        refuses = self._scenario.refuses and any(code == REFUSED for _, code in self._book.demand())
        explained = len(left) == len(refused) + len(not_kept) + self._failing(left) and bool(refused) is refuses
        ended = newest.state is (RunState.PARTIAL if left else RunState.SUCCEEDED)
        held = self._held() or self._held_items(Reason.EDITED_IN_HALO)
        return wanted and ended and explained and newest.undoes is None and not held

    def _failing(self, left: Sequence[Item]) -> int:
        """Return how many of the items that are left must fail: at a negative price, and what cannot be deleted."""
        there = {self._expected.key(licence) for licence in self._halo.licences()}
        below = [item for item in left if item.reason == Reason.NEGATIVE_PRICE and item.product_code == BELOW_ZERO]
        undeletable = [
            item
            for item in left
            if item.reason == Reason.HALO_REJECTED and self._expected.is_undeletable((0, item.licence_name))
        ]
        stays = [key for key in there if self._expected.is_undeletable(key) and key not in self._expected.spared]
        as_they_must = len(below) == self._scenario.below_zero and len(undeletable) == len(stays)
        return len(below) + len(undeletable) if as_they_must else len(left) + 1
