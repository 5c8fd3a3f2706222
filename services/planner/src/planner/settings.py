"""The planner's environment."""

from typing import Annotated, Any

from halosync.runtime.settings import HaloSettings, ProcessSettings
from pydantic import Field, field_validator
from pydantic_settings import NoDecode


class PlannerSettings(ProcessSettings, HaloSettings):
    """What the planner needs (spec section 8)."""

    invoice_hosts: Annotated[frozenset[str], NoDecode] = Field(
        default=frozenset(), description="Hosts (or host:port) that lines_url may name, comma-separated"
    )

    @field_validator("invoice_hosts", mode="before")
    @classmethod
    def _comma_separated(cls, value: Any) -> Any:
        if isinstance(value, str):
            return frozenset(host.strip().lower() for host in value.split(",") if host.strip())
        return value
