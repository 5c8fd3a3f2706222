"""Access tokens of partners, as those who talk to Halo get them."""

from typing import Literal, Protocol

from halosync.contracts.connection import TokenGranted


class TokenUnavailableError(Exception):
    """No token for now; it is worth asking again later. `code` says why, as in the answers of auth."""

    def __init__(self, detail: str, code: Literal["halo_unavailable", "token_unreadable"] = "halo_unavailable") -> None:
        super().__init__(detail)
        self.code = code


class AuthAwayError(Exception):
    """No token because auth, or the way to it, is away: an outage of our own, which costs no attempt.

    `waits_for` and `why` are for the log.
    """

    wait_s = 5.0
    """In how many seconds the work comes again."""

    waits_for = "a token"

    @property
    def why(self) -> str:
        """Say what is away."""
        return f"auth is away: {self}"


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
            TokenUnavailableError: Halo's token endpoint is away.
            AuthAwayError: auth is, or the database or the broker between.
        """
        ...
