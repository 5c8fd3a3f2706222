"""Domains of partners' own at which the sandbox is: with a certificate, by https, at a public address.

halosync refuses everything else of such a domain (spec section 9), here as anywhere, so nothing of it is switched off.
What a machine has no public network for is put under the processes instead: `python -m devstack.own_domain MODULE`
runs a module of theirs in which the names have a public address, and a connection to it leads to `OwnDomain`.
"""

import os
import runpy
import socket
import ssl
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpcore
import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from devstack.faults.proxy import Proxy
from devstack.log_in import log_in
from devstack.ports import LOOPBACK

_BELOW = ".example.test"
HOST = f"psa{_BELOW}"
ADDRESS = "2fff::1"
"""It counts as public, and nobody has it."""
HTTPS = 443
_PORT = "DEVSTACK_OWN_DOMAIN_PORT"
_VALID = timedelta(days=30)


class OwnDomain:
    """Ends TLS for `HOST` and its neighbours, with a certificate of its own making, and passes on to the sandbox.

    Args:
        folder: where the certificate and its key are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._certificate, key = folder / "certificate.pem", folder / "key.pem"
        _certify(self._certificate, key)
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(self._certificate, key)
        self._proxy = Proxy(server)

    @property
    def port(self) -> int:
        """Where it listens on this machine."""
        return self._proxy.port

    @property
    def settings(self) -> Mapping[str, str]:
        """What a process is told so that it finds, allows and trusts it: all that it trusts."""
        return {
            _PORT: str(self.port),
            "SSL_CERT_FILE": str(self._certificate),
            "HALOSYNC_HALO_CUSTOM_HOSTS": f"*{_BELOW}",
        }

    async def log_in(
        self,
        api: httpx.AsyncClient,
        partner_id: str,
        client_id: str,
        *,
        halo_tenant: str | None = None,
        host: str = HOST,
    ) -> httpx.Response:
        """Connect a partner to the Halo at `host`, with what a person copies from the browser; as `log_in`."""
        trust = ssl.create_default_context(cafile=self._certificate)
        with led(self.port):
            entered = f"https://{host}/home?x=1"
            return await log_in(api, partner_id, entered, client_id, halo_tenant=halo_tenant, trust=trust)

    async def open(self, sandbox_port: int) -> None:
        """Listen."""
        self.lead_to(sandbox_port)
        await self._proxy.open()

    def lead_to(self, port: int) -> None:
        """Lead new connections to a port of this machine."""
        self._proxy.target_port = port

    async def close(self) -> None:
        """Refuse from now on."""
        await self._proxy.close()


def host_of(name: str) -> str:
    """Return a neighbour of `HOST`, one for each name."""
    return f"{name}{_BELOW}"


@contextmanager
def led(port: int) -> Iterator[None]:
    """Let these hosts have a public address in this process, and let connections to it lead to a port of ours."""
    find, connect = socket.getaddrinfo, httpcore.AnyIOBackend.connect_tcp

    def found(host: Any, *arguments: Any, **more: Any) -> Any:
        return find(ADDRESS if _is_own(host) else host, *arguments, **more)

    async def connected(
        backend: httpcore.AnyIOBackend, host: str, at: int, *arguments: Any, **more: Any
    ) -> httpcore.AsyncNetworkStream:
        if at == HTTPS and (host == ADDRESS or _is_own(host)):
            host, at = LOOPBACK, port
        return await connect(backend, host, at, *arguments, **more)

    with patch.object(socket, "getaddrinfo", found), patch.object(httpcore.AnyIOBackend, "connect_tcp", connected):
        yield


def _is_own(host: object) -> bool:
    return isinstance(host, str) and host.endswith(_BELOW)


def _certify(certificate: Path, key_file: Path) -> None:
    """Write a certificate of these hosts that it signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)]), datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(f"*{_BELOW}")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def main() -> None:
    """Run the module that the first argument names, as `python -m` does."""
    del sys.argv[0]
    with led(int(os.environ[_PORT])):
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
