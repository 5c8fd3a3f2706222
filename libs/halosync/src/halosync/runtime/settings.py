"""The environment of a process (spec section 8), read and checked once, at start."""

import sys
from dataclasses import replace
from typing import Annotated, Self, TypeVar

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from halosync.contracts.amqp_url import AmqpUrl
from halosync.contracts.complaints import complaint
from halosync.contracts.database_url import DatabaseUrl
from halosync.domain.array_size import ArraySizeBounds
from halosync.domain.foreign_marks import FOREIGN_MARKS
from halosync.domain.page_size import PageSizeBounds
from halosync.domain.tenant import SUFFIXES, HaloHosts, custom_host, is_host_pattern
from halosync.runtime.variables import PREFIX, EnvironmentSettings, WrongVariableError

_GIVE_HOSTS = "give host names between commas, without https:// and port"

SLOW_SHARE = 1 / 3
"""A page that takes so much of the time-out is slow."""

RATE_TIER_S = 1.0
"""A delay tier that is always there: the remainder of a wait for the limiter is rounded up to it, not to minutes."""


def _at_commas(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


CommaSeparated = BeforeValidator(_at_commas)
"""A variable that lists its values between commas; goes with `NoDecode`, which keeps it from being read as JSON."""


class DelaySettings(EnvironmentSettings):
    """The delay tiers: declared by who may, used by every process."""

    retry_delays_s: Annotated[tuple[float, ...], CommaSeparated, NoDecode] = (5.0, 30.0, 120.0, 300.0)

    @model_validator(mode="after")
    def _delays_in_bounds(self) -> Self:
        if not self.retry_delays_s or not all(0.01 <= delay <= 3600 for delay in self.retry_delays_s):
            raise ValueError("HALOSYNC_RETRY_DELAYS_S: give seconds between 0.01 and 3600, such as 5,30,120,300")
        return self

    @property
    def tiers_s(self) -> tuple[float, ...]:
        """The delay tiers, in seconds, shortest first."""
        return tuple(sorted({RATE_TIER_S, *self.retry_delays_s}))


class ProcessSettings(DelaySettings):
    """What every process needs."""

    database_url: DatabaseUrl = Field(description="Where Postgres is: postgresql://user:password@host:port/database")
    amqp_url: AmqpUrl = Field(description="Where RabbitMQ is: amqp://user:password@host:port/vhost")
    health_port: int = Field(default=0, ge=0, le=65535, description="/healthz, /readyz, /metrics; 0 takes a free port")
    health_host: str = "127.0.0.1"
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    retry_max_attempts: int = Field(default=8, ge=1, le=100)

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value


class HaloSettings(EnvironmentSettings):
    """What a process that talks to Halo needs besides."""

    halo_url_template: str = Field(default="https://{tenant}.halopsa.com", pattern=r"^https?://.*\{tenant\}.*$")
    halo_suffixes: Annotated[tuple[str, ...], CommaSeparated, NoDecode] = Field(
        default=SUFFIXES, description="Halo's other domains; a host one label below is taken as that host"
    )
    halo_custom_hosts: Annotated[tuple[str, ...], CommaSeparated, NoDecode] = Field(
        default=(),
        description="Partners' own domains where a Halo may be: psa.msp.example, *.msp.example, psa.msp.example=acme",
    )
    halo_rate_requests: int = Field(default=500, ge=1, le=100_000)
    halo_rate_window_s: float = Field(default=300.0, gt=0, le=86_400)
    halo_foreign_marks: Annotated[tuple[str, ...], CommaSeparated, NoDecode] = Field(
        default=FOREIGN_MARKS, description="Fields of a licence by which another integration marks it as its own"
    )
    halo_page_size: int = Field(default=100, ge=1, le=1000)
    halo_page_size_max: int = Field(default=1000, ge=1, le=1000)
    halo_batch_size: int = Field(default=50, ge=1, le=1000)
    halo_batch_size_max: int = Field(default=500, ge=1, le=1000)
    halo_timeout_s: float = Field(default=30.0, gt=0, le=3600)
    halo_settle_s: float = Field(default=60.0, ge=0, le=86_400)

    @property
    def array_sizes(self) -> ArraySizeBounds:
        """How many rows an array of writes has: at first, at most, and what is too slow."""
        most = max(self.halo_batch_size, self.halo_batch_size_max)
        return ArraySizeBounds(self.halo_batch_size, most, self.halo_timeout_s / 3)

    @property
    def page_sizes(self) -> PageSizeBounds:
        """How many rows a page of Halo's lists is asked to have."""
        most = max(self.halo_page_size, self.halo_page_size_max)
        return PageSizeBounds(start=self.halo_page_size, most=most, slow_s=self.halo_timeout_s * SLOW_SHARE)

    @field_validator("halo_suffixes")
    @classmethod
    def _are_hosts(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        lowered = tuple(pattern.lower() for pattern in patterns)
        if wrong := [pattern for pattern in lowered if not is_host_pattern(pattern)]:
            raise ValueError(f"{wrong[0]} is no host; {_GIVE_HOSTS}")
        return lowered

    @field_validator("halo_custom_hosts")
    @classmethod
    def _are_custom_hosts(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        lowered = tuple(entry.lower() for entry in entries)
        try:
            [custom_host(entry) for entry in lowered]
        except ValueError as error:
            raise ValueError(f"{error}; {_GIVE_HOSTS}; psa.msp.example=acme says which Halo a host is") from None
        return lowered

    @property
    def halo_hosts(self) -> HaloHosts:
        """Where Halo may be."""
        custom = [custom_host(entry) for entry in self.halo_custom_hosts]
        patterns = tuple(pattern for pattern, _ in custom)
        anywhere = HaloHosts(self.halo_url_template, self.halo_suffixes, patterns)
        same_as = tuple((host, anywhere.tenant_of(tenant)) for host, tenant in custom if tenant is not None)
        return replace(anywhere, same_as=same_as)

    @model_validator(mode="after")
    def _says_which_halo_a_host_is(self) -> Self:
        known = dict(self.halo_hosts.same_as)
        if wrong := [host for host, tenant in known.items() if tenant in known]:
            raise ValueError(f"{wrong[0]} is said to be a host that is said to be another; name the Halo itself")
        return self


S = TypeVar("S", bound=BaseSettings)


def load(settings: type[S]) -> S:
    """Read the environment, or stop the process with one line for each variable that is missing or wrong."""
    try:
        return settings()
    except WrongVariableError as error:
        wrong = [str(error)]
    except ValidationError as error:
        wrong = [_told(problem["loc"], complaint(problem)) for problem in error.errors(include_input=False)]
    for line in wrong:
        print(line, file=sys.stderr)  # noqa: T201 - there is no log yet
    raise SystemExit(2)


def _told(loc: tuple[int | str, ...], words: str) -> str:
    named = words.startswith(PREFIX) or not loc
    return words if named else f"{PREFIX}{str(loc[0]).upper()}: {words}"
