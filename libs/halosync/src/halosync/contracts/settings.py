"""The settings of a partner, as the report API takes and gives them (spec sections 3 and 9)."""

from decimal import Decimal
from importlib import import_module
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from halosync.contracts.message import printable
from halosync.contracts.patterns import COUNTRY
from halosync.contracts.values import number


def _written(value: object) -> object:
    """Refuse true and false where a number is meant, which Python takes for 1 and 0; and other digits than 0 to 9."""
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")  # noqa: TRY004 - pydantic wants a ValueError
    return number(value)


def _has_holidays(country: str) -> str:
    holidays = import_module("holidays")  # 5 MB, which a process whose partners name no country does without
    if country not in holidays.list_supported_countries(include_aliases=False):
        raise ValueError(f"no public holidays are known for {country}; leave the country null to skip weekends only")
    return country


def _word(text: str) -> str:
    if "=" in text:
        raise ValueError("must not hold an equals sign")
    if not text.strip():
        raise ValueError("must not be blank")
    return printable(text).strip()


WholeNumber = Annotated[int, BeforeValidator(_written)]
"""An integer; `true` is none."""

Country = Annotated[str, Field(pattern=COUNTRY), AfterValidator(_has_holidays)]
"""An ISO 3166 alpha-2 code, in capitals, of a country whose public holidays are known."""


_WORD = r"^((?![\u0000-\u001f\u007f])\s)*[^\s=\u0000-\u001f\u007f][^=\u0000-\u001f\u007f]*$"

Word = Annotated[str, Field(min_length=1, max_length=100, json_schema_extra={"pattern": _WORD}), AfterValidator(_word)]
"""A word for a billing cycle."""


class _Setting(BaseModel):
    # Unknown fields are refused here, unlike in messages: a mistyped setting that is ignored deletes licences.
    model_config = ConfigDict(extra="forbid", frozen=True)


_FRACTION = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string", "pattern": r"^(0(\.\d{1,6})?|1(\.0{1,6})?)$"},
            {"type": "number", "minimum": 0, "maximum": 1},
        ]
    },
    mode="validation",
)
"""Pydantic does not describe what a validator stands in front of."""


class DeleteGuard(_Setting):
    """Removals are held when they exceed both thresholds (spec section 3, "Delete guard")."""

    max_count: WholeNumber = Field(default=10, ge=0, le=1_000_000, description="Removals of one run.")
    max_fraction: Annotated[Decimal, BeforeValidator(_written), _FRACTION] = Field(
        default=Decimal("0.25"),
        ge=0,
        le=1,
        max_digits=7,
        decimal_places=6,
        description="Part of the matched clients' active licences, from 0 to 1, as a string.",
    )


class RateLimit(_Setting):
    """How many requests the partner's Halo takes in any window."""

    requests: WholeNumber = Field(ge=1, le=100_000)
    window_s: Annotated[float, BeforeValidator(_written)] = Field(
        gt=0, le=86_400, allow_inf_nan=False, description="Length of the window in seconds, at most a day."
    )


class PartnerSettings(_Setting):
    """What a partner can choose. A field that is left out has its default; null is a choice of its own."""

    auto_sync: bool = Field(default=False, description="Synchronise each invoice as soon as it arrives.")
    removal: Literal["delete", "deactivate", "zero"] = Field(
        default="delete", description="What removing a licence does to it in Halo."
    )
    cleanup: Literal["all", "owned"] = Field(
        default="all", description="Which licences without a product are removed: all, or only those halosync wrote."
    )
    price_field: Literal["price", "purchase_price", "none"] = Field(
        default="price", description="Where in Halo the invoice's unit price goes."
    )
    delete_guard: DeleteGuard | None = Field(
        default=DeleteGuard(), description="Holds suspiciously many removals; null switches it off."
    )
    rate_limit: RateLimit | None = Field(default=None, description="Null: the default of the services.")
    country: Country | None = Field(
        default=None, description="Whose public holidays move the expected invoice day; null: weekends only."
    )
    invoice_day: WholeNumber = Field(default=5, ge=1, le=28, description="Day of the month of the invoice run.")
    review_first_sync: bool = Field(
        default=True,
        description="Hold what the first Sync with a Halo would remove or reprice that halosync has not written.",
    )
    adopt_foreign: bool = Field(
        default=False, description="Change and remove licences too that bear the mark of another integration."
    )
    billing_cycles: Annotated[dict[Word, Word], Field(max_length=100)] = Field(
        default_factory=dict,
        description="Halo's word for a billing cycle by the invoice's; other words stay as they are.",
        json_schema_extra={"additionalProperties": False},  # else the pattern says nothing of keys that do not fit it
    )
    licence_type: Annotated[int, Field(ge=0, le=2_147_483_647), BeforeValidator(_written)] | None = Field(
        default=None, description="Halo's type of the licences that are created and looked at; null: any."
    )
    details: bool = Field(
        default=True, description="A licence that is created also gets the product's code as SKU, and notes."
    )
    email_notices: bool = Field(
        default=True, description="Tell billers and admins by e-mail what webhooks tell, where e-mail is set up."
    )
    on_drift: Literal["overwrite", "hold"] = Field(
        default="overwrite",
        description="What happens to a licence that somebody has edited or deleted in Halo since halosync wrote it: it "
        "is overwritten or created again, or held until a person approves that.",
    )
