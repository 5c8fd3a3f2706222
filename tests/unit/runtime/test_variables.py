"""Where settings come from: the environment, `.env` and files; what is empty, padded or misspelt (spec section 13)."""

import os
from pathlib import Path

import pytest
from auth.environment import AuthSettings
from halo_writer.environment import WriterSettings
from halosync.cli.settings import BrokerSettings, DatabaseSettings
from halosync.runtime.setting_names import NAMES
from halosync.runtime.settings import load
from halosync.runtime.variables import EnvironmentSettings, unknown_names, variables
from planner.environment import PlannerSettings
from report_api.environment import ReportApiSettings

ALL = (PlannerSettings, WriterSettings, AuthSettings, ReportApiSettings, DatabaseSettings, BrokerSettings)
PASSWORD = "s3cret"
URL = f"postgresql://halosync:{PASSWORD}@127.0.0.1:1/halosync"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder without `.env`, in an environment without our variables."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("HALOSYNC_")]:
        monkeypatch.delenv(name)
    return tmp_path


def test_a_secret_comes_from_a_file(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "url").write_text(f" {URL}\n\n")
    monkeypatch.setenv("HALOSYNC_DATABASE_URL_FILE", str(folder / "url"))
    assert load(DatabaseSettings).database_url == URL


def test_files_that_cannot_be_read_are_told(
    monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HALOSYNC_DATABASE_URL", f"{URL}?sslmode=verify-full&sslrootcert={folder / 'ca.pem'}")
    with pytest.raises(SystemExit):
        load(DatabaseSettings)
    told = capsys.readouterr().err
    assert f"the file {folder / 'ca.pem'} of sslrootcert cannot be read: No such file or directory" in told
    assert PASSWORD not in told
    monkeypatch.setenv("HALOSYNC_DATABASE_URL", f"{URL}?sslmode=verify-full&sslrootcert=system")
    assert load(DatabaseSettings)
    (folder / ".env").write_bytes(b"HALOSYNC_LOG_LEVEL=\xff")
    with pytest.raises(SystemExit):
        load(DatabaseSettings)
    assert f"the file {folder / '.env'} cannot be read: it is not UTF-8 text" in capsys.readouterr().err


def test_the_password_of_a_url_comes_from_a_file_of_its_own(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "password").write_text("p@ss/w:rd%#\n")
    for server in ("DATABASE", "AMQP"):
        monkeypatch.setenv(f"HALOSYNC_{server}_PASSWORD_FILE", str(folder / "password"))
    monkeypatch.setenv("HALOSYNC_DATABASE_URL", "postgresql://anna@h:5/d?sslmode=require")
    monkeypatch.setenv("HALOSYNC_AMQP_URL", "amqp://anna@h/%2F")
    settings = load(PlannerSettings)
    assert settings.database_url == "postgresql://anna:p%40ss%2Fw%3Ard%25%23@h:5/d?sslmode=require"
    assert str(settings.amqp_url) == "amqp://anna:p%40ss%2Fw%3Ard%25%23@h/%2F"
    assert unknown_names() == []


@pytest.mark.parametrize("url", [URL, "postgresql://h/d", "postgresql:///d?user=anna", "h"])
def test_a_password_beside_a_url_that_has_one_or_no_user_is_told(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HALOSYNC_DATABASE_URL", url)
    monkeypatch.setenv("HALOSYNC_DATABASE_PASSWORD", PASSWORD)
    with pytest.raises(SystemExit):
        load(DatabaseSettings)
    told = capsys.readouterr().err
    assert told == (
        "HALOSYNC_DATABASE_URL: with HALOSYNC_DATABASE_PASSWORD it has to name a user and no password: "
        "scheme://user@host\n"
    )


@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["no such file", "no text"])
def test_a_file_that_cannot_be_read_is_told(
    content: bytes | None, monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (folder / "url").write_bytes(content)
    monkeypatch.setenv("HALOSYNC_DATABASE_URL_FILE", str(folder / "url"))
    with pytest.raises(SystemExit):
        load(DatabaseSettings)
    assert f"HALOSYNC_DATABASE_URL_FILE: the file {folder / 'url'} cannot be read" in capsys.readouterr().err


def test_a_value_and_its_file_are_one_too_many(
    monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "url").write_text(URL)
    monkeypatch.setenv("HALOSYNC_DATABASE_URL_FILE", str(folder / "url"))
    monkeypatch.setenv("HALOSYNC_DATABASE_URL", URL)
    with pytest.raises(SystemExit):
        load(DatabaseSettings)
    told = capsys.readouterr().err
    assert told.startswith("HALOSYNC_DATABASE_URL: it is set, and HALOSYNC_DATABASE_URL_FILE too")
    assert PASSWORD not in told


def test_the_environment_wins_over_the_env_file_however_each_gives_a_value(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    (folder / "url").write_text("postgresql://file/x")
    (folder / ".env").write_text(f"HALOSYNC_DATABASE_URL_FILE={folder / 'url'}\nHALOSYNC_LOG_LEVEL=DEBUG\n")
    assert variables() == {"HALOSYNC_DATABASE_URL": "postgresql://file/x", "HALOSYNC_LOG_LEVEL": "DEBUG"}
    monkeypatch.setenv("HALOSYNC_DATABASE_URL", URL)
    assert load(DatabaseSettings).database_url == URL


def test_an_empty_value_is_an_unset_one(
    monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("LOG_LEVEL", "HALO_RATE_REQUESTS", "HALO_URL_TEMPLATE", "INVOICE_HOSTS", "RETRY_DELAYS_S"):
        monkeypatch.setenv(f"HALOSYNC_{name}", "  ")
    monkeypatch.setenv("HALOSYNC_DATABASE_URL", f" {URL} \t")
    monkeypatch.setenv("HALOSYNC_AMQP_URL", "amqp://h/ ")
    settings = load(PlannerSettings)
    assert (settings.database_url, settings.log_level, settings.halo_rate_requests) == (URL, "INFO", 500)
    # Also one over a value in `.env`, and one that a file gives.
    (folder / ".env").write_text("HALOSYNC_LOG_LEVEL=DEBUG\n")
    assert load(PlannerSettings).log_level == "DEBUG"
    (folder / "url").write_text(" \n")
    monkeypatch.delenv("HALOSYNC_DATABASE_URL")
    monkeypatch.setenv("HALOSYNC_DATABASE_URL_FILE", str(folder / "url"))
    with pytest.raises(SystemExit):
        load(DatabaseSettings)
    assert capsys.readouterr().err == "HALOSYNC_DATABASE_URL: is missing; give it\n"


def test_a_name_that_nobody_knows_is_told_with_the_nearest_that_is(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setenv("HALOSYNC_HALO_PAGESIZE", "7")
    monkeypatch.setenv("HALOSYNC_XYZZY_FILE", "7")
    monkeypatch.setenv("HALOSYNC_TOKEN_KEYS_FILE", "known")
    monkeypatch.setenv("HALOSYNC_DEVSTACK_ANYTHING", "of the tests")
    (folder / ".env").write_text("HALOSYNC_LOGLEVEL=DEBUG\nHALOSYNC_LOG_LEVEL=DEBUG\nOTHER=x\n")
    strange = "there is no setting of this name, so it changes nothing"
    assert unknown_names() == [
        f"HALOSYNC_HALO_PAGESIZE: {strange}; did you mean HALOSYNC_HALO_PAGE_SIZE?",
        f"HALOSYNC_LOGLEVEL: {strange}; did you mean HALOSYNC_LOG_LEVEL?",
        f"HALOSYNC_XYZZY_FILE: {strange}; docs/settings.md lists the settings",
    ]


def below(settings: type[EnvironmentSettings]) -> set[type[EnvironmentSettings]]:
    found = set(settings.__subclasses__())
    return found.union(*map(below, found))


def test_the_list_of_names_has_every_setting_and_no_other() -> None:
    """Add a new setting to `halosync.runtime.setting_names`, or every process would call it a slip of the pen."""
    ours = [each for each in below(EnvironmentSettings) if not each.__module__.startswith(("devstack", "tests"))]
    assert set(ours) >= set(ALL)
    assert {name.upper() for settings in ours for name in settings.model_fields} == NAMES
