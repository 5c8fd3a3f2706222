"""The contracts: every message type has examples that are kept for good, and a description that is up to date."""

import json
from pathlib import Path

import pytest
from devstack.fields import Fields
from halosync.contracts.connection import CompleteConnection, TokenGranted
from halosync.contracts.invoice_checks import LineChecker, read_event
from halosync.contracts.message import Message
from halosync.contracts.registry import MESSAGES
from halosync.messaging.asyncapi import TARGET, describe, written
from halosync.messaging.topology import EVENTS, INVOICES, WORK

EXAMPLES = sorted(Path(__file__).with_name("examples").glob("*.json"))
INVOICE_EXAMPLES = [path for path in EXAMPLES if path.name.startswith("invoice.ready.v1.")]
REPOSITORY = Path(__file__).parents[2]


def model_of(path: Path) -> type[Message]:
    """`run.finished.v1.failed.json` is an example of `run.finished.v1`."""
    return MESSAGES[path.name.split(".v1.")[0] + ".v1"]


def names(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", EXAMPLES, ids=names)
def test_an_example_parses_and_is_the_same_after_a_journey(path: Path) -> None:
    model = model_of(path)
    message = model.model_validate_json(path.read_bytes())
    assert model.model_validate_json(message.model_dump_json()) == message


@pytest.mark.parametrize("path", EXAMPLES, ids=names)
def test_nothing_of_an_example_is_lost_on_a_journey(path: Path) -> None:
    sent = json.loads(path.read_bytes())
    arrived = model_of(path).model_validate_json(path.read_bytes()).model_dump_json()
    unknown = {"schema", "partner_name", "tax"} if path.stem.endswith("unknown-fields") else set()
    assert sent.keys() - json.loads(arrived).keys() == unknown
    assert "**" not in arrived, "a secret that does not travel is of no use"


def test_every_type_has_an_example() -> None:
    assert {model_of(path).message_type for path in EXAMPLES} == set(MESSAGES)


@pytest.mark.parametrize("path", INVOICE_EXAMPLES, ids=names)
def test_an_example_invoice_passes_the_check_that_the_planner_makes(path: Path) -> None:
    header, lines = read_event(path.read_bytes())
    checker = LineChecker(header)
    stored = list(checker.check(lines or []))
    assert len(stored) == len(lines or [])
    if lines is not None:
        checker.finish()


def test_the_example_invoices_cover_the_ways_to_write_one() -> None:
    assert {path.stem.removeprefix("invoice.ready.v1.") for path in INVOICE_EXAMPLES} == {
        "with-lines",
        "with-lines-url",
        "usage-lines",
        "unknown-fields",
        "minimal",
    }


@pytest.mark.parametrize("path", EXAMPLES, ids=names)
def test_a_message_with_a_field_of_the_future_is_read_as_before(path: Path) -> None:
    model = model_of(path)
    fields: Fields = json.loads(path.read_bytes())
    assert model.model_validate(fields | {"from_the_future": {"a": 1}}) == model.model_validate(fields)


def test_the_description_is_as_generated() -> None:
    assert (REPOSITORY / TARGET).read_text("utf-8") == written(), "run `make generate`"


def test_the_description_names_every_type_and_its_exchange() -> None:
    document = describe()
    assert {operation.split(":")[0] for operation in document["channels"]} == set(MESSAGES)
    exchanges = {
        name: channel["bindings"]["amqp"]["exchange"].get("name") for name, channel in document["channels"].items()
    }
    assert exchanges == {name: model.exchange for name, model in MESSAGES.items()}


def test_a_type_is_published_to_one_of_our_exchanges_or_is_a_reply() -> None:
    assert {model.exchange for model in MESSAGES.values()} == {INVOICES.name, EVENTS.name, WORK.name, None}
    assert all(name.endswith(".v1") for name in MESSAGES)


def test_secrets_do_not_show_in_text() -> None:
    completing = CompleteConnection.model_validate({"state": "s", "code": "halo-oauth-code"})
    granted = TokenGranted.model_validate_json(
        (Path(__file__).with_name("examples") / "token.granted.v1.json").read_bytes()
    )
    for message, secret in ((completing, "halo-oauth-code"), (granted, "example-access-token")):
        shown = f"{message!r} {message} {message.model_dump()} {message.__dict__}"
        assert secret not in shown
        assert secret in message.model_dump_json()  # it travels, or there would be no use in it
