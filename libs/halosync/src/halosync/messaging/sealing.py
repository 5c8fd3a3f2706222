"""Sealing: what travels to one receiver can be read by nobody else, whoever sees the queues (spec section 10).

X25519, HKDF with SHA-256, ChaCha20-Poly1305, with a fresh key of the sender for each message. Who sent it, the broker
vouches for. A sealed text fits only its own context: the request or reply that it was made for.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from halosync.ports.sealing import UnsealableError

KEY_BYTES = 32
_NONCE = bytes(12)
"""Each key seals one text, so a nonce is never used twice with it."""
_PURPOSE = b"halosync sealed message v1"


def new_private_key() -> bytes:
    """Return a new private key, of 32 bytes."""
    return X25519PrivateKey.generate().private_bytes_raw()


def public_key(private_key: bytes) -> bytes:
    """Return the public key of a private one, of 32 bytes."""
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def seal(text: bytes, receiver: bytes, context: bytes) -> bytes:
    """Seal `text` for whoever has the private key of the public key `receiver`.

    Raises:
        UnsealableError: `receiver` is no public key.
    """
    own = X25519PrivateKey.generate()
    key = own.public_key().public_bytes_raw()
    return key + _cipher(own, receiver, key + receiver).encrypt(_NONCE, text, context)


def unseal(sealed: bytes, private_key: bytes, context: bytes) -> bytes:
    """Return the text again.

    Raises:
        UnsealableError: it was not sealed for this key and context.
    """
    sender, own = sealed[:KEY_BYTES], X25519PrivateKey.from_private_bytes(private_key)
    cipher = _cipher(own, sender, sender + own.public_key().public_bytes_raw())
    try:
        return cipher.decrypt(_NONCE, sealed[KEY_BYTES:], context)
    except InvalidTag:
        raise UnsealableError("not sealed for this receiver and this message") from None


def _cipher(own: X25519PrivateKey, other: bytes, keys: bytes) -> ChaCha20Poly1305:
    try:
        shared = own.exchange(X25519PublicKey.from_public_bytes(other))
    except ValueError:
        raise UnsealableError("no public key") from None
    return ChaCha20Poly1305(HKDF(hashes.SHA256(), KEY_BYTES, salt=keys, info=_PURPOSE).derive(shared))
