"""What the composition promises: confined containers, keys for auth alone, a migration first, writers that scale."""

import os
import re
import stat
from pathlib import Path

import pytest
import yaml
from auth.environment import AuthSettings
from cryptography.fernet import Fernet
from devstack.command import run
from devstack.fields import Fields
from devstack.rabbitmq_node import MOST_MESSAGE_BYTES
from halo_writer.environment import WriterSettings
from halosync.contracts.invoice_checks import MOST_EVENT_BYTES
from halosync.domain.accounts import Account, Users
from halosync.runtime.settings import ProcessSettings
from halosync.version import VERSION
from planner.environment import PlannerSettings
from report_api.environment import ReportApiSettings
from report_api.heavy_work import MOST_BYTES

COMPOSE: Fields = yaml.safe_load(Path("docker-compose.yml").read_text("utf-8"))
SERVICES: Fields = COMPOSE["services"]
SETTINGS: dict[str, type[ProcessSettings]] = {
    "auth": AuthSettings,
    "planner": PlannerSettings,
    "halo-writer": WriterSettings,
    "report-api": ReportApiSettings,
}
OURS = tuple(SETTINGS)
ONCE = {"migrate", "certificates"}


@pytest.mark.parametrize("name", OURS)
def test_our_services_wait_for_the_migration_and_drain(name: str) -> None:
    service = SERVICES[name]
    assert service["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert service["stop_grace_period"] == "40s"
    assert "container_name" not in service


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ONCE))
def test_everything_that_stays_has_a_health_check_and_is_started_again(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_report_api_has_room_for_the_process_that_makes_a_pdf() -> None:
    assert SERVICES["report-api"]["mem_limit"] == "1g"
    assert MOST_BYTES <= 768 * 2**20


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert not service.get("privileged")
    # PostgreSQL and RabbitMQ begin as root and become somebody; what runs once reads the operator's key.
    assert ("cap_add" in service) == (name in {"postgres", "rabbitmq", "certificates"})


def test_ports_are_on_loopback_unless_somebody_opens_one_with_tls() -> None:
    opened = {str(port).rpartition(":")[2] for name in SERVICES for port in SERVICES[name].get("ports", [])}
    assert opened == {"8443", "5671", "15672", "8899", "9090", "3000"}
    for service in SERVICES.values():
        for port in service.get("ports", []):
            assert re.match(r"(\$\{\w+_ADDRESS:-127\.0\.0\.1\}|127\.0\.0\.1):", port)
            assert port.startswith("127.") or port.rpartition(":")[2] in {"8443", "5671"}
    assert "ports" not in SERVICES["report-api"]


def test_only_the_proxy_is_believed_for_whom_it_asks() -> None:
    networks = {name for name in SERVICES if "proxy" in SERVICES[name].get("networks", [])}
    assert networks == {"proxy", "report-api"}
    subnet = COMPOSE["networks"]["proxy"]["ipam"]["config"][0]["subnet"]
    assert SERVICES["report-api"]["environment"]["HALOSYNC_HTTP_PROXIES"] == subnet


def test_the_proxy_holds_slow_clients_back_and_says_whose_request_it_is() -> None:
    """A request reaches report-api once it is whole; who is slow, or comes too often, is let go."""
    conf = Path("deploy", "proxy.conf").read_text("utf-8")
    told = dict(re.findall(r"^ +(\w+) ([^;{}]+);", conf, re.MULTILINE))
    assert told["proxy_request_buffering"] == told["proxy_buffering"] == "on"
    assert told["proxy_pass"] == "$report_api"
    assert told["client_header_timeout"] == "15s"
    assert told["client_body_timeout"] == "30s"
    assert told["limit_conn"] == "addresses 100"
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in conf, "what the client says of itself is left out"


def test_only_auth_gets_the_token_keys() -> None:
    assert {name for name in SERVICES if "token_keys" in SERVICES[name].get("secrets", [])} == {"auth"}


@pytest.mark.parametrize("name", OURS)
def test_each_service_signs_in_as_itself_and_knows_no_other_password(name: str) -> None:
    environment = {variable: str(value) for variable, value in SERVICES[name]["environment"].items()}
    user = Users().name(Account(name))
    password = f"{user.removeprefix('halosync_')}_password"
    for server in ("DATABASE", "AMQP"):
        assert f"//{user}@" in environment[f"HALOSYNC_{server}_URL"]
        assert environment[f"HALOSYNC_{server}_PASSWORD_FILE"] == f"/run/secrets/{password}"
    others = {secret for secret in SERVICES[name]["secrets"] if secret.endswith("_password")}
    assert others - {"smtp_password"} == {password}
    assert not any(variable.startswith("HALOSYNC_ADMIN_") for variable in environment)


def test_no_secret_is_in_the_composition_or_its_environment() -> None:
    assert not re.findall(
        r"\$\{\w*(?:PASSWORD|SECRET(?!S_FOLDER)|KEY)\w*", Path("docker-compose.yml").read_text("utf-8")
    )
    for name, service in SERVICES.items():
        named = {
            Path(value).name
            for value in map(str, (service.get("environment") or {}).values())
            if value.startswith("/run/secrets/")
        }
        read = "rabbitmq_password" if name == "rabbitmq" else None
        assert set(service.get("secrets", [])) - {read} == named


@pytest.mark.parametrize("script", ["backup", "passwords", "pin", "restore", "secrets", "upgrade"])
async def test_each_script_can_be_run(script: str) -> None:
    """What they do is tried by deploy/try, on an engine."""
    assert os.access(f"deploy/{script}", os.X_OK)
    await run(["sh", "-n", f"deploy/{script}"], env=os.environ)


async def test_the_secrets_that_are_read_are_made(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    made = await run(["deploy/secrets", folder], env=os.environ)
    assert {path.name for path in folder.iterdir()} == COMPOSE["secrets"].keys()
    assert len(made.splitlines()) == len(COMPOSE["secrets"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    Fernet((folder / "token_keys").read_text().strip())
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert not await run(["deploy/secrets", folder], env=os.environ)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("name", OURS)
def test_every_setting_of_a_service_reaches_its_container(name: str) -> None:
    known = {f"HALOSYNC_{field}".upper() for field in SETTINGS[name].model_fields}
    told = {variable.removesuffix("_FILE") for variable in SERVICES[name]["environment"]}
    assert known <= told


@pytest.mark.parametrize("name", OURS)
def test_health_is_asked_where_the_process_answers(name: str) -> None:
    environment = SERVICES[name]["environment"]
    assert (environment["HALOSYNC_HEALTH_HOST"], environment["HALOSYNC_HEALTH_PORT"]) == ("0.0.0.0", "9000")  # noqa: S104 - inside a container
    assert SERVICES[name]["healthcheck"]["test"] == ["CMD", "python", "-IS", "/usr/local/bin/ready"]


def test_the_migration_comes_after_the_servers_and_is_not_repeated() -> None:
    migrate = SERVICES["migrate"]
    assert migrate["command"] == ["halosync", "migrate"]
    assert migrate["depends_on"] == {name: {"condition": "service_healthy"} for name in ("postgres", "rabbitmq")}
    assert migrate["restart"] == "no"


@pytest.mark.parametrize("name", OURS)
def test_every_service_scales_by_the_env_file(name: str) -> None:
    assert SERVICES[name].keys() & {"container_name", "ports", "hostname"} == set()
    variable = name.replace("-", "_").upper() + "_REPLICAS"
    assert SERVICES[name]["deploy"]["replicas"] == f"${{{variable}:-1}}"
    assert f"{variable}=" in Path(".env.example").read_text("utf-8")


def test_an_image_is_tagged_with_the_version_and_built_when_something_changed() -> None:
    for name in (*OURS, *ONCE):
        assert SERVICES[name]["image"] == f"halosync:${{IMAGE_TAG:-{VERSION}}}"
    # Compose labels an image with the service that it is built for, so that two would take the tag from each other, and
    # what depends on either, RabbitMQ too, would be made anew by the next command. What `run` starts prints JSON alone.
    assert {name for name in SERVICES if "build" in SERVICES[name]} == {"auth", "sandbox"}
    for name in (*OURS, *ONCE, "sandbox"):
        builds = "build" in SERVICES[name]
        assert SERVICES[name]["pull_policy"] == ("${IMAGE_PULL_POLICY:-build}" if builds else "never")


def test_every_image_of_others_can_be_given_by_its_digest() -> None:
    images = {SERVICES[name]["image"] for name in SERVICES.keys() - {*OURS, *ONCE, "sandbox"}}
    variables = {found[1] for image in images if (found := re.fullmatch(r"\$\{(\w+_IMAGE):-[\w/.-]+:[\w.-]+\}", image))}
    assert len(variables) == len(images)
    pinned = set(re.findall(r"\w+_IMAGE", Path("deploy/pin").read_text("utf-8")))
    assert pinned == variables | {"PYTHON_IMAGE"}


def test_rabbitmq_takes_the_largest_event_and_strangers_by_tls_only() -> None:
    lines = Path("deploy", "rabbitmq.conf").read_text("utf-8").splitlines()
    conf = dict(line.split(" = ") for line in lines if " = " in line)
    assert int(conf["max_message_size"]) > MOST_EVENT_BYTES
    assert SERVICES["rabbitmq"]["ports"][1].endswith(f":{conf['listeners.ssl.default']}")


def test_what_must_be_in_the_env_file_is_in_its_example() -> None:
    demanded = set(re.findall(r"\$\{(\w+):\?", Path("docker-compose.yml").read_text("utf-8")))
    example = Path(".env.example").read_text("utf-8")
    assert [name for name in sorted(demanded) if f"\n{name}=" not in example] == []


def test_the_sandbox_is_a_profile() -> None:
    assert SERVICES["sandbox"]["profiles"] == ["sandbox"]
    assert all("profiles" not in SERVICES[name] for name in OURS)


def test_the_sandbox_is_not_in_the_image_of_the_services() -> None:
    stages = Path("deploy", "Dockerfile").read_text("utf-8").split("\nFROM ")
    names = [stage.split("\n", 1)[0].rpartition(" AS ")[2] for stage in stages]
    assert names[-1] == "production", "the last stage is what is built when nobody says which"
    assert [name for name, stage in zip(names, stages, strict=True) if "libs/halo-sandbox" in stage] == [
        "build-sandbox"
    ]
    assert [name for name, stage in zip(names, stages, strict=True) if "build-sandbox" in stage] == [
        "build-sandbox",
        "sandbox",
    ]
    assert SERVICES["auth"]["build"]["target"] == "production"
    assert SERVICES["sandbox"]["build"]["target"] == "sandbox"
    assert SERVICES["sandbox"]["image"] != SERVICES["auth"]["image"]


def test_the_image_installs_locked_requirements_and_runs_as_nobody_special() -> None:
    dockerfile = Path("deploy", "Dockerfile").read_text("utf-8")
    assert "--require-hashes -r requirements/production.txt" in dockerfile
    assert "\nUSER halosync\n" in dockerfile


def test_the_broker_of_the_tests_takes_what_that_of_the_composition_takes() -> None:
    lines = Path("deploy", "rabbitmq.conf").read_text("utf-8").splitlines()
    assert f"max_message_size = {MOST_MESSAGE_BYTES}" in lines
    assert MOST_EVENT_BYTES < MOST_MESSAGE_BYTES
