"""What a person can do about an item that was not simply synchronised: one answer for every reason."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from halosync.domain.model import Outcome, Reason


class Mending(StrEnum):
    """The act that mends an item."""

    LINK_CUSTOMER = "link_customer"
    """Say which Halo client the customer is."""
    INCLUDE_CUSTOMER = "include_customer"
    """Synchronise the customer again, if the partner has changed its mind."""
    LINK_LICENCE = "link_licence"
    """Say which licence name the product has."""
    APPROVE_REMOVALS = "approve_removals"
    """Look at the removals that the delete guard holds, and release them."""
    RECONNECT = "reconnect"
    """Connect Halo again, with the permissions that are missing."""
    RETRY = "retry"
    """Start a run that does what is left, where needed after something was mended in Halo."""
    NONE = "none"
    """Nothing of ours: all is well, or somebody else has to act, and the item's detail says who."""


MENDING: Mapping[Reason, Mending] = MappingProxyType(
    {
        Reason.CUSTOMER_NOT_FOUND: Mending.LINK_CUSTOMER,
        Reason.CUSTOMER_AMBIGUOUS: Mending.LINK_CUSTOMER,
        Reason.CUSTOMER_EXCLUDED: Mending.INCLUDE_CUSTOMER,
        Reason.NOT_RECURRING: Mending.NONE,
        Reason.QUANTITY_ZERO: Mending.NONE,
        Reason.CONFLICTING_LINES: Mending.NONE,  # the distributor has to correct the invoice
        Reason.NEGATIVE_QUANTITY: Mending.NONE,  # likewise
        Reason.LICENCE_AMBIGUOUS: Mending.RETRY,  # after all but one were renamed or deactivated in Halo
        Reason.LICENCE_CLAIMED_TWICE: Mending.LINK_LICENCE,
        Reason.DELETE_GUARD: Mending.APPROVE_REMOVALS,
        Reason.HALO_REJECTED: Mending.RETRY,  # after it was corrected in Halo
        Reason.HALO_UNAVAILABLE: Mending.RETRY,
        Reason.PERMISSION_DENIED: Mending.RECONNECT,
        Reason.OUTCOME_UNKNOWN: Mending.RETRY,
        Reason.CONNECTION_LOST: Mending.RECONNECT,
        Reason.RUN_CANCELLED: Mending.RETRY,
    }
)


def mending(reason: str | None) -> Mending:
    """Return what mends an item with this reason; NONE without one, or for a code of a newer version."""
    return MENDING.get(Reason(reason), Mending.NONE) if reason in set(Reason) else Mending.NONE


_CALL_FOR_NOBODY = {Mending.NONE, Mending.INCLUDE_CUSTOMER}
"""A customer that the partner excluded is as the partner wants it."""

MENDABLE_SKIPS = frozenset(reason for reason, act in MENDING.items() if act not in _CALL_FOR_NOBODY)
"""Reasons for which a skipped item calls for somebody."""


def calls_for_somebody(outcome: str | None, reason: str | None) -> bool:
    """Tell whether an item needs attention: it failed, is held, or was skipped and should not have been."""
    if outcome == Outcome.SKIPPED:
        return mending(reason) not in _CALL_FOR_NOBODY
    return outcome in {Outcome.FAILED, Outcome.HELD}
