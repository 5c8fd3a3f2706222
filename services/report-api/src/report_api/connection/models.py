"""A partner's connection to Halo."""

from datetime import datetime
from typing import Annotated, Literal

from halosync.contracts.connection import HaloTenant
from halosync.contracts.message import Identifier, printable
from halosync.domain.tenant import MOST_CHARACTERS
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StrictBool, StringConstraints

from report_api.web.fields import VISIBLE

Entered = Annotated[str, StringConstraints(min_length=1, max_length=MOST_CHARACTERS), AfterValidator(printable)]


class HaloConnection(BaseModel):
    """The connection to the partner's Halo. No token is ever part of it."""

    model_config = ConfigDict(from_attributes=True)

    state: Literal["disconnected", "pending", "connected", "broken"] = Field(
        description="`broken`: Halo refuses us for good; a person must connect again."
    )
    tenant: str | None = Field(description="A name (`acme`), or the whole host of a Halo that is elsewhere.")
    client_id: str | None
    halo_tenant: str | None = Field(description="What Halo calls the tenant, where that differs from its address.")
    granted_scopes: list[str]
    connected_at: datetime | None
    problem: str | None = Field(description="Why it is broken or was not made, with what to do.")
    problem_code: Literal["token_unreadable"] | None = Field(
        default=None, description="`token_unreadable`: a key of halosync's own is missing; the operator puts it back."
    )


class ConnectRequest(BaseModel):
    """Begin a connection."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"tenant": "acme", "client_id": "4f6b1c1e-0000-4000-8000-1"}}
    )

    tenant: Entered = Field(
        description="`acme` of acme.halopsa.com, or the Halo's address as a browser shows it. 422 says what to enter.",
        json_schema_extra={"pattern": VISIBLE},
    )
    client_id: Identifier = Field(
        description="Of the application that was registered in Halo.", json_schema_extra={"pattern": VISIBLE}
    )
    halo_tenant: HaloTenant | None = Field(
        default=None, description="What Halo calls the tenant, only where that differs from its address."
    )
    allow_shared_tenant: StrictBool = Field(
        default=False,
        description="Operators only: from now on this partner may connect a Halo that another one has too.",
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


class HaloFinding(BaseModel):
    """One fact that halosync depends on, and what this Halo does; it names nothing of the partner's."""

    model_config = ConfigDict(from_attributes=True)

    fact: str
    found: str
    verdict: Literal["as assumed", "tolerated", "new: tell us"] = Field(
        description="`tolerated`: halosync copes with it. `new: tell us`: nobody knows yet whether it does."
    )


class ConnectionTestResult(BaseModel):
    """What Halo showed when it was read a moment ago."""

    model_config = ConfigDict(from_attributes=True)

    tenant: str
    clients: int = Field(description="How many clients Halo shows, inactive ones too.")
    licences: int = Field(description="How many licences Halo shows, inactive ones too.")
    checked_at: datetime
    took_ms: int = Field(description="How long the reading took, in milliseconds.")
    findings: list[HaloFinding] = Field(
        description="What this Halo does with what halosync depends on, as far as there was time to look."
    )
