"""Access tokens of partners, as those who talk to Halo get them."""

from typing import Protocol

from halosync.contracts.connection import TokenGranted


class TokenUnavailableError(Exception):
    """No token for now; it is worth asking again later."""


class ConnectionLostError(Exception):
    """The partner's connection is gone; a person must connect Halo again. `code` and `detail` say why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class TokenSource(Protocol):
    """Access tokens; see `Tokens` of `halosync.runtime`."""

    async def get(self, partner_id: str, tenant: str, *, rejected_generation: int | None = None) -> TokenGranted:
        """Return a token of the partner's `tenant`, which is not the rejected one.

        Raises:
            ConnectionLostError: the partner is not connected, or connected to another tenant.
            TokenUnavailableError: auth or Halo's token endpoint is away.
        """
        ...
