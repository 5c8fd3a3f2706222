"""`python -m devstack faults`: the fault matrix, with a table as its output (docs/faults.md)."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from devstack.errors import DevstackError
from devstack.faults.case import Case
from devstack.faults.catalogue import CASES, chosen
from devstack.faults.matrix import CaseResult, results

_WIDTH = 170
"""In a file, or a pipe, the table is not squeezed."""


def faults(
    names: Annotated[list[str] | None, typer.Argument(help="Cases, also as patterns: writer-* halo-429.")] = None,
    show: Annotated[bool, typer.Option("--list", help="Only show the cases.")] = False,
    short: Annotated[bool, typer.Option("--short", help="Only the short version, which is part of the tests.")] = False,
    at_once: Annotated[int, typer.Option(min=1, help="How many cases go on side by side where they may.")] = 3,
    seed: Annotated[
        int, typer.Option(min=0, help="What each case's Halo is like besides its fault is drawn from it.")
    ] = 0,
) -> None:
    """Hurt the real processes, servers and Halo in every way the matrix knows, and look at what always has to hold."""
    console = Console(log_path=False, soft_wrap=True)
    console.width = max(console.width, _WIDTH)
    try:
        cases = chosen(names or [], short=short)
        if show:
            console.print(_catalogue(cases))
            return
        done = asyncio.run(_play(cases, console, at_once, seed))
    except DevstackError as error:
        console.print("\n".join([str(error), *getattr(error, "__notes__", [])]), style="red", markup=False)
        raise typer.Exit(1) from None
    console.print(table(done))
    failed = [result for result in done if result.wrong]
    for result in failed:
        console.print(f"{result.case.name}:", style="red")
        for wrong in result.wrong:
            console.print(f"  {wrong}", markup=False, highlight=False)
    console.print(f"{len(done) - len(failed)} of {len(done)} cases hold")
    if failed:
        raise typer.Exit(1)


async def _play(cases: list[Case], console: Console, at_once: int, seed: int) -> list[CaseResult]:
    def progress(line: str) -> None:
        console.log(line, markup=False, highlight=False)

    done = []
    async for result in results(cases, progress=progress, at_once=at_once, seed=seed):
        done.append(result)
        verdict = "NOT ok: " + "; ".join(result.wrong) if result.wrong else "ok"
        progress(f"{result.case.name}: {result.seconds:.0f} s, {verdict}")
    order = {case.name: number for number, case in enumerate(CASES)}
    return sorted(done, key=lambda result: order[result.case.name])


def table(done: list[CaseResult]) -> Table:
    """Return what became of the cases as a table."""
    shown = Table("Case", "Where", "What", "Run", title="Fault matrix")
    for number in ("Look-ups", "Requests", "Seconds"):
        shown.add_column(number, justify="right")
    shown.add_column("")
    for one in done:
        numbers = (str(one.look_ups), str(one.requests), f"{one.seconds:.0f}")
        shown.add_row(
            one.case.name, one.case.where, one.case.what, one.state, *numbers, "NOT ok" if one.wrong else "ok"
        )
    return shown


def _catalogue(cases: list[Case]) -> Table:
    shown = Table("Case", "Where", "What", "Run ends", "Short")
    for case in cases:
        shown.add_row(case.name, case.where, case.what, case.ends, "short" if case.short else "")
    return shown
