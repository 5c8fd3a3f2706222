"""auth put together from its ports: in the process and in tests alike."""

from dataclasses import dataclass

from auth.access_tokens import AccessTokens
from auth.connection_service import ConnectionService
from auth.ports import Ports


@dataclass(frozen=True)
class Auth:
    """The use cases of auth."""

    service: ConnectionService
    tokens: AccessTokens


def assemble(ports: Ports, *, scope: str) -> Auth:
    """Return the use cases on these ports; `scope` is what Halo is asked for."""
    return Auth(
        service=ConnectionService(ports.connections, ports.server, ports.vault, scope=scope),
        tokens=AccessTokens(ports.connections, ports.server, ports.vault),
    )
