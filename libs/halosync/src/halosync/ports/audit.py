"""An entry of the audit log, as people read it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from halosync.domain.acts import Act, Actor
from halosync.domain.audit_sentences import describe
from halosync.ports.sort_order import SortOrder


@dataclass(frozen=True)
class Entry:
    """One entry. `act` is text: a newer version may have written one that this one does not know."""

    audit_id: int
    at: datetime
    partner_id: str | None
    actor: Actor
    act: str
    subject: str
    detail: Mapping[str, Any]

    @property
    def sentence(self) -> str:
        """What was done, for people."""
        return describe(self.act, self.subject, self.detail)


class AuditSort(StrEnum):
    """What entries can be sorted by; those that are equal stand newest first."""

    TIME = "time"
    PERSON = "person"
    ACT = "act"
    """The name of the act."""


NEWEST_FIRST = SortOrder(AuditSort.TIME, descending=True)
"""The usual order of entries."""


@dataclass(frozen=True, slots=True)
class EntryChoice:
    """Which entries are asked for; what is None narrows nothing.

    Attributes:
        acts: only these.
        since, until: the first and the last day.
        actor: only what somebody of this name did: the name of an API key, an e-mail address, `auto_sync`.
        q: a text in the name of the act or of who did it, in the subject or in the details, in upper or lower case.
        zone: the time zone of the days, by its name in the tz database.
        order: the order, which narrows nothing.
    """

    acts: Collection[Act] | None = None
    since: date | None = None
    until: date | None = None
    actor: str | None = None
    q: str | None = None
    zone: str = "UTC"
    order: SortOrder[AuditSort] = NEWEST_FIRST

    @property
    def narrowed(self) -> bool:
        """Tell whether not all entries are asked for."""
        return self != EntryChoice(zone=self.zone, order=self.order)


EVERY_ENTRY = EntryChoice()
