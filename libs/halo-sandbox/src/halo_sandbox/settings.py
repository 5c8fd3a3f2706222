"""What differs between one Halo and another: the settings of a tenant, changeable while it runs."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

Seconds = Annotated[float, Field(ge=0)]


class TenantSettings(BaseModel):
    """How this tenant behaves; every default is what `halo-api.md` holds most likely, on the strict side."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # Authorisation (halo-api section 1)
    automatic_login: bool = True
    """Authorise at once; false shows the log-in page to a person."""
    granted_scopes: tuple[str, ...] | None = None
    """The most that is granted and works, at once for tokens already issued too; None grants what is asked."""
    access_token_lifetime_s: Annotated[float, Field(gt=0)] = 3600
    refresh_tokens: Literal["rotate", "keep"] = "rotate"
    """`rotate`: single-use, each answer brings a new one. `keep`: answers of a refresh bring none."""
    scope_in_exchange: Literal["needed", "optional"] = "needed"
    """`needed`: a token that a code is exchanged for without `scope` has none, and every call is refused."""
    odd_token_answer: Mapping[str, JsonValue] = {}
    """Fields of token answers that are other than they should be, such as `expires_in` 0; null leaves a field out."""
    errors_with_200: bool = False
    """OAuth's errors come with the status of a success."""
    tenant_name: str | None = None
    """What this Halo calls the tenant, where its host does not say it: a log-in without it fails with 500."""
    addresses: tuple[str, ...] = ()
    """Host names of the partner's own at which this Halo is reached besides, by https (halo-api section 5)."""
    odd_authinfo: Mapping[str, JsonValue] = {}
    """Fields of `authinfo` that are other than its address says, such as the `auth_url` of another host."""
    issuer: str | None = None
    """`iss` of the redirect (RFC 9207); `own` is the tenant's own address, None sends none."""
    reuse_revokes_family: bool = False
    """A refresh token used a second time also kills all that came from the same log-in."""

    # Rights of the agent who logged in (halo-api section 1)
    agent_sees: Literal["all", "some", "nothing"] = "all"
    """What lists show to this agent; what is hidden is missing without an error."""
    agent_sees_fraction: Annotated[float, Field(ge=0, le=1)] = 0.5
    """The part of the rows that `some` leaves."""
    agent_edits: bool = True
    """False answers 403 to every write."""

    # Lists (halo-api sections 2 and 3)
    page_cap: Annotated[int, Field(ge=1)] | None = None
    """Pages are silently cut to this size."""
    refused_page_size: Annotated[int, Field(ge=1)] | None = None
    """Pages of so many rows or more are refused with 400."""
    record_counts: Literal["list", "page"] = "list"
    """What `record_count` counts: all rows of the list, or those of the page."""
    ignored_page_no: tuple[Literal["clients", "licences"], ...] = ()
    """These lists show page 1 whatever page is asked for."""
    unlisted_clients: tuple[int, ...] = ()
    """Clients that no list of clients shows, although that of all licences shows and counts what is theirs."""
    shows_last_page_again: bool = False
    """A page behind the end is the last page once more; false shows none."""
    odd_rows: bool = False
    """Numbers and flags of lists are text, what is unset is left out, `status` is a word."""
    null_lists: bool = False
    """A list without rows is null."""
    byte_order_mark: bool = False
    """Lists begin with one."""
    list_lag_s: Seconds = 0
    """A new licence appears in lists only after this time; `GET /{id}` shows it at once."""

    # Writes (halo-api section 3)
    int32_counts: bool = False
    """An older Halo: `count` is a whole number, sent and answered without a decimal point."""
    refused_array: Literal["none", "good", "before"] = "none"
    """Which rows of a refused array are written all the same: none, all good ones, those before the first bad one."""
    refused_names: tuple[str, ...] = ()
    """Rows of an array with one of these names are refused: a rule that somebody made in this Halo."""
    names_refused_rows: bool = True
    """A refusal names the bad rows; false says only that something is wrong."""
    bare_single_answer: bool = True
    """An array of one is answered by the bare object; false answers an array."""
    shuffle_answers: bool = False
    """Answers to arrays come in another order than they were sent."""
    delete_shows_inactive: bool = False
    """A deleted licence stays in lists with `includeinactive=true`, as inactive, and can be made active again."""

    # What is kept of a write (halo-api section 5)
    kept_names: Literal["as_sent", "escaped", "cut", "trimmed"] = "as_sent"
    """Names are escaped for HTML, cut after `name_length` characters, or lose their first and last white space."""
    name_length: Annotated[int, Field(ge=1)] = 20
    kept_counts: Literal["as_sent", "whole"] = "as_sent"
    """`whole` drops what stands behind the decimal point."""
    kept_prices: Literal["as_sent", "cents"] = "as_sent"
    """`cents` rounds prices to two decimals, from the middle to the even one."""
    kept_cycles: Mapping[str, str] = {}
    """Billing cycles that are kept as another word."""
    ignored_fields: tuple[str, ...] = ()
    """Fields of a row that are taken without a complaint and ignored."""
    warns: bool = False
    """The answer to a row of which something was not kept has a `_warning`."""
    ignores_deletes: bool = False
    """A delete is answered 200 and does nothing."""
    undeletable_names: tuple[str, ...] = ()
    """A delete of such a licence is answered 500, with a sentence about a reference."""
    upsetting_names: tuple[str, ...] = ()
    """An array with such a row is answered 500 as a whole; nothing of it is written."""
    failures_as_200: bool = False
    """What would be a 500 is a 200 with an error object."""
    largest_array: Annotated[int, Field(ge=1)] | None = None
    """Larger arrays are refused, without a word about a row."""
    row_delay_s: Seconds = 0
    """How long each row of an array takes before the answer comes."""

    # Limit (halo-api section 4)
    rate_requests: Annotated[int, Field(ge=0)] = 500
    rate_window_s: Annotated[float, Field(gt=0)] = 300
    rate_window: Literal["rolling", "fixed"] = "rolling"
    refused_requests_count: bool = False
    """Requests answered 429 use up the limit as well."""
    retry_after: Literal["none", "seconds", "date", "lying"] = "none"
    """The form of `Retry-After` on a 429; `lying` always promises one second."""

    def changed(self, changes: Mapping[str, JsonValue]) -> "TenantSettings":
        """These settings with some changed.

        Raises:
            pydantic.ValidationError: a name is unknown or a value does not fit.
        """
        return TenantSettings.model_validate({**self.model_dump(), **changes})
