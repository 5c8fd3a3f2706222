"""The short version of the fault matrix; the whole is `make faults` (docs/faults.md)."""

from collections.abc import AsyncIterator

import pytest
from devstack.errors import NotInstalledError
from devstack.faults.case import Case
from devstack.faults.catalogue import chosen
from devstack.faults.fault_stack import FaultStack, running_fault_stack
from devstack.faults.matrix import run_case, side_by_side
from devstack.rabbitmq_choice import find_rabbitmq

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

ALONE = [case for case in chosen([], short=True) if case.exclusive]
SHARED = [case for case in chosen([], short=True) if not case.exclusive]


def silent(_line: str) -> None:
    pass


@pytest.fixture(scope="module")
async def fault_stack() -> AsyncIterator[FaultStack]:
    """Two writers on servers of their own, which are killed here, whatever servers the other tests were given."""
    try:
        find_rabbitmq(None)
    except NotInstalledError as error:
        pytest.skip(str(error))
    async with running_fault_stack(silent) as prepared:
        yield prepared


async def test_whatever_halo_does_it_ends_as_planned(fault_stack: FaultStack) -> None:
    wrong = [
        (outcome.case.name, outcome.wrong)
        async for outcome in side_by_side(fault_stack, SHARED, silent, at_once=4)
        if outcome.wrong
    ]
    assert wrong == []


@pytest.mark.parametrize("case", ALONE, ids=lambda case: case.name)
async def test_whoever_dies_or_hangs_it_ends_as_planned(fault_stack: FaultStack, case: Case) -> None:
    assert (await run_case(fault_stack, case)).wrong == []
