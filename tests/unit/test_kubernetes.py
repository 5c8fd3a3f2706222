"""The services as `deploy/kubernetes` has them: rendered by kubectl where it is, valid, and like the composition."""

import copy
import operator
import os
import re
import shutil
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from devstack.command import run
from devstack.fields import Fields
from halosync.domain.accounts import Account, Users
from halosync.messaging.topology import LICENCE_ACTIONS
from halosync.runtime.setting_names import NAMES, URL_PASSWORDS
from halosync.version import VERSION
from pydantic import ValidationError

from .operator_objects import KINDS, check_operator_object
from .test_monitoring import told

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
KUSTOMIZATIONS = sorted(FOLDER.rglob("kustomization.yaml"))
PATCHES = {"confined.yaml", "stays.yaml"}
SERVICES = ("auth", "planner", "halo-writer", "report-api")
COMPOSE_SECRETS = set(yaml.safe_load(Path("docker-compose.yml").read_text("utf-8"))["secrets"])


def documents(text: str) -> list[Fields]:
    return [each for each in yaml.safe_load_all(text) if each]


MANIFESTS = [
    each
    for path in sorted(FOLDER.rglob("*.yaml"))
    if path.name != "kustomization.yaml" and path.name not in PATCHES
    for each in documents(path.read_text("utf-8"))
]


def named(each: Fields) -> str:
    return f"{each['kind']} {each['metadata']['name']}"


def valid(each: Fields) -> None:
    """Raise if Kubernetes would not take it, or would leave out what is misspelt."""
    if each["kind"] in KINDS:  # operators bring them: Kubernetes' own schemas do not know them
        check_operator_object(each)
    else:
        kubernetes_validate.validate(each, "1.32", strict=True)


def values(of: Any, name: str) -> Iterator[Any]:
    """Yield whatever has this name, however deep."""
    if isinstance(of, dict):
        for key, value in of.items():
            if key == name:
                yield value
            yield from values(value, name)
    elif isinstance(of, list):
        for each in of:
            yield from values(each, name)


@pytest.mark.parametrize("manifest", MANIFESTS, ids=named)
def test_each_manifest_is_valid(manifest: Fields) -> None:
    valid(manifest)


