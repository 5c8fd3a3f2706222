"""Where Chromium comes from: every way, with a machine that has what the test says."""

import asyncio
from pathlib import Path

import pytest
from devstack.chromium import CHROMIUM_VARIABLE, chromium
from devstack.debian import install_package
from devstack.errors import NotInstalledError
from devstack.programs import ProgramSource

SHELL = "chromium-headless-shell"


class Packages:
    """A machine that has some programs, and gets another with the package if it may."""

    def __init__(self, *programs: str, may_install: bool = False, brings: str | None = SHELL) -> None:
        self.programs = set(programs)
        self.installed: list[str] = []
        self._brings = brings
        self.source = ProgramSource(self.which, lambda: may_install, self.install)

    def which(self, name: str) -> str | None:
        known = name if name.startswith("/") else f"/usr/bin/{name}"
        return known if known.removeprefix("/usr/bin/") in self.programs else None

    async def install(self, package: str) -> None:
        self.installed.append(package)
        if self._brings is not None:
            self.programs.add(self._brings)


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CHROMIUM_VARIABLE, raising=False)


async def test_the_given_program_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHROMIUM_VARIABLE, "/usr/bin/mine")
    assert await chromium(source=Packages("chromium", "mine").source) == Path("/usr/bin/mine")


async def test_a_given_program_that_is_none_is_an_error_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(CHROMIUM_VARIABLE, "/usr/bin/typo")
    with pytest.raises(NotInstalledError, match=f"{CHROMIUM_VARIABLE}=/usr/bin/typo"):
        await chromium(source=Packages("chromium").source)


@pytest.mark.parametrize("name", [SHELL, "chromium", "chromium-browser", "google-chrome"])
async def test_an_installed_one_is_used(name: str) -> None:
    has = Packages(name, may_install=True)
    assert await chromium(source=has.source) == Path("/usr/bin", name)
    assert has.installed == []


async def test_of_several_the_one_without_windows_is_used() -> None:
    assert await chromium(source=Packages("chromium", SHELL).source) == Path("/usr/bin", SHELL)


async def test_without_one_the_package_is_installed_and_somebody_told() -> None:
    has, told = Packages(may_install=True), list[str]()
    assert await chromium(source=has.source, progress=told.append) == Path("/usr/bin", SHELL)
    assert has.installed == [SHELL]
    assert len(told) == 1


async def test_a_package_that_brings_no_program_is_an_error() -> None:
    with pytest.raises(NotInstalledError, match="installed, but"):
        await chromium(source=Packages(may_install=True, brings=None).source)


async def test_without_any_way_the_error_says_what_to_do() -> None:
    with pytest.raises(NotInstalledError) as raised:
        await chromium(source=Packages().source)
    for hint in (f"apt-get install {SHELL}", f"{CHROMIUM_VARIABLE}="):
        assert hint in str(raised.value)


async def test_two_installations_are_one_after_the_other(tmp_path: Path) -> None:
    under_way: list[list[str]] = []

    async def runner(argv: list[str], *, env: dict[str, str], timeout_s: float) -> str:
        assert under_way == [], f"while {under_way}: {argv} {len(env)} {timeout_s}"
        under_way.append(argv)
        await asyncio.sleep(0)
        under_way.clear()
        return ""

    one = (runner, tmp_path / "policy-rc.d", tmp_path / "lock")
    async with asyncio.TaskGroup() as group:
        for package in (SHELL, "rabbitmq-server"):
            group.create_task(install_package(package, *one))
    assert not (tmp_path / "policy-rc.d").exists()
