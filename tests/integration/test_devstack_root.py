"""Another RabbitMQ in a folder: how it is chosen, entered and made; to run one, name it and run any test."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from devstack.errors import DevstackError, NotInstalledError
from devstack.rabbitmq import rabbitmq
from devstack.rabbitmq_choice import Machine, Source, find_rabbitmq
from devstack.rabbitmq_root import ROOT_VARIABLE, RabbitRoot, make_root, root_from_environment
from devstack.state import StateFolder

SOURCES = "Debian Debian-Security http://mirror.example/security\nDebian Debian http://mirror.example/debian\n"


class Machinery:
    """Runs nothing; remembers what was to be run."""

    def __init__(self, sources: str = SOURCES) -> None:
        self.commands: list[str] = []
        self._sources = sources

    async def __call__(self, argv: Sequence[str], *, env: Mapping[str, str], timeout_s: float) -> str:
        assert env
        assert timeout_s > 60
        self.commands.append(" ".join(argv))
        return self._sources if "indextargets" in argv else ""


def with_root(path: Path) -> Machine:
    root = RabbitRoot(path)
    return Machine(lambda: Path("/scripts"), lambda: True, lambda: True, lambda: root)


def test_a_named_folder_comes_before_what_the_machine_has() -> None:
    assert find_rabbitmq(None, with_root(Path("/other"))) is Source.ROOT
    assert find_rabbitmq("amqp://given", with_root(Path("/other"))) is Source.GIVEN


def test_the_variable_names_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ROOT_VARIABLE, raising=False)
    assert root_from_environment() is None
    monkeypatch.setenv(ROOT_VARIABLE, "/other")
    assert root_from_environment() == RabbitRoot(Path("/other"))


async def test_a_folder_without_rabbitmq_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NotInstalledError, match="rabbitmq-root"):
        async with rabbitmq(None, state=StateFolder(tmp_path), machine=with_root(tmp_path)):
            pass


async def test_the_release_is_unpacked_from_where_the_machine_has_its_packages(tmp_path: Path) -> None:
    run = Machinery()
    await make_root(tmp_path / "new", "trixie", run, has=lambda _program: "/usr/sbin/debootstrap")
    assert run.commands[-1].startswith("debootstrap ")
    assert run.commands[-1].endswith(f"trixie {tmp_path / 'new'} http://mirror.example/debian")
    assert "--include=rabbitmq-server" in run.commands[-1]
    assert not [command for command in run.commands if command.startswith("apt-get install")]


async def test_what_unpacks_it_is_installed_where_it_is_missing(tmp_path: Path) -> None:
    run = Machinery()
    await make_root(tmp_path, "trixie", run, has=lambda _program: None)
    assert run.commands[1].endswith("debootstrap")


async def test_a_machine_without_debian_packages_is_told(tmp_path: Path) -> None:
    with pytest.raises(DevstackError, match="apt"):
        await make_root(tmp_path, "trixie", Machinery("Other Other http://mirror.example/other"), has=lambda name: name)


async def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    run = Machinery()
    with pytest.raises(DevstackError, match="not empty"):
        await make_root(tmp_path, "trixie", run)
    assert run.commands == []