def test_a_misspelt_field_would_be_noticed() -> None:
    [deployment] = [each for each in MANIFESTS if named(each) == "Deployment auth"]
    wrong = {**deployment, "spec": {**deployment["spec"], "replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        valid(wrong)


@pytest.mark.parametrize(
    ("name", "path", "wrong"),
    [
        ("Cluster postgres", ["spec", "instances"], "3"),
        ("Cluster postgres", ["spec", "instances"], 1),
        ("Cluster postgres", ["spec", "postgresql", "synchronous", "method"], "some"),
        ("Cluster postgres", ["spec", "storage", "sizes"], "100Gi"),
        ("Cluster postgres", ["spec", "bootstrap", "initdb", "postInitSql"], []),
        ("Cluster postgres", ["apiVersion"], "postgresql.cnpg.io/v2"),
        ("RabbitmqCluster rabbitmq", ["spec", "tls", "secret"], "rabbitmq-tls"),
        ("RabbitmqCluster rabbitmq", ["spec", "persistence", "storage"], "20 GB"),
        ("RabbitmqCluster rabbitmq", ["spec", "rabbitmq", "additionalConfig"], "max_message_size: 33554432\n"),
        ("ScaledObject halo-writer", ["spec", "triggers", 0, "metadata", "value"], 50),
        ("ScaledObject halo-writer", ["spec", "triggers", 0, "metadata", "mode"], "Length"),
        ("ScaledObject halo-writer", ["spec", "triggers", 1, "metadata", "treshold"], "64"),
        ("ScaledObject halo-writer", ["spec", "maxReplicaCount"], 1),
        ("TriggerAuthentication rabbitmq", ["spec", "secretTargetRef", 0, "parameter"], "url"),
    ],
)
def test_what_an_operator_would_not_take_would_be_noticed(name: str, path: list[Any], wrong: object) -> None:
    [told] = [copy.deepcopy(each) for each in MANIFESTS if named(each) == name]
    *before, last = path
    reduce(operator.getitem, before, told)[last] = wrong
    with pytest.raises(ValidationError, match=told["kind"]):
        valid(told)


def test_what_a_scaler_signs_in_with_is_there() -> None:
    [scaled] = [each for each in MANIFESTS if each["kind"] == "ScaledObject"]
    there = {each["metadata"]["name"] for each in MANIFESTS if each["kind"] == "TriggerAuthentication"}
    assert {each["name"] for each in values(scaled, "authenticationRef")} == there
    targets = {each["metadata"]["name"] for each in MANIFESTS if each["kind"] == "Deployment"}
    assert scaled["spec"]["scaleTargetRef"]["name"] in targets


@pytest.mark.parametrize("path", KUSTOMIZATIONS, ids=lambda path: path.parent.name)
def test_what_a_kustomization_names_is_there_and_every_file_is_named(path: Path) -> None:
    said = yaml.safe_load(path.read_text("utf-8"))
    files = [*said["resources"], *(patch["path"] for patch in said["patches"] if "path" in patch)]
    assert [name for name in files if not (path.parent / name).exists()] == []
    beside = {each.name for each in path.parent.glob("*.yaml")} - {"kustomization.yaml"}
    assert {name for name in files if name.endswith(".yaml")} == beside
    kinds = {each["kind"] for each in MANIFESTS}
    assert {patch["target"]["kind"] for patch in said["patches"]} <= kinds


def test_report_api_has_room_for_the_process_that_makes_a_pdf() -> None:
    base = yaml.safe_load((FOLDER / "base" / "kustomization.yaml").read_text("utf-8"))
    [patch] = [each for each in base["patches"] if each["target"].get("name") == "report-api"]
    path = "/spec/template/spec/containers/0/resources/limits/memory"
    assert yaml.safe_load(patch["patch"]) == [{"op": "replace", "path": path, "value": "1Gi"}]


@pytest.mark.parametrize("overlay", ["trial", "production"])
async def test_each_overlay_renders_to_what_is_valid_and_confined(overlay: str) -> None:
    if not (kubectl := shutil.which("kubectl")):
        pytest.skip("there is no kubectl; the parts are checked all the same")
    rendered = documents(await run([kubectl, "kustomize", FOLDER / "overlays" / overlay], env=os.environ))
    assert {named(each) for each in MANIFESTS} <= {named(each) for each in rendered}
    for each in rendered:
        valid(each)
        assert each["metadata"]["namespace"] == "halosync"
    for each in (each for each in rendered if each["kind"] in {"Deployment", "Job"}):
        pod = each["spec"]["template"]["spec"]
        [container] = pod["containers"]
        assert container["image"] == f"halosync:{VERSION}"
        assert pod["securityContext"]["runAsNonRoot"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
        assert {"readinessProbe", "livenessProbe", "startupProbe"} <= container.keys() or each["kind"] == "Job"


def test_each_service_signs_in_as_itself_with_a_secret_by_reference() -> None:
    by_name = {named(each): each for each in MANIFESTS}
    for name in SERVICES:
        [container] = by_name[f"Deployment {name}"]["spec"]["template"]["spec"]["containers"]
        environment = {each["name"]: each for each in container["env"]}
        user = Users().name(Account(name))
        for server in ("DATABASE", "AMQP"):
            assert f"//{user}@" in environment[f"HALOSYNC_{server}_URL"]["value"]
            key = environment[f"HALOSYNC_{server}_PASSWORD"]["valueFrom"]["secretKeyRef"]["key"]
            assert key == f"{user.removeprefix('halosync_')}_password"
        assert ("HALOSYNC_TOKEN_KEYS" in environment) is (name == "auth")
        assert f"PodDisruptionBudget {name}" in by_name


def test_secrets_are_those_of_the_composition_and_settings_those_that_there_are() -> None:
    references = [each for manifest in MANIFESTS for each in values(manifest, "secretKeyRef")]
    assert {each["key"] for each in references if each["name"] == "halosync-secrets"} <= COMPOSE_SECRETS
    text = "".join(path.read_text("utf-8") for path in FOLDER.rglob("*.yaml"))
    assert set(re.findall(r"HALOSYNC_(\w+)", text)) <= NAMES | URL_PASSWORDS.keys()
    assert not list(values(MANIFESTS, "stringData"))
    assert "Secret" not in {each["kind"] for each in MANIFESTS}


def test_writers_scale_by_their_queue_and_by_batches_that_are_due() -> None:
    [scaled] = [each for each in MANIFESTS if each["kind"] == "ScaledObject"]
    by_queue, by_batches = (trigger["metadata"] for trigger in scaled["spec"]["triggers"])
    assert by_queue["queueName"] == LICENCE_ACTIONS.name
    assert set(re.findall(r"halosync_\w+", by_batches["query"])) <= told()
    [writer] = [each for each in MANIFESTS if named(each) == "Deployment halo-writer"]
    assert "replicas" not in writer["spec"], "it would be set back with every apply"


def test_production_bears_the_loss_of_a_node() -> None:
    by_kind = {each["kind"]: each for each in MANIFESTS}
    postgres, rabbitmq = by_kind["Cluster"]["spec"], by_kind["RabbitmqCluster"]["spec"]
    assert postgres["instances"] >= 3
    assert postgres["postgresql"]["synchronous"]["number"] >= 1, "what was confirmed is on another one too"
    assert rabbitmq["replicas"] % 2 == 1
    assert rabbitmq["replicas"] >= 3
    assert "cluster_partition_handling = pause_minority" in rabbitmq["rabbitmq"]["additionalConfig"]
    assert by_kind["ScaledObject"]["spec"]["minReplicaCount"] >= 2
    for each in (each for each in MANIFESTS if each["kind"] == "Deployment"):
        assert each["spec"].get("replicas", 2) >= 2
        [spread] = each["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert spread["topologyKey"] == "kubernetes.io/hostname"


def test_a_network_policy_is_about_every_pod_of_ours_and_lets_in_whom_it_names() -> None:
    every, api = (each["spec"] for each in MANIFESTS if each["kind"] == "NetworkPolicy")
    [label] = every["podSelector"]["matchLabels"].items()
    assert every["policyTypes"] == ["Ingress", "Egress"]
    for each in (each for each in MANIFESTS if each["kind"] in {"Deployment", "Job"}):
        assert label in each["spec"]["template"]["metadata"]["labels"].items()
    opened = {port["port"] for policy in (every, api) for rule in policy["ingress"] for port in rule["ports"]}
    assert opened == {9000, 8080}
    assert all(rule["from"] for policy in (every, api) for rule in policy["ingress"])
    assert api["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "report-api"}
    inside = [rule for rule in every["egress"] for to in rule["to"] if "ipBlock" in to]
    assert [to["ipBlock"]["except"] for rule in inside for to in rule["to"]], "not our own network by its addresses"
