"""What the demonstration must come to: what Halo holds, how each run ends, how much was read."""

from collections.abc import Mapping
from decimal import Decimal

from halo_sandbox.client import SandboxAdmin

from devstack.errors import DevstackError
from devstack.sample import TENANT

_PAGE_SIZE = 100


class DemoFailedError(DevstackError):
    """The result is not what the sample expects."""


async def halo_holds(halo: SandboxAdmin, wanted: Mapping[tuple[int, str], tuple[Decimal, Decimal, str]]) -> str:
    """Compare every licence in Halo with the sample, and its history for twins; return what to tell.

    Raises:
        DemoFailedError: it holds others, or had two of one name.
    """
    held = {
        (row["client_id"], row["name"]): (
            Decimal(str(row["count"])),
            Decimal(str(row["price"])),
            row["billing_cycle"],
        )
        for row in await halo.licences(TENANT)
        if row["is_active"]
    }
    if held != wanted:
        wrong = sorted(str(key) for key in held.keys() ^ wanted.keys())
        wrong += [str(key) for key in held.keys() & wanted.keys() if held[key] != wanted[key]]
        raise DemoFailedError(f"Halo does not hold what the sample expects; look at {', '.join(wrong[:10])}")
    twins = await halo.duplicates(TENANT)
    if twins:
        raise DemoFailedError(f"Halo had two licences of one name at a time: {twins}")
    return f"[green]Halo holds exactly the {len(held)} licences that the sample expects[/green]"


def pages_of(rows: int) -> int:
    """Return how many pages a list takes: one more where the last is as full as the fullest, which proves its count."""
    return 2 if 0 < rows < _PAGE_SIZE else rows // _PAGE_SIZE + 1


def compare_run(what: str, run: dict[str, object], state: str, expected: dict[str, int]) -> None:
    """Compare how a run ended with what the sample expects.

    Raises:
        DemoFailedError: it ended otherwise.
    """
    if run["state"] != state or run["counters"] != expected:
        raise DemoFailedError(
            f"{what} ended {run['state']} ({run['error']}) with {run['counters']}, expected {state} with {expected}"
        )
