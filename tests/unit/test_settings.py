"""A wrong environment stops each process at start, with status 2 and the variable's name (spec section 8)."""

import os
from importlib import import_module
from pathlib import Path

import pytest
from auth.environment import AuthSettings
from cryptography.fernet import Fernet
from halo_writer.environment import WriterSettings
from halosync.runtime.settings import ProcessSettings, load
from planner.environment import PlannerSettings
from report_api.environment import ReportApiSettings

DSN = "DATABASE_URL"
GOOD = {
    DSN: "postgresql://user:s3cret@127.0.0.1:1/halosync",
    "AMQP_URL": "amqp://user:s3cret@127.0.0.1:1/",
    "PUBLIC_URL": "https://halosync.example",
    "TOKEN_KEYS": Fernet.generate_key().decode(),
}
PROCESSES: dict[str, type[ProcessSettings]] = {
    "planner": PlannerSettings,
    "halo_writer": WriterSettings,
    "auth": AuthSettings,
    "report_api": ReportApiSettings,
}
TALK_TO_HALO = ("planner", "halo_writer", "auth")

OF_EVERY_PROCESS = {
    DSN: ["", "mysql://h/d", "halosync", "postgresql://u:s3cret@h:x/d"],
    "AMQP_URL": [
        "",
        " ",
        "http://h/",
        "rabbitmq",
        "amqp://u:s3cret@h/?heartbeat=0",
        "amqps://u:s3cret@h/?cafile=/nowhere",
    ],
    "HEALTH_PORT": ["-1", "65536", "http", "80.5"],
    "LOG_LEVEL": ["LOUD", "DEBUG INFO"],
    "RETRY_DELAYS_S": [" , ", "5;30", "0", "-5", "nan", "inf", "5,3601", "5,soon"],
    "RETRY_MAX_ATTEMPTS": ["0", "101", "1.5", "many"],
}
OF_THOSE_THAT_TALK_TO_HALO = {
    "HALO_URL_TEMPLATE": ["https://acme.halopsa.com", "{tenant}.halopsa.com", "ftp://{tenant}.halopsa.com"],
    "HALO_RATE_REQUESTS": ["0", "-1", "1e3", "100001"],
    "HALO_RATE_WINDOW_S": ["0", "-1", "nan", "inf", "5 min"],
    "HALO_PAGE_SIZE": ["0", "1001"],
    "HALO_PAGE_SIZE_MAX": ["0", "1001"],
    "HALO_BATCH_SIZE": ["0", "1001"],
    "HALO_BATCH_SIZE_MAX": ["0", "1001"],
    "HALO_TIMEOUT_S": ["0", "nan", "inf"],
    "HALO_SETTLE_S": ["-1", "nan", "inf"],
}
OF_ONE = {
    "halo_writer": {"BATCHES_AT_ONCE": ["0", "501"], "BATCHES_PER_TENANT": ["0", "101"]},
    "report_api": {
        "PUBLIC_URL": ["", "halosync.example", "ftp://h/", "https://h/?a=1", "https://u:s3cret@h/"],
        "HTTP_PROXIES": ["10.0.0.1/8", "proxy"],
        "HTTP_CONNECTIONS": ["0"],
        "HTTP_PORT": ["-1", "65536", "http"],
        "HALO_RATE_REQUESTS": ["0", "100001"],
        "HALO_RATE_WINDOW_S": ["0", "inf", "86401"],
    },
    "auth": {"PUBLIC_URL": ["", "h.example"], "TOKEN_KEYS": ["", "short"], "TOKEN_REFRESH_INTERVAL_S": ["0", "121"]},
    "planner": {
        "INVOICE_HOSTS": [
            "https://h.example",
            "h.example/lines",
            "h.example:",
            "h:99999",
            "u@h.example",
            "a b",
            "*.h.example",
        ],
        "RETENTION_MONTHS": ["0", "-1", "many"],
    },
}


def wrong() -> list[tuple[str, str, str]]:
    """Every process with every variable of its own and its wrong values."""
    tables = {
        process: {
            **OF_EVERY_PROCESS,
            **(OF_THOSE_THAT_TALK_TO_HALO if process in TALK_TO_HALO else {}),
            **OF_ONE[process],
        }
        for process in PROCESSES
    }
    return [(process, name, value) for process, table in tables.items() for name in table for value in table[name]]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # no .env
    for name in os.environ:
        if name.startswith("HALOSYNC_"):
            monkeypatch.delenv(name)
    for name, value in GOOD.items():
        monkeypatch.setenv(f"HALOSYNC_{name}", value)


@pytest.mark.parametrize(("process", "name", "value"), wrong())
def test_a_wrong_value_is_told_by_its_variables_name(
    process: str, name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"HALOSYNC_{name}", value)
    with pytest.raises(SystemExit) as stopped:
        load(PROCESSES[process])
    (told,) = capsys.readouterr().err.splitlines()
    assert stopped.value.code == 2
    assert told.startswith(f"HALOSYNC_{name}: ")
    assert "s3cret" not in told


