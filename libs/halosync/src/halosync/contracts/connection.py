"""The messages around a partner's connection to Halo: requests to auth and planner with their replies, and events.

Requests and replies travel through queues that do not persist; a token is in no other message (spec section 5.6).
"""

from typing import Annotated, ClassVar, Literal, TypeAlias
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, field_serializer

from halosync.contracts.invoice import PartnerId
from halosync.contracts.message import Event, Identifier, Message


class RequestedBy(BaseModel):
    """Who asks, for the audit log; see `halosync.store.audit.Actor`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    key_id: UUID | None = None
    is_operator: bool = False


BrowserSession: TypeAlias = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""A session of the portal as the messages know it: a hash that nobody can sign in with."""


HaloTenant: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""A tenant's name in Halo."""


class BeginConnection(Message):
    """Start the OAuth journey of a partner."""

    message_type: ClassVar[str] = "connection.begin.v1"

    partner_id: PartnerId
    tenant: str = Field(description="As a person entered it: a name, a host, or an address.")
    client_id: Identifier
    halo_tenant: HaloTenant | None = Field(
        default=None, description="What Halo calls the tenant, where that differs from its host; sent as `tenant`."
    )
    session: BrowserSession | None = Field(
        default=None, description="The browser session that it is begun in, by a hash; null: begun by the API."
    )
    requested_by: RequestedBy | None = None


class ConnectionBegun(Message):
    """Where to send the browser."""

    message_type: ClassVar[str] = "connection.begun.v1"
    exchange = None

    authorize_url: str


class CompleteConnection(Message):
    """What Halo's redirect brought back: a code, or an error; and who brings it (spec section 10).

    A code is exchanged only for who began the attempt: in the portal, the same browser `session`, acting for
    `partner_id`; by the API, the same key (`requested_by`), or a person who acts for that partner, saw partner and
    tenant, and agreed (`confirmed`). Without this, an address would be enough to have somebody connect their Halo to
    another partner.
    """

    message_type: ClassVar[str] = "connection.complete.v1"

    partner_id: PartnerId | None = None
    session: BrowserSession | None = None
    confirmed: bool = False
    requested_by: RequestedBy | None = None
    iss: Annotated[str, Field(max_length=500)] | None = Field(
        default=None, description="Who Halo says it is, where it says so (RFC 9207)."
    )

    state: Annotated[str, Field(max_length=500)]
    code: Annotated[SecretStr, Field(max_length=4000)] | None = None
    error: str | None = None
    error_description: str | None = None

    @field_serializer("code", when_used="json-unless-none")
    def _reveal(self, code: SecretStr) -> str:
        return code.get_secret_value()


class ConnectionCompleted(Message):
    """The connection stands."""

    message_type: ClassVar[str] = "connection.completed.v1"
    exchange = None

    partner_id: PartnerId
    tenant: str


class EndConnection(Message):
    """Erase the partner's tokens."""

    message_type: ClassVar[str] = "connection.end.v1"

    partner_id: PartnerId
    requested_by: RequestedBy | None = None


class ConnectionEnded(Message):
    """The tokens are erased."""

    message_type: ClassVar[str] = "connection.ended.v1"
    exchange = None

    partner_id: PartnerId


class TokenRequest(Message):
    """Ask for an access token. `rejected_generation` names a token that Halo answered with 401."""

    message_type: ClassVar[str] = "token.request.v1"

    partner_id: PartnerId
    rejected_generation: int | None = None


class TokenGranted(Message):
    """An access token, good until `expires_at`. It grows a new `generation` with every refresh.

    `renewed` is false of a token that was there when the asker's was refused: Halo may refuse it as well, and that says
    nothing of permissions.
    """

    message_type: ClassVar[str] = "token.granted.v1"
    exchange = None

    partner_id: PartnerId
    tenant: str
    access_token: SecretStr
    generation: int
    expires_at: AwareDatetime
    renewed: bool = True

    @field_serializer("access_token", when_used="json")
    def _reveal(self, token: SecretStr) -> str:
        return token.get_secret_value()


class TestConnection(Message):
    """Read a little of the partner's Halo, to see whether the connection serves; the planner answers."""

    __test__: ClassVar[bool] = False  # or pytest would take its name for that of a test

    message_type: ClassVar[str] = "connection.test.v1"

    partner_id: PartnerId


class HaloFinding(BaseModel):
    """One fact that halosync depends on, and what this Halo does; it names nothing of the partner's."""

    model_config = ConfigDict(extra="ignore", frozen=True, from_attributes=True)

    fact: str
    found: str
    verdict: Literal["as assumed", "tolerated", "new: tell us"] = Field(
        description="`tolerated`: halosync copes with it. `new: tell us`: nobody knows yet whether it does."
    )


class ConnectionTested(Message):
    """Halo could be read: how many clients and licences it says it shows to whoever connected it."""

    message_type: ClassVar[str] = "connection.tested.v1"
    exchange = None

    partner_id: PartnerId
    tenant: str
    clients: int = Field(ge=0, description="How many clients, inactive ones too.")
    licences: int = Field(ge=0, description="How many licences, inactive ones too.")
    checked_at: AwareDatetime
    took_ms: int = Field(ge=0, description="How long the reading took, in milliseconds.")
    findings: list[HaloFinding] = Field(
        default=[], description="What this Halo does with what halosync depends on, as far as there was time to look."
    )


RefusalCode: TypeAlias = Literal[
    "not_connected",
    "connection_broken",
    "invalid_tenant",
    "invalid_state",
    "other_partner",
    "other_session",
    "wrong_issuer",
    "tenant_taken",
    "too_many_requests",
    "denied",
    "missing_scope",
    "invalid_client",
    "halo_unavailable",
    "unknown_partner",
    "rate_limited",
    "permission_denied",
    "unexpected_answer",
    "part_away",
    "token_unreadable",
    "secret_unreadable",
]
"""Why a request was refused, for programs."""


class RequestRefused(Message):
    """A request that could not be fulfilled. `code` is for programs, `detail` for people."""

    message_type: ClassVar[str] = "request.refused.v1"
    exchange = None

    code: RefusalCode
    detail: str
    partner_id: str | None = None
    retry_at: AwareDatetime | None = Field(
        default=None, description="With `rate_limited` and `too_many_requests`: when to ask again."
    )


class ConnectionEstablished(Event):
    """A partner's Halo is connected."""

    message_type: ClassVar[str] = "connection.established.v1"

    partner_id: PartnerId
    tenant: str
    granted_scopes: list[str]
    connected_at: AwareDatetime


class ConnectionLost(Event):
    """A partner's Halo is no longer connected: a person must connect it again."""

    message_type: ClassVar[str] = "connection.lost.v1"

    partner_id: PartnerId
    tenant: str | None
    reason: Literal["disconnected", "invalid_grant"]
    problem: str
    lost_at: AwareDatetime
