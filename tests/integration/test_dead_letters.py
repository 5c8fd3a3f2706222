"""Dead letters in Postgres: one of each kind, and each replayed once."""

import asyncio
from datetime import UTC, datetime

import pytest
from halosync.store import dead_letters
from halosync.store.dead_letters import BEGINNING_BYTES, DeadLetterStore, OpenedLetter, Selection
from halosync.store.pool import Pool

pytestmark = pytest.mark.integration

QUEUE = "planner.invoice-ready.v1"


@pytest.fixture
def letters(pool: Pool) -> DeadLetterStore:
    return DeadLetterStore(pool)


async def kept(letters: DeadLetterStore, reason: str = "why", body: bytes = b"{}", queue: str = QUEUE) -> int:
    return await letters.keep(queue=queue, message_type="invoice.ready.v1", reason=reason, body=body, headers={"a": 1})


async def swallow(_letter: OpenedLetter) -> None:
    """A broker that confirms everything."""


async def test_the_same_poison_twice_is_one_dead_letter(letters: DeadLetterStore) -> None:
    first = await kept(letters, "line 3: quantity")
    assert await kept(letters, "line 4: quantity") == first
    assert await kept(letters, queue="another") != first
    shown = await letters.show(first)
    assert shown is not None
    assert (shown.times_seen, shown.reason, shown.body, shown.headers) == (2, "line 4: quantity", b"{}", {"a": 1})


async def test_poison_that_comes_back_after_its_replay_is_a_new_dead_letter(letters: DeadLetterStore) -> None:
    first = await kept(letters)
    assert await letters.replay(first, swallow)
    assert await kept(letters) != first


async def test_what_postgres_cannot_hold_is_replaced_and_the_body_is_exact(letters: DeadLetterStore) -> None:
    body = b"\0\xff\xfe" + bytes(range(256))
    headers = {
        "nul\0": "\0",
        "bytes": b"\xff",
        "at": datetime(2026, 11, 5, tzinfo=UTC),
        "nan": float("nan"),
        "deep": [{"x": ("\ud800", None, 2**70)}],
    }
    number = await letters.keep(queue="q\0", message_type="\0", reason="\ud800 \0", body=body, headers=headers)
    shown = await letters.show(number)
    assert shown is not None
    assert shown.body == body
    assert shown.headers["nul\ufffd"] == "\ufffd"
    assert shown.headers["at"] == "2026-11-05 00:00:00+00:00"


async def test_causes_are_reasons_with_ids_and_numbers_blanked(letters: DeadLetterStore) -> None:
    await kept(letters, "run 0b7c1f2e-93c4-4c1e-8d22-0123456789ab is gone", b"1")
    await kept(letters, "run 1b7c1f2e-93c4-4c1e-8d22-0123456789AB is gone", b"2")
    await kept(letters, "line 17: quantity must be a number", b"3")
    await kept(letters, "line 17: quantity must be a number", b"3")
    found = {group.cause: (group.letters, group.times_seen) for group in await letters.groups()}
    assert found == {"run # is gone": (2, 2), "line #: quantity must be a number": (1, 2)}


async def test_a_selection_is_by_state_queue_and_a_piece_of_the_reason(letters: DeadLetterStore) -> None:
    first = await kept(letters, "line 1: 100% wrong", b"1")
    second = await kept(letters, "line 2: wrong", b"2")
    third = await kept(letters, "other_thing", b"3", queue="elsewhere")

    async def numbers(selection: Selection) -> list[int]:
        return [letter.dead_letter_id for letter in await letters.list(selection)]

    assert await numbers(Selection()) == [first, second, third]
    assert await numbers(Selection(queue="elsewhere")) == [third]
    assert await numbers(Selection(reason="LINE #: ")) == [first, second]
    assert await numbers(Selection(reason="%")) == [first]
    assert await numbers(Selection(reason="r_t")) == [third]
    await letters.discard([first])
    assert await numbers(Selection(state="discarded")) == [first]
    assert await numbers(Selection(state=None)) == [first, second, third]


