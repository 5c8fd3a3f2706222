"""The environment of the report API."""

import pytest
from halosync.contracts.settings import RateLimit
from pydantic import ValidationError
from report_api.environment import ReportApiSettings

NEEDED = {
    "HALOSYNC_DATABASE_URL": "postgresql://u:p@localhost/db",
    "HALOSYNC_AMQP_URL": "amqp://u:p@localhost/",
    "HALOSYNC_PUBLIC_URL": "https://converge.example/",
}


def test_the_public_url_has_no_slash_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    settings = ReportApiSettings()
    assert settings.public_url == "https://converge.example"
    assert (settings.http_host, settings.http_port) == ("127.0.0.1", 8080)
    assert settings.rate_limit == RateLimit(requests=500, window_s=300)


@pytest.mark.parametrize(
    ("name", "value"), [("PUBLIC_URL", "converge"), ("HTTP_PORT", "70000"), ("HALO_RATE_REQUESTS", "0")]
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    for needed, good in NEEDED.items():
        monkeypatch.setenv(needed, good)
    monkeypatch.setenv(f"HALOSYNC_{name}", value)
    with pytest.raises(ValidationError) as caught:
        ReportApiSettings()
    assert [error["loc"] for error in caught.value.errors()] == [(name.lower(),)]
