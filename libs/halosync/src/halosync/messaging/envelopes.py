"""The envelope of a sealed request and of its reply: which headers say what it was sealed with.

The asker seals its request for auth's public key, and puts its own beside it, made for this one request; the reply
comes back sealed for that. So no queue holds a token or a code, and a reply that is kept is of no use to anybody.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from halosync.messaging.sealing import KEY_BYTES, new_private_key, public_key, seal, unseal
from halosync.ports.sealing import PrivateKeys, PublicKey, UnsealableError

KEY_ID, REPLY_KEY = "halosync-key-id", "halosync-reply-key"


@dataclass(frozen=True)
class SealedRequest:
    """A request in its envelope, and the key that opens the reply."""

    body: bytes
    headers: Mapping[str, object]
    _private: bytes = field(repr=False)

    def open_reply(self, body: bytes, message_type: str, correlation_id: str) -> bytes:
        """Return what a reply says.

        Raises:
            UnsealableError: it is not the reply to this request.
        """
        return unseal(body, self._private, _context("reply", message_type, correlation_id))


def seal_request(body: bytes, key: PublicKey, message_type: str, correlation_id: str) -> SealedRequest:
    """Put a request into its envelope."""
    private = new_private_key()
    reply_key = public_key(private)
    context = _context("request", message_type, correlation_id) + reply_key
    headers = {KEY_ID: key.key_id, REPLY_KEY: base64.b64encode(reply_key).decode()}
    return SealedRequest(seal(body, key.key, context), headers, private)


async def open_request(
    body: bytes, headers: Mapping[str, object], keys: PrivateKeys, message_type: str, correlation_id: str
) -> bytes:
    """Return what a request says.

    Raises:
        UnsealableError: it is not sealed for one of these keys, or not as this request.
    """
    key_id = headers.get(KEY_ID)
    if not isinstance(key_id, int):
        raise UnsealableError("the request is not sealed")
    context = _context("request", message_type, correlation_id) + reply_key_of(headers)
    return unseal(body, await keys.private(key_id), context)


def seal_reply(body: bytes, headers: Mapping[str, object], message_type: str, correlation_id: str) -> bytes:
    """Seal a reply for whoever sent the request with these headers.

    Raises:
        UnsealableError: the request named no key to reply to.
    """
    return seal(body, reply_key_of(headers), _context("reply", message_type, correlation_id))


def reply_key_of(headers: Mapping[str, object]) -> bytes:
    """Return the public key that a request's reply is to be sealed for.

    Raises:
        UnsealableError: there is none.
    """
    try:
        key = base64.b64decode(str(headers.get(REPLY_KEY, "")), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise UnsealableError("the request names no key to reply to")
    return key


def _context(kind: str, message_type: str, correlation_id: str) -> bytes:
    return f"{kind}\n{message_type}\n{correlation_id}\n".encode()
