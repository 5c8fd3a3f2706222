"""Where partners reach us, for the processes that send browsers there (spec section 13)."""

from ipaddress import ip_address
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, HttpUrl, TypeAdapter, model_validator

from halosync.runtime.variables import EnvironmentSettings


def _address(text: str) -> str:
    url: HttpUrl = TypeAdapter(HttpUrl).validate_python(text)
    if url.query is not None or url.fragment is not None or url.username is not None or url.password is not None:
        raise ValueError("give scheme, host and perhaps a path, such as https://halosync.example")
    return str(url).rstrip("/")


class PublicUrlSettings(EnvironmentSettings):
    """The public address, without a slash at its end."""

    public_url: Annotated[str, AfterValidator(_address)] = Field(
        description="Where browsers and Halo reach us, such as https://converge.mp; Halo redirects to /accounts/ there."
    )
    allow_http: bool = Field(default=False, description="Take a public address without TLS that is not this machine's.")

    @model_validator(mode="after")
    def _is_secret(self) -> Self:
        parts = urlsplit(self.public_url)
        if parts.scheme != "https" and not _is_loopback(parts.hostname or "") and not self.allow_http:
            raise ValueError(
                "HALOSYNC_PUBLIC_URL begins with http://, so everybody on the way could read API keys, sessions and "
                "Halo's codes, and act with them. Give the https:// address of the proxy in front of report-api. "
                "HALOSYNC_ALLOW_HTTP=true takes it all the same, for a trial in a network of your own"
            )
        return self


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