async def test_a_dead_letter_is_marked_only_after_it_was_published(letters: DeadLetterStore) -> None:
    number = await kept(letters)

    async def refuse(_letter: OpenedLetter) -> None:
        raise ConnectionError("no broker")

    with pytest.raises(ConnectionError):
        await letters.replay(number, refuse)
    assert [letter.dead_letter_id for letter in await letters.list()] == [number]


async def test_of_replays_at_the_same_time_one_publishes(letters: DeadLetterStore) -> None:
    numbers = [await kept(letters, body=str(n).encode()) for n in range(20)]
    published: list[int] = []
    all_ready = asyncio.Barrier(2)

    async def publish(letter: OpenedLetter) -> None:
        published.append(letter.dead_letter_id)

    async def replay_all() -> list[bool]:
        await all_ready.wait()
        return [await letters.replay(number, publish) for number in numbers]

    one, other = await asyncio.gather(replay_all(), replay_all())
    assert sorted(published) == numbers
    assert [a + b for a, b in zip(one, other, strict=True)] == [1] * 20
    assert await letters.list() == []


async def test_while_one_replays_nobody_else_replays_or_discards(letters: DeadLetterStore) -> None:
    number = await kept(letters)
    publishing, finish = asyncio.Event(), asyncio.Event()

    async def publish_slowly(_letter: OpenedLetter) -> None:
        publishing.set()
        await finish.wait()

    first = asyncio.create_task(letters.replay(number, publish_slowly))
    await publishing.wait()
    assert await letters.replay(number, swallow) is False
    assert await letters.discard([number]) == 0
    finish.set()
    assert await first is True
    shown = await letters.show(number)
    assert shown is not None
    assert shown.state == "replayed"


async def test_what_was_discarded_is_not_replayed(letters: DeadLetterStore) -> None:
    number = await kept(letters)
    assert await letters.discard([number, number + 1000]) == 1
    assert await letters.replay(number, swallow) is False
    assert await letters.show(number + 1000) is None


async def test_of_a_body_that_is_too_large_the_beginning_is_kept_once(
    letters: DeadLetterStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "MOST_BODY_BYTES", 2 * BEGINNING_BYTES)
    whole = await kept(letters, body=b"x" * 2 * BEGINNING_BYTES)
    large = b"y" * (2 * BEGINNING_BYTES + 1)
    cut = await kept(letters, body=large)
    assert await kept(letters, body=large) == cut
    assert await kept(letters, body=large + b"z") != cut, "it begins alike and is another one"
    shown = {letter.dead_letter_id: (letter.size, letter.is_cut) for letter in await letters.list()}
    assert (shown[whole], shown[cut]) == ((2 * BEGINNING_BYTES, False), (len(large), True))
    opened = await letters.show(cut)
    assert opened is not None
    assert opened.body == large[:BEGINNING_BYTES]


async def test_all_bodies_together_are_bounded(letters: DeadLetterStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "MOST_KEPT_BYTES", 3 * BEGINNING_BYTES)
    for number in range(4):
        await kept(letters, body=bytes([number]) * 2 * BEGINNING_BYTES)
    await kept(letters, body=b"small")
    assert [letter.is_cut for letter in await letters.list()] == [False, True, True, True, False]


async def test_they_are_listed_page_by_page(letters: DeadLetterStore) -> None:
    numbers = [await kept(letters, body=str(n).encode()) for n in range(5)]
    pages = [await letters.list(most=2), await letters.list(after=numbers[1], most=2)]
    assert [[letter.dead_letter_id for letter in page] for page in pages] == [numbers[:2], numbers[2:4]]
    assert await letters.numbers() == numbers
    assert await letters.known([*numbers, 10**6]) == set(numbers)
