"""Tables of a page that tell more of a row than its figures: its contenders, its plans, its Syncs."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from devstack.fields import Fields
from results import read
from rounds import Round, by_size
from row import median_ratio

Details = Fields


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *([str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def contenders(details: Details) -> str:
    """Return how quick each contender is, at each size with each number of workers."""
    rows = []
    for (creates, workers), of in by_size([Round(**fields) for fields in details["rounds"]]).items():
        for name, each in of.items():
            times = median_ratio(each.seconds, of["halosync"].seconds)
            numbers = (f"{each.rate:,.0f}", f"{times:.2f}", f"{each.cost:.2f}", len(each.seconds))
            rows.append((f"{creates:,}", workers, name, *numbers))
    heads = ("creates", "writers", "contender", "creates a second", "times halosync's time")
    return _table((*heads, "processor seconds a thousand, with Postgres", "rounds"), rows)


def plans(details: Details) -> str:
    """Return what a plan takes beside the other joins."""
    heads = ("lines", "customers", "changed", "plan", "dict join with items", "times", "SQL join", "pandas merge")
    rows = [
        (
            *(f"{each['lines']:,}", f"{each['customers']:,}", f"{each['changed_percent']} %"),
            *(f"{each['halosync_s']:.2f} s", f"{each['dict_s']:.2f} s", f"{each['times']:.2f}"),
            *(f"{each['sql_s']:.2f} s", "" if each["pandas_s"] is None else f"{each['pandas_s']:.2f} s"),
            f"{each['memory_times']:.1f}",
        )
        for each in details["plans"]
    ]
    return _table((*heads, "memory, times its inputs"), rows)


def syncs(details: Details) -> str:
    """Return how many requests Syncs take."""
    heads = ("licences", "changed", "requests", "least", "one request a product, pages of 100")
    names = ("licences", "changes", "requests", "least", "one_a_product")
    return _table(heads, ([f"{each[name]:,}" for name in names] for each in details["syncs"]))


TABLES: Mapping[str, tuple[str, Callable[[Details], str]]] = {
    "contenders": ("throughput", contenders),
    "plans": ("plan", plans),
    "syncs": ("requests", syncs),
}
"""By the name of the table: the row, and what makes the table of its details."""


def table_of(name: str, folder: Path) -> str:
    """Return a table of what was measured."""
    row, make = TABLES[name]
    result = read(folder, row)
    if result is None or result.wrong:
        return "No file yet." if result is None else f"Ended wrong on {result.measured_on}."
    return make(result.details)
