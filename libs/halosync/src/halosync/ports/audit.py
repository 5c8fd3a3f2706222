"""An entry of the audit log, as people read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from halosync.domain.acts import Actor
from halosync.domain.audit_sentences import describe


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