@pytest.mark.parametrize("process", PROCESSES)
def test_good_values_are_taken(process: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALOSYNC_RETRY_DELAYS_S", " 30, 0.5 ,")
    monkeypatch.setenv("HALOSYNC_LOG_LEVEL", "debug")
    settings = load(PROCESSES[process])
    assert (settings.retry_delays_s, settings.tiers_s, settings.log_level) == ((30.0, 0.5), (0.5, 1.0, 30.0), "DEBUG")


@pytest.mark.parametrize("process", PROCESSES)
def test_what_stands_around_an_address_is_no_part_of_it(process: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (DSN, "AMQP_URL"):
        monkeypatch.setenv(f"HALOSYNC_{name}", f"\t{GOOD[name]} \n")
    settings = load(PROCESSES[process])
    assert (settings.database_url, settings.amqp_url) == (GOOD[DSN], GOOD["AMQP_URL"])


@pytest.mark.parametrize("process", TALK_TO_HALO)
def test_the_defaults_are_those_of_the_specification(process: str) -> None:
    told = load(PROCESSES[process]).model_dump()
    expected = {
        "retry_delays_s": (5.0, 30.0, 120.0, 300.0),
        "retry_max_attempts": 8,
        "halo_url_template": "https://{tenant}.halopsa.com",
        "halo_suffixes": ("haloitsm.com", "haloservicedesk.com", "usehalo.com"),
        "halo_custom_hosts": (),
        "halo_rate_requests": 500,
        "halo_rate_window_s": 300,
        "halo_page_size": 100,
        "halo_page_size_max": 1000,
        "halo_batch_size": 50,
        "halo_batch_size_max": 500,
        "halo_timeout_s": 30,
        "halo_settle_s": 60,
    }
    assert {name: told[name] for name in expected} == expected


def test_the_operator_can_say_which_halo_a_partners_own_domain_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALOSYNC_HALO_CUSTOM_HOSTS", "PSA.msp.example=Acme.halopsa.com, *.other.example")
    hosts = load(AuthSettings).halo_hosts
    assert hosts.custom_hosts == ("psa.msp.example", "*.other.example")
    assert hosts.same_as == (("psa.msp.example", "acme"),)


@pytest.mark.parametrize(
    "entry",
    ["*.msp.example=acme", "psa.msp.example=no halo", "psa.msp.example=x.y", "a.example=b.example,b.example=acme"],
)
def test_what_the_operator_says_of_a_domain_must_be_a_halo(
    entry: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HALOSYNC_HALO_CUSTOM_HOSTS", entry)
    with pytest.raises(SystemExit):
        load(AuthSettings)
    assert capsys.readouterr().err


def test_all_wrong_variables_are_told_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HALOSYNC_DATABASE_URL")
    monkeypatch.setenv("HALOSYNC_HALO_PAGE_SIZE", "0")
    with pytest.raises(SystemExit):
        load(PlannerSettings)
    told = capsys.readouterr().err
    assert {line.split(":")[0] for line in told.splitlines()} == {"HALOSYNC_DATABASE_URL", "HALOSYNC_HALO_PAGE_SIZE"}


def test_invoice_hosts_are_a_list_of_names_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(PlannerSettings).invoice_hosts == frozenset()
    monkeypatch.setenv("HALOSYNC_INVOICE_HOSTS", "Invoices.Converge.Example, 127.0.0.1:8000, [::1]:80,")
    assert load(PlannerSettings).invoice_hosts == {"invoices.converge.example", "127.0.0.1:8000", "[::1]:80"}


@pytest.mark.parametrize("process", ["auth", "report_api"])
@pytest.mark.parametrize("host", ["halosync.example", "10.0.0.7:8080", "[2001:db8::1]", "127.0.0.1.example"])
def test_a_public_address_without_tls_is_refused_unless_it_is_wanted(
    process: str, host: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HALOSYNC_PUBLIC_URL", f"http://{host}")
    with pytest.raises(SystemExit):
        load(PROCESSES[process])
    told = capsys.readouterr().err
    assert "everybody on the way could read API keys" in told
    assert "HALOSYNC_ALLOW_HTTP=true" in told
    monkeypatch.setenv("HALOSYNC_ALLOW_HTTP", "true")
    load(PROCESSES[process])


@pytest.mark.parametrize("host", ["localhost:8000", "portal.localhost", "127.0.0.1:8080", "127.9.9.9", "[::1]:8080"])
def test_this_machine_needs_no_tls(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALOSYNC_PUBLIC_URL", f"http://{host}")
    assert load(ReportApiSettings).public_url == f"http://{host}"


@pytest.mark.parametrize("process", PROCESSES)
def test_the_program_itself_stops_with_status_2(
    process: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `python -m`, but here: a process of its own would take a second to come to the same line."""
    monkeypatch.delenv("HALOSYNC_DATABASE_URL")
    monkeypatch.setenv("HALOSYNC_RETRY_MAX_ATTEMPTS", "0")
    with pytest.raises(SystemExit) as stopped:
        import_module(f"{process}.composition").main()
    assert stopped.value.code == 2
    told = capsys.readouterr().err
    assert {line.split(":")[0] for line in told.splitlines()} == {
        "HALOSYNC_DATABASE_URL",
        "HALOSYNC_RETRY_MAX_ATTEMPTS",
    }
