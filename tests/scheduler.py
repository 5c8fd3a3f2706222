"""Which worker of pytest-xdist runs which tests, and when: those of one stack together."""

from fnmatch import fnmatchcase

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_ON_A_STACK = (
    "tests/e2e/test_faults",
    "tests/browser/test_[a-l]",
    "tests/browser/",
    "tests/e2e/",
)
"""Places whose tests share running processes: each is the work of one worker, which starts them once.

The fault matrix has a stack and servers of its own. The browser's are two halves: together they are so long that the
other workers would have nothing left to do before they end.
"""

_ON_NOTHING = "tests/simulation/"
"""A folder whose tests share nothing, and take long: each test is work of its own."""

_ON_THE_SOURCES = "tests/unit/test_"
"""Files whose tests read the whole code: one worker parses it for all of them."""

_ORDER = (
    "tests/e2e/test_faults",
    "tests/browser/test_[a-l]",
    "tests/simulation/",
    "tests/integration/portal/",
    "tests/integration/report_api/",
    "tests/browser/",
    "tests/e2e/",
    "tests/integration/messaging/",
    "tests/integration/pipeline/",
    "tests/integration/",
    _ON_THE_SOURCES,
)
"""What takes long first, so that all workers end at the same time; beside what waits for processes, what computes:
if all workers wait, the processors have nothing to do."""


def scheduler(config: pytest.Config, log: Producer) -> object:
    """Return what gives a worker a file, a place of `_ON_A_STACK` or `_ON_THE_SOURCES`, or a test of `_ON_NOTHING`."""
    config.option.loadscopereorder = False  # else it begins with the file that has most tests
    made = LoadScopeScheduling(config, log)
    made._split_scope = _work_of_one
    return made


def sort(items: list[pytest.Item]) -> None:
    """Put folders in order; within a folder nothing changes."""
    items.sort(key=lambda item: _place(item.nodeid))


def _work_of_one(nodeid: str) -> str:
    if nodeid.startswith(_ON_NOTHING):
        return nodeid
    together = (*_ON_A_STACK, _ON_THE_SOURCES)
    return next((place for place in together if fnmatchcase(nodeid, f"{place}*")), nodeid.partition("::")[0])


def _place(nodeid: str) -> int:
    places = (place for place, folder in enumerate(_ORDER) if fnmatchcase(nodeid, f"{folder}*"))
    return next(places, len(_ORDER))
