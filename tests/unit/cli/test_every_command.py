"""Every command is told the same way: `--json`, a help with an example that is of this command, and a test."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from halosync.cli.main import app
from typer.testing import CliRunner

TESTS = Path(__file__).parents[2]


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command that does something, with its words."""
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from leaves(inner, (*path, name))
    else:
        yield path, command


COMMANDS = dict(leaves(typer.main.get_command(app)))


@pytest.fixture(scope="module")
def texts() -> str:
    """Every test of commands, as one text."""
    pages = [*TESTS.glob("integration/**/*.py"), *TESTS.glob("unit/cli/*.py"), *TESTS.glob("e2e/*.py")]
    return "\n".join(page.read_text("utf-8") for page in pages if page != Path(__file__))


def test_there_are_commands() -> None:
    assert ("purge",) in COMMANDS
    assert ("partner", "remove") in COMMANDS


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_has_json_and_a_help_with_an_example_that_it_takes(words: tuple[str, ...]) -> None:
    command = COMMANDS[words]
    assert any("--json" in parameter.opts for parameter in command.params)
    shown = CliRunner().invoke(app, [*words, "--help"])
    assert shown.exit_code == 0
    assert "Example:" in shown.stdout
    example = re.search(r"Example: (?:docker compose run --rm \w+ )?halosync (.*)", command.help or "")
    assert example is not None
    given = shlex.split(example[1])
    assert tuple(given[: len(words)]) == words
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {each for each in given if each.startswith("--")} <= known
    required = {parameter.opts[0] for parameter in command.params if parameter.required and parameter.opts[0][0] == "-"}
    assert required <= set(given)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_about_a_partner_names_it_first(words: tuple[str, ...]) -> None:
    """`--partner` narrows what is about all partners, and is another way to say PARTNER where one has to be named."""
    named = [each for each in COMMANDS[words].params if each.metavar == "PARTNER"]
    arguments = [each for each in COMMANDS[words].params if each.param_type_name == "argument"]
    for each in named:
        assert not each.required or each is arguments[0], each.opts
        assert each in arguments or "--partner" in each.opts


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_has_a_test(words: tuple[str, ...], texts: str) -> None:
    called = r',\s*"?'.join(f'"{word}"' for word in words)
    if len(words) == 1:  # a word alone may be anything: it has to be what is called
        called = rf"\b(?:command|administrator|lonely)\({called}"
    assert re.search(called, texts), f"no test calls halosync {' '.join(words)}"
