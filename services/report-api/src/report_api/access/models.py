"""A partner's API keys."""

from datetime import datetime
from uuid import UUID

from halosync.contracts.message import Text
from pydantic import BaseModel, ConfigDict, Field

from report_api.web.fields import PRINTABLE

NO_KEY = "There is no such key in use."


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
