"""What the composition promises: one public port, keys for auth alone, a migration first, writers that scale."""

from pathlib import Path
from typing import Any

import pytest
import yaml

COMPOSE: dict[str, Any] = yaml.safe_load(Path("docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("auth", "planner", "halo-writer", "report-api")


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


def test_the_sandbox_is_a_profile() -> None:
    assert SERVICES["sandbox"]["profiles"] == ["sandbox"]
    assert all("profiles" not in SERVICES[name] for name in OURS)


def test_the_image_installs_locked_requirements_and_runs_as_nobody_special() -> None:
    dockerfile = Path("deploy", "Dockerfile").read_text("utf-8")
    assert "--require-hashes -r requirements/production.txt" in dockerfile
    assert "\nUSER halosync\n" in dockerfile
