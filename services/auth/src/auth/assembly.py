"""auth put together from its ports: in the process and in tests alike."""

from dataclasses import dataclass

from halosync.runtime.halo_sample import HaloSample
from halosync.runtime.read_access import PermittedRead

from auth.access_tokens import AccessTokens
from auth.connection_service import ConnectionService
from auth.environment import AuthRules
from auth.ports import Ports
from auth.proof import PROOF_PATIENCE_S, Proof


@dataclass(frozen=True)
class Auth:
    """The use cases of auth."""

    service: ConnectionService
    tokens: AccessTokens


def assemble(ports: Ports, rules: AuthRules) -> Auth:
    """Return the use cases on these ports."""
    permitted = PermittedRead(ports.limiter, None, ports.lists.total_timeout_s)
    sample = HaloSample(ports.lists, patience_s=PROOF_PATIENCE_S)
    proof = Proof(ports.connections, permitted, sample, rules.rate)
    return Auth(
        service=ConnectionService(ports.connections, ports.server, ports.vault, proof, rules),
        tokens=AccessTokens(ports.connections, ports.server, ports.vault),
    )
