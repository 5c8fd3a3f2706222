"""What rows have found, as files, as a table for the terminal and as a table for a page."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from devstack.fields import Fields
from machine import machine
from row import Effort, Figure, Found, Row

FOLDER = Path(__file__).parent.parent / "docs" / "performance"


@dataclass(frozen=True)
class Result:
    """What a row has found, when, on what and beside what load."""

    row: str
    measured_on: str
    machine: str
    load: float | None
    """Of the machine, as the row began; None where nobody noted it."""
    effort: Effort
    figures: Sequence[Figure]
    details: Fields
    rounds: int
    """How many this row had, whatever was asked for: 1 where all is measured once."""
    wrong: str = ""
    """Why it ended wrong; it has no figures then."""


def result_of(row: Row, found: Found, effort: Effort, load: float) -> Result:
    today = datetime.now(UTC).date().isoformat()
    return Result(row.name, today, machine(), round(load, 1), effort, found.figures, found.details, found.rounds)


def wrong_result(row: Row, why: str, effort: Effort) -> Result:
    """Return what is kept of a row that ended wrong, so that nobody takes what was found before for current."""
    today = datetime.now(UTC).date().isoformat()
    return Result(row.name, today, machine(), None, effort, [], {}, 0, why)


def write(folder: Path, result: Result, drawings: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    content = asdict(result) | {"figures": [asdict(each) | {"reached": each.reached} for each in result.figures]}
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (folder / f"{result.row}.json").write_text(f"{text}\n", encoding="utf-8")
    for name, drawing in drawings.items():
        (folder / f"{name}.svg").write_text(drawing, encoding="utf-8")


def read(folder: Path, name: str) -> Result | None:
    """Return what a row has found; None if it has never been measured."""
    path = folder / f"{name}.json"
    if not path.exists():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    figures = [Figure(**{key: value for key, value in each.items() if key != "reached"}) for each in content["figures"]]
    return Result(**{**content, "effort": Effort(**content["effort"]), "figures": figures})


def shown(value: float, unit: str) -> str:
    """Return a number with its unit, with as many places as mean something."""
    text = f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    return text if unit == "" else f"{text} {unit}"


def cells(figure: Figure) -> tuple[str, str, str, str]:
    """Return what, found, to reach, and whether it is reached."""
    bound = (
        "" if figure.to_reach is None else f"{'at least' if figure.least else 'at most'} {shown(figure.to_reach, '')}"
    )
    reached = {None: "", True: "yes", False: "missed"}[figure.reached]
    return figure.what, shown(figure.found, figure.unit), bound, reached


def text_table(results: Iterable[Result]) -> str:
    """Return the table for a terminal."""
    rows = [("row", "what", "found", "to reach", "reached")]
    rows += [(result.row, *cells(figure)) for result in results for figure in result.figures]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows)


def page_table(rows: Iterable[Row], folder: Path) -> str:
    """Return the table of a page: what was found of each row, that it has no file, or that it ended wrong."""
    lines = ["| row | what | found | to reach | reached | measured |", "| --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        result = read(folder, row.name)
        if result is None or result.wrong:
            found = "no file yet" if result is None else f"ended wrong on {result.measured_on}"
            lines.append(f"| `{row.name}` | {row.what} | {found} | {row.to_reach} | | |")
            continue
        number = f"{result.rounds} round{'' if result.rounds == 1 else 's'}"
        rounds = "" if row.untimed else f", {number}, load {_load(result)}"
        for place, figure in enumerate(result.figures):
            first, last = ("", "") if place else (f"`{row.name}`", f"{result.measured_on}{rounds}")
            lines.append(f"| {first} | {' | '.join(cells(figure))} | {last} |")
    return "\n".join(lines)


def _load(result: Result) -> str:
    return "not noted" if result.load is None else f"{result.load:g}"


def load_now() -> float:
    return os.getloadavg()[0]
