"""The planner's environment."""

from typing import Annotated

from halosync.runtime.settings import CommaSeparated, HaloSettings, ProcessSettings
from pydantic import Field, StringConstraints
from pydantic_settings import NoDecode


class PlannerSettings(ProcessSettings, HaloSettings):
    """What the planner needs (spec section 8)."""

    invoice_hosts: Annotated[frozenset[Annotated[str, StringConstraints(to_lower=True)]], CommaSeparated, NoDecode] = (
        Field(default=frozenset(), description="Hosts (or host:port) that lines_url may name, comma-separated")
    )
