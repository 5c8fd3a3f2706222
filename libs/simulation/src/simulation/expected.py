"""What Halo must hold when a world has come to rest, told by who made the world."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import trunc

from halo_sandbox.model import Licence
from halosync.domain.model import Removal

from simulation.book import CYCLE, Key, Wish
from simulation.scenario import Scenario

HALF_A_CENT = Decimal("0.005")
UNDELETABLE = "STALE-0"
"""The licence that a Halo refuses to delete, if it refuses one."""


@dataclass
class Expected:
    """What must be there, and what must stay.

    Attributes:
        scenario: what Halo is like.
        wishes: what the invoices that count bill, without what Halo refuses for ever.
        staying: what no Sync may touch, by client and name, with its quantity.
        always: what was billed all the time, so that its licence is never removed.
        spared: what of that a person has said is to stay when it had perhaps been removed already.
        of_others: ids of licences that others wrote and recurring invoices bill, with their price.
        stale: those of them that no invoice bills.
        of_rivals: ids of licences that halosync wrote for another partner.
        removed: names of what a person has removed by hand.
        names: the product codes by how this Halo may call them.
    """

    scenario: Scenario
    wishes: Mapping[Key, Wish] = field(default_factory=dict)
    staying: dict[Key, float] = field(default_factory=dict)
    always: set[Key] = field(default_factory=set)
    spared: set[Key] = field(default_factory=set)
    of_others: dict[int, float] = field(default_factory=dict)
    stale: set[int] = field(default_factory=set)
    of_rivals: set[int] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)

    def key(self, licence: Licence) -> Key:
        """Return what a licence is of, whatever Halo calls it."""
        return licence.client_id, self.plain(licence.name)

    def plain(self, name: str) -> str:
        """Return the product code of a name that Halo may have changed."""
        return self.names.get(name, name)

    def quantity(self, key: Key) -> float:
        """Return how many must be there: as many as Halo can keep of what was asked."""
        if key in self.staying:
            return self.staying[key]
        asked = float(self.wishes[key].quantity)
        return float(trunc(asked)) if self.scenario.keeps == "whole" else asked

    def may_stay(self, key: Key) -> bool:
        """Tell whether a licence may be there although nothing asks for it: its removal is ignored or refused."""
        ignored = {"no_deletes": Removal.DELETE, "no_activity": Removal.DEACTIVATE}.get(self.scenario.keeps)
        return key not in self.wishes and (ignored is self.scenario.removal or self.is_undeletable(key))

    def is_undeletable(self, key: Key) -> bool:
        """Tell whether this Halo refuses the removal of a licence for ever."""
        return self.scenario.undeletable and self.scenario.removal is Removal.DELETE and key[1] == UNDELETABLE

    def is_gone(self, licence: Licence) -> bool:
        """Tell whether a licence is what a removal makes of it."""
        match self.scenario.removal:
            case Removal.DEACTIVATE:
                return licence.deleted or not licence.is_active
            case Removal.ZERO:
                return licence.deleted or not licence.count
            case Removal.DELETE:
                return licence.deleted


def is_as_asked(licence: Licence, wish: Wish) -> bool:
    """Tell whether a licence is what was asked for (spec section 9, "Verified writes")."""
    return (
        licence.is_active
        and Decimal(repr(licence.count)) == wish.quantity
        and abs(Decimal(repr(licence.price)) - wish.price) < HALF_A_CENT
        and (licence.billing_cycle or "").casefold() == CYCLE.casefold()
    )
