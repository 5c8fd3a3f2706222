"""A partner's API keys and its audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from halosync.contracts.message import Text
from halosync.domain.acts import Act
from pydantic import BaseModel, ConfigDict, Field

from report_api.paging import Page
from report_api.texts import PRINTABLE


class KeyRequest(BaseModel):
    """Create a key."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: Text = Field(
        description="What it is for; what it does is recorded under this name.",
        json_schema_extra={"pattern": PRINTABLE},
    )


class Key(BaseModel):
    """An API key of the partner, without the key itself."""

    model_config = ConfigDict(from_attributes=True)

    key_id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None = Field(description="To within a few minutes; null: not used yet.")
    revoked_at: datetime | None = Field(description="Null: it is in use.")


class NewKey(BaseModel):
    """A key that was created. It is shown this once."""

    key_id: UUID
    api_key: str


class KeyList(BaseModel):
    """All keys of the partner; there are few, so they come at once."""

    items: list[Key]
    next_cursor: None = None


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
