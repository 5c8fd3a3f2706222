"""A partner's API keys, and people."""

from datetime import datetime
from uuid import UUID

from halosync.contracts.message import Label
from halosync.domain.roles import Role
from halosync.ports.keys import MOST_IN_USE
from pydantic import BaseModel, ConfigDict, Field

from report_api.web.fields import VISIBLE

NO_KEY = "There is no such key in use."
TOO_MANY_KEYS = (
    f"A partner can have at most {MOST_IN_USE} API keys in use. Revoke one that nobody needs, then create the new one."
)


class KeyRequest(BaseModel):
    """Create a key."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: Label = Field(
        description="What it is for; what it does is recorded under this name.",
        json_schema_extra={"pattern": VISIBLE},
    )
    role: Role = Field(default=Role.ADMIN, description="What may be done with it.")


class Key(BaseModel):
    """An API key of the partner, without the key itself."""

    model_config = ConfigDict(from_attributes=True)

    key_id: UUID
    name: str
    role: Role
    created_at: datetime
    last_used_at: datetime | None = Field(description="To within a few minutes; null: not used yet.")
    revoked_at: datetime | None = Field(description="Null: it is in use.")


class NewKey(BaseModel):
    """A key that was created. It is shown this once."""

    key_id: UUID
    api_key: str


class KeyList(BaseModel):
    """A page of the partner's keys."""

    items: list[Key]
    next_cursor: str | None


class PersonRequest(BaseModel):
    """Give a person a role."""

    model_config = ConfigDict(extra="forbid")

    role: Role


class Person(BaseModel):
    """Somebody who may sign in."""

    model_config = ConfigDict(from_attributes=True)

    email: str = Field(description="In lower case.")
    role: Role
    created_at: datetime = Field(description="Since when the person may sign in.")


class PersonList(BaseModel):
    """A page of people."""

    items: list[Person]
    next_cursor: str | None
