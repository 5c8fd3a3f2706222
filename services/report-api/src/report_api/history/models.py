"""A partner's audit log."""

from datetime import datetime
from typing import Any

from halosync.domain.acts import Act
from pydantic import BaseModel, Field

from report_api.web.paging import Page


class AuditEntry(BaseModel):
    """Something that somebody did."""

    audit_id: int
    at: datetime
    actor: str = Field(description="Name of the API key, `auto_sync`, `operator` (the command line) or `Halo`.")
    is_operator: bool = Field(description="An operator did it.")
    act: str = Field(description="What was done, for programs.", examples=[Act.RUN_STARTED.value])
    subject: str = Field(description="The id of what it was done to.")
    sentence: str = Field(description="What was done, for people.")
    detail: dict[str, Any] = Field(description="What the sentence is made of, such as the values before and after.")


class AuditPage(Page[AuditEntry]):
    """Entries, newest first."""
