"""The environment of the report API (spec section 8)."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Self
from urllib.parse import urlsplit

from halosync.contracts.settings import RateLimit
from halosync.runtime.connection_bounds import ConnectionBounds
from halosync.runtime.public_url import PublicUrlSettings
from halosync.runtime.settings import CommaSeparated, HaloSettings, ProcessSettings
from halosync.runtime.smtp_url import smtp_url
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode

Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(ip_network)]


def _issuer(text: str) -> str:
    parts = urlsplit(text)
    on_this_machine = parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if not parts.hostname or parts.scheme not in ({"http", "https"} if on_this_machine else {"https"}):
        raise ValueError("give the provider's https address, such as https://login.example.com")
    return text


def _smtp(secret: SecretStr) -> SecretStr:
    smtp_url(secret.get_secret_value())
    return secret


class ReportApiSettings(ProcessSettings, HaloSettings, PublicUrlSettings):
    """What this process needs besides the usual; of Halo it takes the addresses, for links, and the request limit."""

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65535)
    http_connections: int = Field(default=2000, ge=10, le=100_000, description="At most so many clients at once.")
    http_connections_per_address: int = Field(default=100, ge=1, le=100_000)
    http_proxies: Annotated[tuple[Network, ...], CommaSeparated, NoDecode] = Field(
        default=(ip_network("127.0.0.1/32"), ip_network("::1/128")),
        description="Addresses or networks of our own proxies: what they say of their clients' addresses is believed.",
    )
    oidc_issuer: Annotated[str, AfterValidator(_issuer)] | None = Field(
        default=None, description="Who signs people in by OpenID Connect, as it calls itself; https."
    )
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    webhook_allow_private: bool = Field(
        default=False, description="Take webhooks with http and with addresses that are not public, for a trial."
    )
    smtp_url: Annotated[SecretStr, AfterValidator(_smtp)] | None = Field(
        default=None, description="The mail server by which people are told: smtp://user:password@host:587"
    )
    mail_from: str | None = Field(default=None, max_length=320, description="What stands as the sender of e-mail.")

    @model_validator(mode="after")
    def _sign_in_whole(self) -> Self:
        given = {
            "HALOSYNC_OIDC_ISSUER": self.oidc_issuer,
            "HALOSYNC_OIDC_CLIENT_ID": self.oidc_client_id,
            "HALOSYNC_OIDC_CLIENT_SECRET": self.oidc_client_secret,
        }
        missing = [name for name, value in given.items() if value is None]
        if missing and len(missing) < len(given):
            raise ValueError(f"{', '.join(missing)}: set all three of {', '.join(given)}, or none")
        return self

    @model_validator(mode="after")
    def _mail_whole(self) -> Self:
        if (self.smtp_url is None) != (self.mail_from is None):
            raise ValueError("HALOSYNC_SMTP_URL, HALOSYNC_MAIL_FROM: set both, or none")
        if self.mail_from is not None and ("@" not in self.mail_from or not self.mail_from.isprintable()):
            raise ValueError("HALOSYNC_MAIL_FROM: give an e-mail address, such as halosync <halosync@example.com>")
        return self

    @property
    def connection_bounds(self) -> ConnectionBounds:
        """How many connections the server holds."""
        return ConnectionBounds(self.http_connections, self.http_connections_per_address, self.http_proxies)

    @property
    def rate_limit(self) -> RateLimit:
        """The limit of partners that have not set their own; the writers are started with the same."""
        return RateLimit(requests=self.halo_rate_requests, window_s=self.halo_rate_window_s)
