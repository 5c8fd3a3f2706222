"""How many connections an HTTP server has at once."""

import resource
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

_KEPT_HANDLES = 200
"""File handles that are left for Postgres, RabbitMQ, logs and files; at most half of all."""


@dataclass(frozen=True)
class ConnectionBounds:
    """How many connections a server holds.

    Attributes:
        in_all: at most so many, and never more than the process' file handles allow.
        per_address: at most so many from one address.
        proxies: addresses that the bound per address does not count for.
    """

    in_all: int = 2000
    per_address: int = 100
    proxies: Sequence[IPv4Network | IPv6Network] = ()

    @property
    def most(self) -> int:
        """The bound that the limit of open files leaves."""
        handles, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return self.in_all if handles < 0 else min(self.in_all, handles - min(_KEPT_HANDLES, handles // 2))

    def is_proxy(self, address: str) -> bool:
        """Tell whether an address is a proxy's."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.proxies)
