"""A partner's connection to Halo."""

from datetime import datetime
from typing import Literal

from halosync.contracts.message import Identifier
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from report_api.web.fields import PRINTABLE

_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# For the description; the rule itself, and its sentence, are `halosync.domain.tenant`'s.
_TENANT = rf"^({_LABEL}|(https://)?{_LABEL}\.halopsa\.com/?)$"


class Connection(BaseModel):
    """The connection to the partner's Halo. No token is ever part of it."""

    model_config = ConfigDict(from_attributes=True)

    state: Literal["disconnected", "pending", "connected", "broken"] = Field(
        description="`broken`: Halo refuses us for good; a person must connect again."
    )
    tenant: str | None
    client_id: str | None
    granted_scopes: list[str]
    connected_at: datetime | None
    problem: str | None = Field(description="Why it is broken or was not made, with what to do.")


class ConnectRequest(BaseModel):
    """Begin a connection."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"tenant": "acme", "client_id": "4f6b1c1e-0000-4000-8000-1"}}
    )

    tenant: str = Field(
        max_length=300,
        description="`acme` of acme.halopsa.com; the address itself will do too.",
        json_schema_extra={"pattern": _TENANT},
    )
    client_id: Identifier = Field(
        description="Of the application that was registered in Halo.", json_schema_extra={"pattern": PRINTABLE}
    )


class CompleteRequest(BaseModel):
    """Complete a connection with the parameters of Halo's redirect to `/accounts/`."""

    model_config = ConfigDict(
        extra="forbid",
        hide_input_in_errors=True,
        json_schema_extra={"example": {"state": "as it was sent to Halo", "code": "as Halo gave it"}},
    )

    state: str = Field(min_length=1, max_length=500, description="As it was sent to Halo; single-use.")
    code: SecretStr = Field(min_length=1, max_length=4000, description="Halo's authorisation code.")
    iss: str | None = Field(
        default=None, max_length=500, description="Who Halo says it is, where it does; it must be the tenant's."
    )


class ConnectBegun(BaseModel):
    """Where to send the browser."""

    authorize_url: str


class ConnectionTestResult(BaseModel):
    """What Halo showed when it was read a moment ago."""

    model_config = ConfigDict(from_attributes=True)

    tenant: str
    clients: int = Field(description="How many clients Halo shows, inactive ones too.")
    licences: int = Field(description="How many licences Halo shows, inactive ones too.")
    checked_at: datetime
    took_ms: int = Field(description="How long the reading took, in milliseconds.")
