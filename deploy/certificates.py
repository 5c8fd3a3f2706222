"""Put a certificate and its key where the proxy and RabbitMQ read them: the operator's, or else one made here.

`/given` may have `proxy.crt`, `proxy.key`, `rabbitmq.crt`, `rabbitmq.key`. One is made where none is there, or the one
made before ends within a month or is for another name; who connects has to be told to trust it.
"""

import ipaddress
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

GIVEN, PLACES = Path("/given"), Path("/tls")
LIFETIME, SOON = timedelta(days=825), timedelta(days=30)


def main() -> None:
    """Fill both places."""
    host = urlsplit(os.environ["HALOSYNC_PUBLIC_URL"]).hostname or "localhost"
    for name in ("proxy", "rabbitmq"):
        names = sorted({host, name, "localhost", "127.0.0.1"})
        certificate, key = PLACES / name / "certificate.pem", PLACES / name / "key.pem"
        if (GIVEN / f"{name}.crt").is_file():
            write(certificate, (GIVEN / f"{name}.crt").read_bytes())
            write(key, (GIVEN / f"{name}.key").read_bytes())
            tell(f"{name}: yours")
        elif fits(certificate, names) and key.is_file():
            tell(f"{name}: the one that is there")
        else:
            made, made_key = self_signed(names)
            write(key, made_key)
            write(certificate, made)
            tell(f"{name}: a new one for {', '.join(names)}")


def tell(line: str) -> None:
    """Say what was done."""
    sys.stdout.write(f"{line}\n")


def write(path: Path, content: bytes) -> None:
    """Replace a file at once; whoever has the volume may read it."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.chmod(0o444)
    new.replace(path)


def fits(path: Path, names: list[str]) -> bool:
    """Whether the certificate is for these names, and for a while longer."""
    if not path.is_file():
        return False
    there = x509.load_pem_x509_certificate(path.read_bytes())
    alternatives = there.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return there.not_valid_after_utc - SOON > datetime.now(UTC) and alternatives == _alternatives(names)


def self_signed(names: list[str]) -> tuple[bytes, bytes]:
    """A certificate for these names and its key, both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "halosync")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(called, called, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(_alternatives(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    unencrypted = serialization.NoEncryption()
    return certificate.public_bytes(pem), key.private_bytes(pem, serialization.PrivateFormat.PKCS8, unencrypted)


def _alternatives(names: list[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_alternative(name) for name in names])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


if __name__ == "__main__":
    main()
