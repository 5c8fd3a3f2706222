"""What is sealed for one receiver and one message opens for that one alone."""

import pytest
from halosync.messaging.envelopes import REPLY_KEY, open_request, seal_reply, seal_request
from halosync.messaging.sealing import new_private_key, public_key, seal, unseal
from halosync.ports.sealing import PublicKey, UnsealableError
from hypothesis import given
from hypothesis import strategies as st

MINE, OTHERS = new_private_key(), new_private_key()
KEY = PublicKey(7, public_key(MINE))
ASKED = ("token.request.v1", "correlation-1")
GRANTED = ("token.granted.v1", "correlation-1")


class Keys:
    """auth's keys, of which there is one."""

    async def private(self, key_id: int) -> bytes:
        assert key_id == KEY.key_id
        return MINE


@given(text=st.binary(max_size=300), context=st.binary(max_size=50))
def test_it_opens_for_its_receiver_in_its_context(text: bytes, context: bytes) -> None:
    sealed = seal(text, KEY.key, context)
    assert unseal(sealed, MINE, context) == text
    assert len(text) < 8 or text not in sealed


@given(text=st.binary(max_size=50), at=st.integers(min_value=0), flip=st.integers(min_value=1, max_value=255))
def test_it_opens_for_nobody_else_and_with_nothing_changed(text: bytes, at: int, flip: int) -> None:
    sealed = bytearray(seal(text, KEY.key, b"context"))
    for private, context in ((OTHERS, b"context"), (MINE, b"another")):
        with pytest.raises(UnsealableError):
            unseal(bytes(sealed), private, context)
    place = at % len(sealed)
    # The topmost bit of a public key says nothing (RFC 7748 section 5), and all of it is in what the key is made from.
    sealed[place] ^= flip
    with pytest.raises(UnsealableError):
        unseal(bytes(sealed), MINE, b"context")


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(32), bytes(60)])
def test_rubbish_is_refused_as_such(sealed: bytes) -> None:
    with pytest.raises(UnsealableError):
        unseal(sealed, MINE, b"")


async def test_a_request_and_its_reply_come_through() -> None:
    request = seal_request(b"question", KEY, *ASKED)
    assert await open_request(request.body, request.headers, Keys(), *ASKED) == b"question"
    assert request.open_reply(seal_reply(b"token", request.headers, *GRANTED), *GRANTED) == b"token"


async def test_a_reply_cannot_be_turned_to_another_key() -> None:
    """Whoever sees a request and sends it on with a key of its own has a request that does not open."""
    request, thief = seal_request(b"question", KEY, *ASKED), seal_request(b"", KEY, *ASKED)
    turned = {**request.headers, REPLY_KEY: thief.headers[REPLY_KEY]}
    with pytest.raises(UnsealableError):
        await open_request(request.body, turned, Keys(), *ASKED)


async def test_a_reply_to_one_request_is_none_to_another() -> None:
    first, second = (seal_request(b"question", KEY, *ASKED) for _ in range(2))
    reply = seal_reply(b"token", first.headers, *GRANTED)
    with pytest.raises(UnsealableError):
        second.open_reply(reply, *GRANTED)
    with pytest.raises(UnsealableError):
        first.open_reply(reply, "token.granted.v1", "correlation-2")


@pytest.mark.parametrize("headers", [{}, {"halosync-key-id": "7"}, {"halosync-key-id": 7}])
async def test_what_is_not_sealed_is_refused(headers: dict[str, object]) -> None:
    with pytest.raises(UnsealableError):
        await open_request(b'{"partner_id": "acme"}', headers, Keys(), *ASKED)
    with pytest.raises(UnsealableError):
        seal_reply(b"token", headers, *GRANTED)
