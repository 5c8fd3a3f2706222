"""Bodies of the control surface: what a tenant starts with and what a person changes in it later."""

from typing import Annotated, NotRequired

from pydantic import BaseModel, ConfigDict, Field, JsonValue, with_config
from typing_extensions import TypedDict  # pydantic needs this one below Python 3.12

Name = Annotated[str, Field(min_length=1)]
RowId = Annotated[int, Field(ge=1, strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
_STRICT = ConfigDict(extra="forbid")


class Application(BaseModel):
    """An application registered in Halo: "Authorisation Code (Native Application)", no secret (halo-api section 1)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: Name
    name: str = "halosync"
    redirect_uris: tuple[str, ...] = ()


@with_config(_STRICT)
class ClientSeed(TypedDict):
    """A client to add; without an id it gets the next one."""

    id: NotRequired[RowId]
    name: str
    inactive: NotRequired[bool]


class _LicenceFields(TypedDict, total=False):
    count: Number
    price: Number
    purchase_price: Number
    billing_cycle: str | None
    site_id: int
    type: int
    status: int
    start_date: str | None
    end_date: str | None
    is_active: bool
    vendor: str | None
    notes: str | None
    product_sku: str | None
    vendor_product_sku: str | None
    azure_connection_id: int
    snowid: str | None
    thirdparty_client_id: str | None
    external_link_id: str | None


@with_config(_STRICT)
class LicenceSeed(_LicenceFields):
    """A licence to add; without an id it gets the next one. A plain dict: a tenant may start with 100,000.

    Without a client it is nobody's (`model.NO_CLIENT`).
    """

    id: NotRequired[RowId]
    client_id: NotRequired[RowId]
    name: Name


@with_config(_STRICT)
class LicenceChange(_LicenceFields, total=False):
    """Fields of a licence to change."""

    client_id: RowId
    name: Name


@with_config(_STRICT)
class RecurringLineSeed(TypedDict):
    """A line of a recurring invoice to add."""

    licence_id: RowId


class TenantSeed(BaseModel):
    """A whole tenant: what is in it, and the settings that differ from the defaults."""

    model_config = _STRICT

    applications: list[Application] = []
    clients: list[ClientSeed] = []
    licences: list[LicenceSeed] = []
    recurring_lines: list[RecurringLineSeed] = []
    settings: dict[str, JsonValue] = {}


class TokenRequest(BaseModel):
    """Tokens wanted without a browser, as if a person had logged in."""

    model_config = _STRICT

    client_id: Name
    scope: str = "all offline_access"


class ForeignRequests(BaseModel):
    """Requests that other software of the partner makes: they use up the limit."""

    model_config = _STRICT

    n: Annotated[int, Field(ge=1)]
