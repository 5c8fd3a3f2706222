"""What the composition promises: one public port, keys for auth alone, a migration first, writers that scale."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from auth.environment import AuthSettings
from halo_writer.environment import WriterSettings
from halosync.domain.accounts import Account, Users
from halosync.runtime.settings import ProcessSettings
from planner.environment import PlannerSettings
from report_api.environment import ReportApiSettings

COMPOSE: dict[str, Any] = yaml.safe_load(Path("docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
SETTINGS: dict[str, type[ProcessSettings]] = {
    "auth": AuthSettings,
    "planner": PlannerSettings,
    "halo-writer": WriterSettings,
    "report-api": ReportApiSettings,
}
OURS = tuple(SETTINGS)


@pytest.mark.parametrize("name", OURS)
def test_our_services_wait_for_the_migration_and_drain(name: str) -> None:
    service = SERVICES[name]
    assert service["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert service["stop_grace_period"] == "40s"
    assert "container_name" not in service


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"migrate"}))
def test_everything_that_stays_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]


def test_only_report_api_is_public() -> None:
    public = {
        name
        for name, service in SERVICES.items()
        if any(not str(port).startswith("127.0.0.1:") for port in service.get("ports", []))
    }
    assert public == {"report-api"}


def test_only_auth_gets_the_token_keys() -> None:
    assert {name for name in SERVICES if "HALOSYNC_TOKEN_KEYS" in (SERVICES[name].get("environment") or {})} == {"auth"}


@pytest.mark.parametrize("name", OURS)
def test_each_service_signs_in_as_itself_and_knows_no_other_password(name: str) -> None:
    environment = {variable: str(value) for variable, value in SERVICES[name]["environment"].items()}
    user = Users().name(Account(name))
    for variable in ("HALOSYNC_DATABASE_URL", "HALOSYNC_AMQP_URL"):
        assert f"//{user}:${{{user.upper()}_PASSWORD:?" in environment[variable]
    said = " ".join([*environment, *environment.values()])
    assert set(re.findall(r"\w+_PASSWORD", said)) == {f"{user.upper()}_PASSWORD"}
    assert "HALOSYNC_ADMIN_" not in said


@pytest.mark.parametrize("name", OURS)
def test_every_setting_of_a_service_reaches_its_container(name: str) -> None:
    known = {f"HALOSYNC_{field}".upper() for field in SETTINGS[name].model_fields}
    assert known <= SERVICES[name]["environment"].keys()


@pytest.mark.parametrize("name", OURS)
def test_health_is_asked_where_the_process_answers(name: str) -> None:
    environment = SERVICES[name]["environment"]
    assert (environment["HALOSYNC_HEALTH_HOST"], environment["HALOSYNC_HEALTH_PORT"]) == ("0.0.0.0", "9000")  # noqa: S104 - inside a container
    assert SERVICES[name]["healthcheck"]["test"][-1] == "/usr/local/bin/ready"


def test_the_migration_comes_after_the_servers_and_is_not_repeated() -> None:
    migrate = SERVICES["migrate"]
    assert migrate["command"] == ["halosync", "migrate"]
    assert migrate["depends_on"] == {name: {"condition": "service_healthy"} for name in ("postgres", "rabbitmq")}
    assert migrate["restart"] == "no"


def test_writers_scale() -> None:
    assert SERVICES["halo-writer"].keys() & {"container_name", "ports", "hostname"} == set()


def test_servers_are_reached_from_inside_only_but_for_the_management_page() -> None:
    assert "ports" not in SERVICES["postgres"]
    assert SERVICES["rabbitmq"]["ports"] == ["127.0.0.1:15672:15672"]


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
    assert [name for name, stage in zip(names, stages, strict=True) if "halo-sandbox" in stage] == ["build-sandbox"]
    assert [name for name, stage in zip(names, stages, strict=True) if "build-sandbox" in stage] == [
        "build-sandbox",
        "sandbox",
    ]
    assert {SERVICES[name]["build"]["target"] for name in (*OURS, "migrate")} == {"production"}
    assert SERVICES["sandbox"]["build"]["target"] == "sandbox"
    assert SERVICES["sandbox"]["image"] != SERVICES["auth"]["image"]


def test_the_image_installs_locked_requirements_and_runs_as_nobody_special() -> None:
    dockerfile = Path("deploy", "Dockerfile").read_text("utf-8")
    assert "--require-hashes -r requirements/production.txt" in dockerfile
    assert "\nUSER halosync\n" in dockerfile
