"""What is counted by label is there before its first event, and nobody from outside can make labels grow."""

import httpx
import pytest
from halosync.halo.transport import HaloTransport
from halosync.messaging.delivery import count_from_zero
from halosync.observability import metrics
from halosync.runtime.readiness import ProcessState, ReadinessChecks
from prometheus_client import REGISTRY
from prometheus_client.metrics import Counter, Histogram, MetricWrapperBase
from report_api.app import build

COUNTED = [each for each in vars(metrics).values() if isinstance(each, (Counter, Histogram))]


def labels_of(metric: MetricWrapperBase) -> set[tuple[str, ...]]:
    """The label values of the series that a metric has by now."""
    samples = [sample for each in metric.collect() for sample in each.samples]
    return {tuple(value for name, value in sample.labels.items() if name != "le") for sample in samples}


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"halosync_{name}", labels)


@pytest.mark.parametrize("metric", COUNTED, ids=lambda metric: metric.describe()[0].name)
def test_every_counter_with_labels_begins_at_zero(metric: Counter | Histogram) -> None:
    build(None).build_middleware_stack()  # whose routes are the labels of its requests
    count_from_zero(["planner.run-requested.v1"])
    assert labels_of(metric), "an alarm cannot see a first event grow out of nothing"


def test_a_process_that_waits_at_start_is_not_ready_for_alarms_too() -> None:
    standing = ProcessState()
    assert value("ready", part="process") == 0
    standing.works(ReadinessChecks({}))
    assert value("ready", part="process") == 1
    standing.waits("for the schema")
    assert value("ready", part="process") == 0


async def test_methods_that_a_client_makes_up_are_one_label() -> None:
    app = httpx.ASGITransport(build(None))
    async with httpx.AsyncClient(transport=app, base_url="http://halosync") as client:
        for method in ("BREW", "PROPFIND"):
            await client.request(method, "/accounts/")
    assert {"any"} <= {method for method, *_ in labels_of(metrics.HTTP_REQUESTS)}
    assert not {"BREW", "PROPFIND"} & {method for method, *_ in labels_of(metrics.HTTP_REQUESTS)}


async def test_statuses_that_a_halo_makes_up_are_one_label() -> None:
    network = httpx.MockTransport(lambda request: httpx.Response(int(request.url.params["status"])))
    transport = HaloTransport("https://{tenant}.halopsa.com", 5.0, network)
    for status in (299, 599, 799, 404):
        answer = await transport.raw("acme", "token", "GET", "/api/client", params={"status": status})
        assert answer.status == status
    await transport.close()
    assert {("GET", "other"), ("GET", "404")} <= labels_of(metrics.HALO_REQUESTS)
    assert not {("GET", str(status)) for status in (299, 599, 799)} & labels_of(metrics.HALO_REQUESTS)


def test_queues_of_replies_are_one_label() -> None:
    count_from_zero([f"halosync.replies.planner.{number}" for number in range(3)])
    queues = {queue for queue, _ in labels_of(metrics.DELIVERIES)}
    assert "halosync.replies" in queues
    assert not [queue for queue in queues if queue.startswith("halosync.replies.")]
