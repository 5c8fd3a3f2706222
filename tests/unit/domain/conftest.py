import pytest
from hypothesis import is_hypothesis_test


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let only written examples count as covering a branch: what Hypothesis draws is another thing each time.

    They reach every branch without it, and Hypothesis itself is slow where each of its calls is traced.
    """
    for item in items:
        if isinstance(item, pytest.Function) and is_hypothesis_test(item.obj):
            item.add_marker(pytest.mark.no_cover)
