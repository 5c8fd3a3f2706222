"""Remedies: what a person can do about an item that was not simply synchronised, one for every reason."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from halosync.domain.model import Outcome, Reason


class Remedy(StrEnum):
    """What a person can do about an item."""

    LINK_CUSTOMER = "link_customer"
    """Say which Halo client the customer is."""
    INCLUDE_CUSTOMER = "include_customer"
    """Synchronise the customer again, if the partner has changed its mind."""
    LINK_LICENCE = "link_licence"
    """Say which licence name the product has."""
    APPROVE_REMOVALS = "approve_removals"
    """Look at the removals that the delete guard holds, and release them."""
    APPROVE_REVIEW = "approve_review"
    """Look at what the first review holds, choose what is meant, and release it."""
    APPROVE_CHANGES = "approve_changes"
    """Look at the held changes, and release those that are right one by one."""
    RECONNECT = "reconnect"
    """Connect Halo again, with the permissions that are missing."""
    RETRY = "retry"
    """Start a run that does what is left: the failure goes away by itself."""
    SYNC = "sync"
    """Press Sync, if it is wanted after all."""
    CORRECT = "correct"
    """Correct something in Halo or on the invoice, as the detail says, then press Sync; trying again does not help."""
    NONE = "none"
    """Nothing of ours: all is well, or somebody else has to act, and the item's detail says who."""


REMEDIES: Mapping[Reason, Remedy] = MappingProxyType(
    {
        Reason.CUSTOMER_NOT_FOUND: Remedy.LINK_CUSTOMER,
        Reason.CUSTOMER_AMBIGUOUS: Remedy.LINK_CUSTOMER,
        Reason.CUSTOMER_EXCLUDED: Remedy.INCLUDE_CUSTOMER,
        Reason.NOT_RECURRING: Remedy.NONE,
        Reason.QUANTITY_ZERO: Remedy.NONE,
        Reason.CONFLICTING_LINES: Remedy.NONE,  # the distributor has to correct the invoice
        Reason.NEGATIVE_QUANTITY: Remedy.NONE,  # likewise
        Reason.NEGATIVE_PRICE: Remedy.NONE,  # likewise
        Reason.LICENCE_AMBIGUOUS: Remedy.CORRECT,  # after all but one were renamed or deactivated in Halo
        Reason.LICENCE_CLAIMED_TWICE: Remedy.LINK_LICENCE,
        Reason.DELETE_GUARD: Remedy.APPROVE_REMOVALS,
        Reason.FIRST_REVIEW: Remedy.APPROVE_REVIEW,
        Reason.MANAGED_ELSEWHERE: Remedy.NONE,  # as the other program wants it
        Reason.KEPT: Remedy.NONE,  # as the partner wants it
        Reason.EDITED_IN_HALO: Remedy.APPROVE_CHANGES,
        Reason.CHANGED_SINCE: Remedy.NONE,  # whoever changed it in Halo since wanted it so
        Reason.HALO_REJECTED: Remedy.CORRECT,
        Reason.HALO_UNAVAILABLE: Remedy.RETRY,
        Reason.PERMISSION_DENIED: Remedy.RECONNECT,
        Reason.OUTCOME_UNKNOWN: Remedy.RETRY,
        Reason.NOT_KEPT: Remedy.NONE,  # Halo changes it, so somebody must look there; the detail says at what
        Reason.CONNECTION_LOST: Remedy.RECONNECT,
        Reason.RUN_CANCELLED: Remedy.RETRY,
        Reason.UNDONE: Remedy.SYNC,
    }
)


def remedy_of(reason: str | None) -> Remedy:
    """Return the remedy for a reason; NONE without a reason, or for a code of a newer version."""
    return REMEDIES[Reason(reason)] if reason in set(Reason) else Remedy.NONE


_NOTHING_TO_DO = {Remedy.NONE, Remedy.INCLUDE_CUSTOMER}
"""A customer that the partner excluded is as the partner wants it."""

SKIPS_NEEDING_ATTENTION = frozenset(reason for reason, remedy in REMEDIES.items() if remedy not in _NOTHING_TO_DO)
"""Reasons for which a skipped item needs attention."""


def needs_attention(outcome: str | None, reason: str | None) -> bool:
    """Tell whether an item needs attention: it failed, is held, or was skipped and should not have been."""
    if outcome == Outcome.SKIPPED:
        return remedy_of(reason) not in _NOTHING_TO_DO
    return outcome in {Outcome.FAILED, Outcome.HELD}
