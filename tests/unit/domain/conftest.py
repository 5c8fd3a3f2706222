import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

# The machine is shared: a slow example is no failure.
settings.register_profile("domain", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("domain")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let only written examples count as covering a branch: what Hypothesis draws is another thing each time.

    They reach every branch without it, and Hypothesis itself is slow where each of its calls is traced.
    """
    for item in items:
        if isinstance(item, pytest.Function) and is_hypothesis_test(item.obj):
            item.add_marker(pytest.mark.no_cover)
