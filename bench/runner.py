"""Measure all rows of the comparison, one after the other, and print one table: `make bench`.

    python bench                                      # everything, five rounds; writes docs/performance
    python bench --only plan intake --rounds 1        # these rows
    python bench --quick                              # each row once and small, to see that it works; into build/bench
    python bench --list                               # the rows, and how long each takes
    python bench --page                               # write the tables of the pages anew, and measure nothing

Every row runs in a process of its own. Rows that count, or whose time is virtual, come last, two at a time.
"""

import argparse
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from machine import machine, versions
from page import ROOT, write_pages
from results import FOLDER, Result, load_now, result_of, text_table, write
from row import Effort, Found, Row
from rows import COMPARED, ROWS, measured

QUICK_FOLDER = ROOT / "build" / "bench"


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=list(ROWS), metavar="ROW", help="measure these rows")
    parser.add_argument("--rounds", type=int, default=5, help="how often contenders take turns (5)")
    parser.add_argument("--quick", action="store_true", help="once and small: the figures mean nothing")
    parser.add_argument("--thorough", action="store_true", help="spare none a round (a quarter of an hour more)")
    parser.add_argument("--into", type=Path, help="the folder for JSON and SVG")
    parser.add_argument("--list", action="store_true", help="name the rows and measure nothing")
    parser.add_argument("--page", action="store_true", help="write the tables of the pages and measure nothing")
    return parser.parse_args(words)


def chosen(only: Sequence[str] | None) -> list[Row]:
    """Return the rows to measure, in the order in which they run: first those whose time counts."""
    rows = [ROWS[name] for name in only] if only else list(COMPARED)
    return sorted(rows, key=lambda row: row.counts)


def expected_s(rows: Sequence[Row], effort: Effort) -> float:
    """About how long it will take: rows that count run two at a time, each as soon as there is a place."""
    places = [0.0, 0.0]
    for row in rows:
        if row.counts:
            places[places.index(min(places))] += row.seconds(effort)
    return sum(row.seconds(effort) for row in rows if not row.counts) + max(places)


def in_turn(rows: Sequence[Row], effort: Effort) -> Iterator[tuple[Row, float, "Future[Found]"]]:
    """Yield each row as it ends, and the load as it began."""
    for counts in (False, True):
        these = [row for row in rows if row.counts == counts]
        with ProcessPoolExecutor(2 if counts else 1, get_context("spawn"), max_tasks_per_child=1) as pool:
            if counts:
                load = load_now()
                for row in these:
                    print(f"== {row.name}: {row.what}, about {row.seconds(effort):.0f} s, beside another", flush=True)
                begun = {pool.submit(measured, row.name, effort): row for row in these}
                for each in as_completed(begun):
                    yield begun[each], load, each
                continue
            for row in these:
                load = load_now()
                print(f"== {row.name}: {row.what}, about {row.seconds(effort):.0f} s; load {load:.1f}", flush=True)
                future = pool.submit(measured, row.name, effort)
                future.exception()  # wait for it
                yield row, load, future


def run(rows: Sequence[Row], effort: Effort, folder: Path) -> tuple[list[Result], dict[str, str]]:
    """Measure rows and write what they found; return it, and why others ended wrong: their figures count nothing."""
    results, wrong = [], {}
    for row, load, future in in_turn(rows, effort):
        if (error := future.exception()) is not None:
            wrong[row.name] = f"{type(error).__name__}: {error}"
            traceback.print_exception(error)
            continue
        found = future.result()
        result = result_of(row, found, effort, load)
        write(folder, result, found.drawings)
        results.append(result)
        print(text_table([result]), flush=True)
    return results, wrong


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
    folder = asked.into or (QUICK_FOLDER if effort.quick else FOLDER)
    print(f"{machine()}\n{versions()}")
    print(f"{len(rows)} rows, about {expected_s(rows, effort) / 60:.0f} minutes on quiet cores", flush=True)
    began = time.monotonic()
    results, wrong = run(rows, effort, folder)
    places = {row.name: place for place, row in enumerate(ROWS.values())}
    print(f"\n{text_table(sorted(results, key=lambda each: places[each.row]))}")
    for name, why in wrong.items():
        print(f"{name} ENDED WRONG: {why}")
    if folder == FOLDER:
        write_pages()
    missed = [figure for result in results for figure in result.figures if figure.reached is False]
    print(f"{time.monotonic() - began:.0f} s in all; {len(missed)} figures miss what is to be reached; see {folder}")
    return 1 if wrong else 0
