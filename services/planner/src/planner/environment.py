"""The planner's environment, and the numbers in it that its use cases go by."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from halosync.domain.page_size import PageSizeBounds
from halosync.ports.permits import Rate
from halosync.runtime.settings import CommaSeparated, HaloSettings, ProcessSettings
from pydantic import Field, StringConstraints, field_validator
from pydantic_settings import NoDecode

_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")


@dataclass(frozen=True, kw_only=True)
class PlannerRules:
    """The numbers that the planner's use cases go by.

    Attributes:
        rate: the limit of a tenant whose partner has none of its own.
        page_sizes: how many rows a page of Halo's lists is asked to have.
        batch_size: the most creates and updates in a batch, which is sent in arrays of the size that Halo takes.
        delete_batch_size: the most deletes in a batch.
        delays_s: the waits before another attempt, in seconds, rising; the last one serves all further attempts.
        max_attempts: after so many a run fails.
    """

    rate: Rate
    page_sizes: PageSizeBounds
    batch_size: int
    delete_batch_size: int
    delays_s: Sequence[float]
    max_attempts: int


def _is_host(entry: str) -> bool:
    """Tell whether the address of some `lines_url` can have it as its host, with or without a port."""
    try:
        parts = urlsplit(f"https://{entry}")
        _ = parts.port  # it is looked at only here: one that cannot be raises
    except ValueError:
        return False
    whole = parts.netloc == entry and "@" not in entry and not entry.endswith(":")
    return whole and _HOST.fullmatch(parts.hostname or "") is not None


class PlannerSettings(ProcessSettings, HaloSettings):
    """What the planner needs (spec section 8)."""

    invoice_hosts: Annotated[frozenset[Annotated[str, StringConstraints(to_lower=True)]], CommaSeparated, NoDecode] = (
        Field(default=frozenset(), description="Hosts (or host:port) that lines_url may name, comma-separated")
    )

    @field_validator("invoice_hosts")
    @classmethod
    def _are_invoice_hosts(cls, entries: frozenset[str]) -> frozenset[str]:
        if wrong := sorted(entry for entry in entries if not _is_host(entry)):
            raise ValueError(f"{wrong[0]} is no host; give host or host:port between commas, without https:// and path")
        return entries

    retention_months: int | None = Field(
        default=None,
        ge=1,
        le=1200,
        description="Whole months whose lines and items are kept; unset keeps them for good",
    )

    @property
    def rules(self) -> PlannerRules:
        """The numbers that the use cases go by."""
        return PlannerRules(
            rate=Rate(self.halo_rate_requests, self.halo_rate_window_s),
            page_sizes=self.page_sizes,
            batch_size=self.array_sizes.most,
            delete_batch_size=self.halo_batch_size,
            delays_s=self.retry_delays_s,
            max_attempts=self.retry_max_attempts,
        )
