"""Token keys that are missing or wrong: nobody starts with them."""

from pathlib import Path

import pytest
from auth.environment import AuthSettings
from devstack.errors import DevstackError
from devstack.options import new_token_key
from devstack.up import Given, options_from_environment
from halosync.runtime.settings import load

LASTING = {"HALOSYNC_DATABASE_URL": "postgresql://me@h/d"}


@pytest.fixture(autouse=True)
def lasting_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder without `.env`, and a database that is there tomorrow."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HALOSYNC_AMQP_URL", "amqp://h/")
    monkeypatch.setenv("HALOSYNC_PUBLIC_URL", "https://halosync.example")
    monkeypatch.delenv("HALOSYNC_TOKEN_KEYS", raising=False)
    for name, value in LASTING.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("empty", [None, "", " ", ",", " , "])
def test_an_empty_key_with_a_lasting_database_is_refused(
    empty: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By auth, and by `make up`, which makes a key of its own for a database of its own."""
    if empty is not None:
        monkeypatch.setenv("HALOSYNC_TOKEN_KEYS", empty)
    with pytest.raises(SystemExit) as stopped:
        load(AuthSettings)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("HALOSYNC_TOKEN_KEYS: ")
    with pytest.raises(DevstackError, match=r"HALOSYNC_TOKEN_KEYS is empty.*HALOSYNC_TOKEN_KEYS=[\w-]{43}="):
        options_from_environment(Given(), LASTING, writers=1)


def test_without_a_lasting_database_up_makes_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HALOSYNC_DATABASE_URL")
    assert options_from_environment(Given(), {}, writers=1).token_keys


def test_a_key_that_is_none_is_refused_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HALOSYNC_TOKEN_KEYS", f"{new_token_key()},s3cret")
    with pytest.raises(SystemExit):
        load(AuthSettings)
    told = capsys.readouterr().err
    assert told.startswith("HALOSYNC_TOKEN_KEYS: key 2 of 2 is wrong; a key is 32 bytes")
    assert "s3cret" not in told
