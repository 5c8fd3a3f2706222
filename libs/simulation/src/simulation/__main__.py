"""`python -m simulation`: many worlds by seed, as many at a time as there are processors."""

import itertools
import logging
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated

import structlog
import typer

from simulation import clock
from simulation.guards import ALL, NAMES
from simulation.hazards import HAZARDS
from simulation.world import WorldResult, simulate

AT_A_TIME = 25
"""Seeds that one process is given at a time."""

PROGRESS_EVERY = 500


def quiet() -> None:
    """Log nothing: thousands of worlds have much to complain about."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def loud() -> None:
    """Log everything, with the virtual time."""
    structlog.configure(processors=[_timed, structlog.processors.KeyValueRenderer(key_order=["at", "event"])])


def _timed(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    event["at"] = f"{clock.now():.2f} s"
    return event


def outcomes(seeds: range, without: str | None) -> list[WorldResult]:
    """Run the worlds of some seeds; without a guard, worlds of the kind that it is against."""
    quiet()
    if without is None:
        return [simulate(seed) for seed in seeds]
    return [_without(without, seed) for seed in seeds]


def _without(guard: str, seed: int) -> WorldResult:
    hazard = HAZARDS[guard]
    return simulate(seed, guards=ALL.without(guard), rates=hazard.rates, scenario=hazard.scenario)


def _every(first: int, number: int, jobs: int, without: str | None) -> Iterator[WorldResult]:
    lots = [range(n, min(n + AT_A_TIME, first + number)) for n in range(first, first + number, AT_A_TIME)]
    with ProcessPoolExecutor(jobs) as pool:
        yield from itertools.chain.from_iterable(pool.map(partial(outcomes, without=without), lots))


def main(  # noqa: PLR0917 - typer makes options of them
    seeds: Annotated[int, typer.Option(help="How many worlds.", min=1)] = 1000,
    first: Annotated[int, typer.Option(help="The first seed.", min=0)] = 0,
    without: Annotated[str | None, typer.Option(help=f"Take a guard away: {', '.join(NAMES)}.")] = None,
    seed: Annotated[int | None, typer.Option(help="Only this world, with its log.")] = None,
    jobs: Annotated[int, typer.Option(help="How many at a time.", min=1)] = os.cpu_count() or 1,
    keep: Annotated[
        Path | None, typer.Option(help="Append failing seeds to this file: tests/simulation/kept_seeds.txt.")
    ] = None,
) -> None:
    """Run the worlds of many seeds, and say which break an invariant; exit status 1 if any does.

    The same seed is the same world, on every machine, until the code changes.
    """
    if without is not None and without not in NAMES:
        raise typer.BadParameter(f"there is no guard {without!r}; there are {', '.join(NAMES)}")
    if seed is not None:
        loud()
        one = simulate(seed) if without is None else _without(without, seed)
        typer.echo(one)
        raise typer.Exit(0 if one.good else 1)
    bad, requests, virtual_s = [], 0, 0.0
    for number, outcome in enumerate(_every(first, seeds, jobs, without), 1):
        requests, virtual_s = requests + outcome.requests, virtual_s + outcome.virtual_s
        if not outcome.good:
            bad.append(outcome.seed)
            typer.echo(f"seed {outcome.seed}: {'; '.join(outcome.broken)}")
        if number % PROGRESS_EVERY == 0:
            typer.echo(f"{number} of {seeds} worlds, {len(bad)} broken", err=True)
    typer.echo(
        f"{seeds} worlds, {virtual_s / 3600:.0f} virtual hours, {requests} requests to Halo: "
        + (f"{len(bad)} break an invariant: {', '.join(map(str, bad))}" if bad else "every invariant holds")
    )
    if bad and keep is not None:
        with keep.open("a") as file:
            file.writelines(f"{each}\n" for each in bad)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    typer.run(main)
