"""Measure all rows of the comparison, one after the other, and print one table: `make bench`.

    python bench                                      # everything, five rounds; writes docs/performance
    python bench --only plan intake --rounds 1        # these rows; fewer than three rounds go into build/bench
    python bench --strict                             # fail too where a figure misses what is to be reached
    python bench --quick                              # each row once and small, to see that it works; into build/bench
    python bench --list                               # the rows, and how long each takes
    python bench --page                               # write the tables of the pages anew, and measure nothing

Every row runs in a process of its own. Rows that count, or whose time is virtual, come last, two at a time. It returns
1 if a row ends wrong, and with --strict also if a figure misses what is to be reached.
"""

import argparse
import os
import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import NoReturn

from machine import machine, versions
from page import ROOT, write_pages
from results import FOLDER, Result, cells, result_of, text_table, write, wrong_result
from row import Effort, Found, Row
from rows import COMPARED, ROWS, measured

QUICK_FOLDER = ROOT / "build" / "bench"
LEAST_ROUNDS = 3
"""So many make a file of the pages."""


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=list(ROWS), metavar="ROW", help="measure these rows")
    parser.add_argument("--rounds", type=int, default=5, help="how often contenders take turns (5)")
    parser.add_argument("--quick", action="store_true", help="once and small: the figures mean nothing")
    parser.add_argument("--strict", action="store_true", help="return 1 also if a figure misses what is to be reached")
    parser.add_argument("--thorough", action="store_true", help="spare none a round (a quarter of an hour more)")
    parser.add_argument("--into", type=Path, help="the folder for JSON and SVG")
    parser.add_argument("--list", action="store_true", help="name the rows and measure nothing")
    parser.add_argument("--page", action="store_true", help="write the tables of the pages and measure nothing")
    return parser.parse_args(words)


def chosen(only: Sequence[str] | None) -> list[Row]:
    """Return the rows to measure, in the order in which they run: first those whose time counts."""
    rows = [ROWS[name] for name in only] if only else list(COMPARED)
    return sorted(rows, key=lambda row: row.untimed)


def expected_s(rows: Sequence[Row], effort: Effort) -> float:
    """About how long it will take: rows that count run two at a time, each as soon as there is a place."""
    places = [0.0, 0.0]
    for row in rows:
        if row.untimed:
            places[places.index(min(places))] += row.seconds(effort)
    return sum(row.seconds(effort) for row in rows if not row.untimed) + max(places)


def end_on_sigterm() -> None:
    """Have a SIGTERM end the rows too; they hear SIGINT, which a shell has what it starts behind itself ignore."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _end_with_rows)


def _end_with_rows(_signal: int, _frame: object) -> NoReturn:
    """Interrupt the processes of the rows, which then end their servers, and end."""
    for child in active_children():
        if child.pid is not None:
            os.kill(child.pid, signal.SIGINT)
    raise SystemExit(128 + signal.SIGTERM)


def in_turn(rows: Sequence[Row], effort: Effort) -> Iterator[tuple[Row, "Future[tuple[float, Found]]"]]:
    """Yield each row as it ends; none is begun before it has a place, so that nothing is left to do when this ends."""
    for untimed in (False, True):
        left, places = [row for row in rows if row.untimed == untimed], 2 if untimed else 1
        going: dict[Future[tuple[float, Found]], Row] = {}
        with ProcessPoolExecutor(places, get_context("spawn"), max_tasks_per_child=1) as pool:
            while left or going:
                while left and len(going) < places:
                    row = left.pop(0)
                    going[pool.submit(measured, row.name, effort)] = row
                done, _ = wait(going, return_when=FIRST_COMPLETED)
                for future in done:
                    yield going.pop(future), future


def run(rows: Sequence[Row], effort: Effort, folder: Path) -> list[Result]:
    """Measure rows and write what they found; return it. What ended wrong has no figures, and its file says so."""
    results = []
    for row, future in in_turn(rows, effort):
        if (error := future.exception()) is not None:
            if isinstance(error, BrokenProcessPool) or not isinstance(error, Exception):
                raise error  # it was ended from outside, and what it would have found is not known
            traceback.print_exception(error)
            results.append(wrong_result(row, f"{type(error).__name__}: {error}", effort))
            write(folder, results[-1], {})
            continue
        load, found = future.result()
        results.append(result_of(row, found, effort, load))
        write(folder, results[-1], found.drawings)
        print(text_table(results[-1:]), flush=True)
    return results


def folder_of(asked: argparse.Namespace) -> Path:
    """Return where files go: what was measured quickly, or in few rounds, never replaces what the pages say."""
    if asked.into is not None:
        return Path(asked.into)
    return FOLDER if asked.rounds >= LEAST_ROUNDS and not asked.quick else QUICK_FOLDER


def main(words: Sequence[str]) -> int:
    asked = arguments(words)
    effort = Effort(asked.rounds, asked.quick, asked.thorough)
    if asked.list:
        for row in ROWS.values():
            print(f"{row.name:12} {row.seconds(effort):5.0f} s  {row.what}; against {row.against}. {row.to_reach}")
        return 0
    if asked.page:
        write_pages()
        return 0
    rows = chosen(asked.only)
    folder = folder_of(asked)
    print(f"{machine()}\n{versions()}")
    print(f"Files go to {folder}; into docs/performance only of at least {LEAST_ROUNDS} rounds.")
    print(f"{len(rows)} rows, about {expected_s(rows, effort) / 60:.0f} minutes on quiet cores", flush=True)
    began = time.monotonic()
    results = run(rows, effort, folder)
    places = {row.name: place for place, row in enumerate(ROWS.values())}
    print(f"\n{text_table(sorted(results, key=lambda each: places[each.row]))}")
    wrong = [result for result in results if result.wrong]
    for result in wrong:
        print(f"{result.row} ENDED WRONG: {result.wrong}")
    missed = [(result.row, figure) for result in results for figure in result.figures if figure.reached is False]
    for name, figure in missed:
        what, found, bound, _ = cells(figure)
        print(f"{name} MISSED: {what}: {found}, to reach {bound}")
    if folder == FOLDER:
        write_pages()
    print(f"{time.monotonic() - began:.0f} s in all; {len(missed)} figures miss what is to be reached; see {folder}")
    return 1 if wrong or (asked.strict and missed) else 0
