"""A wrong setting stops auth at start, by its variable's name and without its value."""

import pytest
from auth.environment import AuthSettings
from cryptography.fernet import Fernet
from halosync.runtime.settings import load

KEY, OTHER_KEY = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALOSYNC_DATABASE_URL", "postgresql://u:p@127.0.0.1/halosync")
    monkeypatch.setenv("HALOSYNC_AMQP_URL", "amqp://u:p@127.0.0.1/")
    monkeypatch.setenv("HALOSYNC_PUBLIC_URL", "https://halosync.example")
    monkeypatch.setenv("HALOSYNC_TOKEN_KEYS", KEY)


def test_keys_are_a_list_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALOSYNC_TOKEN_KEYS", f" {KEY}, {OTHER_KEY},")
    assert [key.get_secret_value() for key in load(AuthSettings).token_keys] == [KEY, OTHER_KEY]


def test_nothing_shows_a_key() -> None:
    settings = load(AuthSettings)
    assert KEY not in repr(settings)
    assert KEY not in settings.model_dump_json()


@pytest.mark.parametrize(
    "wrong",
    ["", " , ", "too-short-to-be-a-key", f"{KEY},too-short-to-be-a-key", KEY[:-1], KEY * 2],
    ids=["empty", "only commas", "short", "second short", "cut", "doubled"],
)
def test_wrong_keys_are_named_and_not_shown(
    wrong: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HALOSYNC_TOKEN_KEYS", wrong)
    with pytest.raises(SystemExit):
        load(AuthSettings)
    said = capsys.readouterr().err
    assert "HALOSYNC_TOKEN_KEYS" in said
    assert not any(part.strip() in said for part in wrong.split(",") if part.strip())


@pytest.mark.parametrize(
    ("name", "value"), [("PUBLIC_URL", "halosync.example"), ("PUBLIC_URL", "https://h.example/?a=1")]
)
def test_a_wrong_address_is_named(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"HALOSYNC_{name}", value)
    with pytest.raises(SystemExit):
        load(AuthSettings)
    assert f"HALOSYNC_{name}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("public_url", "redirect_url"),
    [
        ("https://halosync.example", "https://halosync.example/accounts/"),
        ("https://halosync.example/", "https://halosync.example/accounts/"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/accounts/"),
        ("https://msp.example/halosync/", "https://msp.example/halosync/accounts/"),
    ],
)
def test_redirect_url(public_url: str, redirect_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALOSYNC_PUBLIC_URL", public_url)
    assert load(AuthSettings).redirect_url == redirect_url


def test_token_requests_end_long_before_those_who_wait_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALOSYNC_HALO_TIMEOUT_S", "30")
    assert load(AuthSettings).token_timeout_s == 8
    monkeypatch.setenv("HALOSYNC_HALO_TIMEOUT_S", "2")
    assert load(AuthSettings).token_timeout_s == 2
