"""The environment of the report API (spec section 8)."""

from typing import Annotated

from halosync.contracts.settings import RateLimit
from halosync.runtime.settings import ProcessSettings
from pydantic import AfterValidator, Field, HttpUrl, TypeAdapter


def _address(text: str) -> str:
    return str(TypeAdapter(HttpUrl).validate_python(text)).rstrip("/")


class ReportApiSettings(ProcessSettings):
    """What this process needs besides the usual."""

    public_url: Annotated[str, AfterValidator(_address)] = Field(
        description="Where browsers and Halo reach us, such as https://converge.mp; Halo redirects to /accounts/ there."
    )
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65535)
    halo_rate_requests: int = Field(default=500, ge=1, le=100_000)
    halo_rate_window_s: float = Field(default=300.0, gt=0, le=86_400)

    @property
    def rate_limit(self) -> RateLimit:
        """The limit of partners that have not set their own; the writers are started with the same."""
        return RateLimit(requests=self.halo_rate_requests, window_s=self.halo_rate_window_s)
