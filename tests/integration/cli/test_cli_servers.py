"""What the command says when a setting is missing or a server is not there: one line, no traceback, no password."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Run, on

pytestmark = pytest.mark.integration

NOBODY = "localhost:1"


def halosync(tmp_path: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HALOSYNC_")}
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "halosync.cli", *arguments],
        env=environment | settings,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def test_a_missing_setting_is_named(lonely: Run) -> None:
    done = await lonely("partner", "list")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "HALOSYNC_DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_wrong_setting_is_named() -> None:
    done = await on({"HALOSYNC_DATABASE_URL": "mysql://x"})("migrate")
    assert done.exit_code == 2
    assert done.stderr.startswith("HALOSYNC_DATABASE_URL: ")


@pytest.mark.parametrize("arguments", [["migrate"], ["partner", "list", "--json"], ["run", "list"]])
async def test_a_database_that_is_not_there_is_one_line(arguments: list[str]) -> None:
    done = await on({"HALOSYNC_DATABASE_URL": f"postgresql://me:secret@{NOBODY}/halosync"})(*arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    says_that_there_is_no_database(done.stderr)


def test_so_it_is_when_the_libraries_may_say_what_they_want(tmp_path: Path) -> None:
    done = halosync(tmp_path, "partner", "list", HALOSYNC_DATABASE_URL=f"postgresql://me:secret@{NOBODY}/halosync")
    assert (done.returncode, done.stdout) == (1, "")
    says_that_there_is_no_database(done.stderr)


def says_that_there_is_no_database(told: str) -> None:
    [line] = told.splitlines()
    assert "cannot reach Postgres at localhost:1/halosync" in line
    assert "HALOSYNC_DATABASE_URL" in line
    assert "secret" not in line


def test_a_broker_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_text("{}")
    done = halosync(
        tmp_path, "invoice", "publish", "--no-check", str(file), HALOSYNC_AMQP_URL=f"amqp://me:secret@{NOBODY}/"
    )
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert "cannot reach RabbitMQ at localhost:1" in line
    assert "secret" not in line


async def test_a_database_that_does_not_exist_is_named(database_url: str) -> None:
    wrong = database_url.rpartition("/")[0] + "/not_there"
    done = await on({"HALOSYNC_DATABASE_URL": wrong})("partner", "list")
    assert done.exit_code == 1
    assert "not_there" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_real_process_prints_one_json_value(tmp_path: Path, database_url: str) -> None:
    done = halosync(tmp_path, "key", "create", "--operator", "--json", HALOSYNC_DATABASE_URL=database_url)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["api_key"].startswith("hs_")
