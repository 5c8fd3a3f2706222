"""`halosync dead-letters`: see them, mend them, replay each once, or discard them."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage
from devstack.command import run_forked
from halosync.messaging.topology import INVOICE_READY, RUN_REQUESTED
from halosync.store import dead_letters
from halosync.store.dead_letters import DeadLetterStore
from halosync.store.pool import Pool

from tests.integration.cli.conftest import Run

pytestmark = pytest.mark.integration


@pytest.fixture
async def numbers(pool: Pool) -> list[int]:
    store = DeadLetterStore(pool)

    async def keep(queue: str, reason: str, body: bytes) -> int:
        return await store.keep(
            queue=queue, message_type="some.type.v1", reason=reason, body=body, headers={"attempt": 8}
        )

    return [
        await keep(INVOICE_READY.name, "line 3: quantity: not a number", b'{"lines": "\xc3\xb8"}'),
        await keep(INVOICE_READY.name, "line 5: quantity: not a number", b'{"lines": 2}'),
        await keep(RUN_REQUESTED.name, "not JSON", b"\xff\x1b[2J"),
        await keep("gone.v1", "not JSON", b"{}"),
    ]


async def received(amqp_url: str, queue_name: str) -> list[AbstractIncomingMessage]:
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(queue_name)
        found: list[AbstractIncomingMessage] = []
        while message := await queue.get(no_ack=True, fail=False):
            found.append(message)
        return found


async def test_they_are_listed_by_cause_or_each(command: Run, numbers: list[int]) -> None:
    causes = (await command("dead-letters", "list", "--json")).json()
    assert [(c["letters"], c["cause"]) for c in causes] == [
        (2, "line #: quantity: not a number"),
        (1, "not JSON"),
        (1, "not JSON"),
    ]
    assert "line #: quantity" in (await command("dead-letters", "list")).stdout
    each = (await command("dead-letters", "list", "--all", "--reason", "quantity", "--json")).json()
    assert [letter["dead_letter_id"] for letter in each] == numbers[:2]
    assert "line 5" in (await command("dead-letters", "list", "--all")).stdout
    assert "No dead letters" in (await command("dead-letters", "list", "--state", "replayed")).stdout


async def test_one_is_shown_with_everything(command: Run, numbers: list[int]) -> None:
    shown = await command("dead-letters", "show", numbers[0])
    assert '"lines": "ø"' in shown.stdout
    assert '"attempt": 8' in shown.stdout
    assert "line 3: quantity" in shown.stdout
    exact = (await command("dead-letters", "show", numbers[0], "--json")).json()
    assert (exact["body"], exact["body_encoding"]) == ('{"lines": "ø"}', "utf-8")
    binary = (await command("dead-letters", "show", numbers[2], "--json")).json()
    assert (base64.b64decode(binary["body"]), binary["body_encoding"]) == (b"\xff\x1b[2J", "base64")
    assert "\x1b" not in (await command("dead-letters", "show", numbers[2])).stdout
    assert (await command("dead-letters", "show", 999_999)).exit_code == 1


async def test_a_replay_goes_to_the_queue_where_it_died_and_only_once(
    publishing: Run, amqp_url: str, numbers: list[int]
) -> None:
    first = await publishing("dead-letters", "replay", *numbers[:2], "--json")
    assert first.exit_code == 0
    assert first.json() == {"replayed": numbers[:2], "skipped": [], "failed": {}, "not_tried": []}
    again = await publishing("dead-letters", "replay", *numbers[:2], "--json")
    assert (again.exit_code, again.json()["skipped"]) == (0, numbers[:2])
    messages = await received(amqp_url, INVOICE_READY.name)
    assert [message.body for message in messages] == [b'{"lines": "\xc3\xb8"}', b'{"lines": 2}']
    assert {message.type for message in messages} == {"some.type.v1"}
    # The broker adds its own x-delivery-count; what must not come back is the count of attempts.
    assert [message.headers["halosync-replay-of"] for message in messages] == numbers[:2]
    assert not any("attempt" in message.headers for message in messages)
    assert await received(amqp_url, RUN_REQUESTED.name) == []


async def test_two_replays_at_the_same_time_publish_once(
    publishing: Run, amqp_url: str, database_url: str, numbers: list[int], tmp_path: Path
) -> None:
    async def in_a_process() -> Any:
        argv = ("dead-letters", "replay", "--queue", INVOICE_READY.name, "--rate", "1000", "--json")
        env = {"HALOSYNC_DATABASE_URL": database_url, "HALOSYNC_AMQP_URL": amqp_url}
        return json.loads(await run_forked("halosync.cli", *argv, env=env, cwd=tmp_path))

    outcomes = await asyncio.gather(in_a_process(), in_a_process())
    assert sorted(number for outcome in outcomes for number in outcome["replayed"]) == numbers[:2]
    assert len(await received(amqp_url, INVOICE_READY.name)) == 2
    assert (await publishing("dead-letters", "list", "--queue", INVOICE_READY.name, "--json")).json() == []


async def test_what_no_queue_takes_stays_kept_and_blocks_nothing(
    publishing: Run, amqp_url: str, numbers: list[int]
) -> None:
    done = await publishing("dead-letters", "replay", "--reason", "not JSON", "--json")
    assert done.exit_code == 1
    assert done.json()["replayed"] == [numbers[2]]
    assert list(done.json()["failed"]) == [str(numbers[3])]
    assert len(await received(amqp_url, RUN_REQUESTED.name)) == 1
    told = await publishing("dead-letters", "replay", numbers[3])
    assert "stays kept" in told.stderr


async def test_a_mended_body_is_sent_in_place_of_the_original(
    publishing: Run, amqp_url: str, numbers: list[int], tmp_path: Path
) -> None:
    mended = tmp_path / "mended.json"
    mended.write_text("{broken")
    refused = await publishing("dead-letters", "replay", numbers[0], "--body", mended)
    assert (refused.exit_code, "not JSON" in refused.stderr) == (1, True)
    mended.write_text('{"lines": []}')
    assert (await publishing("dead-letters", "replay", *numbers[:2], "--body", mended)).exit_code == 2
    assert "Replayed 1" in (await publishing("dead-letters", "replay", numbers[0], "--body", mended)).stdout
    assert [message.body for message in await received(amqp_url, INVOICE_READY.name)] == [b'{"lines": []}']
    missing = await publishing("dead-letters", "replay", numbers[1], "--body", tmp_path / "missing")
    assert (missing.exit_code, "cannot read" in missing.stderr) == (1, True)


async def test_a_dry_run_needs_no_broker_and_changes_nothing(command: Run, numbers: list[int]) -> None:
    done = await command("dead-letters", "replay", "--all", "--dry-run", "--json")
    assert done.json() == {"would_replay": numbers}
    assert len((await command("dead-letters", "list", "--all", "--json")).json()) == len(numbers)


@pytest.mark.parametrize("which", [[], ["1", "--all"], ["1", "--queue", "q"]])
@pytest.mark.parametrize("action", ["replay", "discard"])
async def test_which_ones_must_be_said_in_one_way(command: Run, action: str, which: list[str]) -> None:
    assert (await command("dead-letters", action, *which)).exit_code == 2


async def test_discarding_asks_first(command: Run, numbers: list[int]) -> None:
    refused = await command("dead-letters", "discard", "--all", answer="n\n")
    assert refused.exit_code == 1
    assert (await command("dead-letters", "discard", numbers[0], "--json")).exit_code == 2
    agreed = await command("dead-letters", "discard", numbers[0], answer="y\n")
    assert "Discarded 1" in agreed.stdout
    assert (await command("dead-letters", "discard", "--all", "--yes", "--json")).json() == {"discarded": 3}
    state = (await command("dead-letters", "list", "--all", "--state", "discarded", "--json")).json()
    assert [letter["dead_letter_id"] for letter in state] == numbers


async def test_a_number_that_does_not_exist_is_told_and_nothing_is_done(command: Run, numbers: list[int]) -> None:
    done = await command("dead-letters", "discard", numbers[0], 999_999, "--yes")
    assert (done.exit_code, "999999" in done.stderr) == (1, True)
    assert len((await command("dead-letters", "list", "--all", "--json")).json()) == len(numbers)


async def test_what_is_only_kept_in_part_is_not_sent_again_as_it_is(
    publishing: Run, pool: Pool, amqp_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "MOST_BODY_BYTES", 1000)
    store = DeadLetterStore(pool)
    body = b"x" * (dead_letters.BEGINNING_BYTES + 10)
    number = await store.keep(queue=INVOICE_READY.name, message_type="a.v1", reason="?", body=body, headers={})
    assert "65546, of which only the beginning was kept" in (await publishing("dead-letters", "show", number)).stdout
    done = await publishing("dead-letters", "replay", number)
    assert done.exit_code == 1
    assert "only the beginning of its body was kept" in done.stderr
    mended = tmp_path / "mended.json"
    mended.write_text("{}")
    assert (await publishing("dead-letters", "replay", number, "--body", mended)).exit_code == 0
    assert [message.body for message in await received(amqp_url, INVOICE_READY.name)] == [b"{}"]


async def test_a_long_list_says_how_to_go_on(command: Run, numbers: list[int]) -> None:
    done = await command("dead-letters", "list", "--all", "--limit", 2, "--json")
    assert [letter["dead_letter_id"] for letter in done.json()] == numbers[:2]
    assert f"--after {numbers[1]}" in done.stderr
    done = await command("dead-letters", "list", "--all", "--after", numbers[1], "--json")
    assert [letter["dead_letter_id"] for letter in done.json()] == numbers[2:]
    assert done.stderr == ""
