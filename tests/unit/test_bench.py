"""The runner of the benches: what it makes of rounds, and that the pages say what the files say."""

import importlib
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture(scope="module")
def module() -> Iterator[Callable[[str], ModuleType]]:
    """Import a module of the benches, which are a folder of programs and no package."""
    sys.path.append(str(BENCH))
    yield importlib.import_module
    sys.path.remove(str(BENCH))


@pytest.fixture
def row(module: Callable[[str], Any]) -> Any:
    return module("row")


@pytest.fixture
def results(module: Callable[[str], Any]) -> Any:
    return module("results")


@pytest.fixture
def runner(module: Callable[[str], Any]) -> Any:
    return module("runner")


def result(row: Any, results: Any, name: str = "some") -> Any:
    figures = [row.Figure("seconds", 12.345, unit="s"), row.Figure("times", 2.5, 2.0), row.Figure("all", 3.0, 3, True)]
    return results.Result(name, "2026-11-29", "a machine", 0.5, row.Effort(3), figures, {"rounds": [1, 2]})


def some_row(row: Any, name: str = "some", **more: Any) -> Any:
    return row.Row(name, "what is measured", "what it is against", "2 times", lambda _: None, first_s=10, **more)


def test_a_ratio_is_the_median_of_those_of_the_rounds(row: Any) -> None:
    # Not the ratio of the medians, which is 1: the second round was slow for both.
    assert row.median_ratio([2.0, 30.0, 3.0], [1.0, 10.0, 3.0]) == 2.0


def test_rounds_that_one_contender_does_not_have_are_left_out(row: Any) -> None:
    assert row.median_ratio([4.0], [2.0, 100.0, 100.0]) == 2.0


@pytest.mark.parametrize(
    ("found", "to_reach", "least", "reached"),
    [(3.0, 3.0, True, True), (2.9, 3.0, True, False), (3.0, 3.0, False, True), (3.1, 3.0, False, False)],
)
def test_a_figure_reaches_its_bound_or_not(
    row: Any, found: float, to_reach: float, *, least: bool, reached: bool
) -> None:
    assert row.Figure("what", found, to_reach, least).reached is reached


def test_a_figure_without_a_bound_reaches_nothing(row: Any) -> None:
    assert row.Figure("what", 1.0).reached is None


@pytest.mark.parametrize(
    ("rounds", "quick", "thorough", "most"),
    [(5, False, False, 2), (5, False, True, 5), (1, False, False, 1), (5, True, True, 1)],
)
def test_what_is_spared_rounds_has_them_all_if_it_is_to_be_thorough(
    row: Any, rounds: int, most: int, *, quick: bool, thorough: bool
) -> None:
    assert row.Effort(rounds, quick, thorough).most(2) == most


def test_the_table_of_a_terminal_has_a_line_for_each_figure(row: Any, results: Any) -> None:
    lines = [" ".join(line.split()) for line in results.text_table([result(row, results)]).splitlines()]
    assert lines == [
        "row what found to reach reached",
        "some seconds 12.3 s",
        "some times 2.5 times at most 2 no",
        "some all 3 times at least 3 yes",
    ]


def test_what_is_written_is_read_again(row: Any, results: Any, tmp_path: Path) -> None:
    results.write(tmp_path, result(row, results), {"picture": "<svg/>"})
    assert results.read(tmp_path, "some") == result(row, results)
    assert (tmp_path / "picture.svg").read_text("utf-8") == "<svg/>"


def test_the_table_of_a_page_names_what_has_not_been_measured(row: Any, results: Any, tmp_path: Path) -> None:
    results.write(tmp_path, result(row, results), {})
    rows = [some_row(row), some_row(row, "other"), some_row(row, "counts", counts=True)]
    results.write(tmp_path, replace(result(row, results, "counts"), load=None), {})
    table = results.page_table(rows, tmp_path).splitlines()[2:]
    assert table[0] == "| `some` | seconds | 12.3 s |  |  | 2026-11-29, 3 rounds, load 0.5 |"
    assert table[1] == "|  | times | 2.5 times | at most 2 | no |  |"
    assert table[3] == "| `other` | what is measured | not measured yet | 2 times | | |"
    assert table[4].endswith("| 2026-11-29 |")


def test_only_what_is_between_the_marks_of_a_page_changes(module: Callable[[str], Any]) -> None:
    page = "before\n<!-- bench: one -->\nold\n<!-- end: one -->\nafter"
    assert module("page").marked(page, "one", "new") == page.replace("old", "new")
    with pytest.raises(ValueError, match="no marks for two"):
        module("page").marked(page, "two", "new")


def test_the_pages_say_what_the_files_say(module: Callable[[str], Any]) -> None:
    """`make bench ARGS=--page` makes them anew."""
    pages = module("page").pages()
    assert {path.name: path.read_text("utf-8") == page for path, page in pages.items()} == {
        "performance.md": True,
        "README.md": True,
    }


def test_every_file_of_figures_is_of_a_row_and_says_what_it_reached(module: Callable[[str], Any], results: Any) -> None:
    names = {path.stem for path in results.FOLDER.glob("*.json")}
    assert names <= set(module("rows").ROWS)
    assert not any(results.read(results.FOLDER, name).effort.quick for name in names)


def rounds_of(module: Callable[[str], Any], seconds: dict[str, list[float]]) -> list[Any]:
    made = module("rounds").Round
    return [made(name, 20_000, 2, took, took / 2, 1) for name, each in seconds.items() for took in each]


def test_the_best_queue_is_the_one_that_is_least_behind(module: Callable[[str], Any]) -> None:
    rounds = {
        "halosync": [1.0, 2.0],
        "celery": [20.0, 30.0],
        "taskiq": [7.0, 12.0],
        "dbos": [16.0],
        "durable": [0.5, 1.0],
    }
    found = {each.what.split(": ")[1]: each for each in module("ratios").figures(rounds_of(module, rounds))}
    assert (found["times the best task queue"].found, found["times the best task queue"].reached) == (6.5, True)
    assert (found["times DBOS"].found, found["times DBOS"].to_reach) == (16.0, 15.0)
    assert found["of the speed of durable"].found == 0.5
    assert found["of the best queue's processor time"].found == pytest.approx((1 / 7 + 2 / 12) / 2)


def test_the_figures_of_a_file_are_what_its_rounds_say(module: Callable[[str], Any], results: Any) -> None:
    kept = results.read(results.FOLDER, "throughput")
    rounds = [module("rounds").Round(**each) for each in kept.details["rounds"]]
    assert module("ratios").figures(rounds) == kept.figures
    counted = results.read(results.FOLDER, "requests")
    assert module("requests_a_sync").figures(counted.details["syncs"]) == counted.figures


def test_it_says_beforehand_how_long_it_takes(row: Any, runner: Any) -> None:
    timed, counted = some_row(row, round_s=2), [some_row(row, counts=True) for _ in range(3)]
    assert runner.expected_s([timed, *counted], row.Effort(5)) == 10 + 5 * 2 + 2 * 10


def test_a_row_that_ends_wrong_has_no_figures_and_fails_the_command(
    *,
    row: Any,
    results: Any,
    runner: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    good: Future[Any] = Future()
    good.set_result(row.Found(result(row, results).figures, {}))
    bad: Future[Any] = Future()
    bad.set_exception(row.WrongEndError("a licence is there twice"))
    ended = [(some_row(row, "plan"), 0.0, good), (some_row(row, "intake"), 0.0, bad)]
    monkeypatch.setattr(runner, "in_turn", lambda *_: iter(ended))
    assert runner.main(["--only", "plan", "intake", "--into", str(tmp_path)]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]
    assert "intake ENDED WRONG: WrongEndError: a licence is there twice" in capsys.readouterr().out


def test_the_simulated_tenants_are_looked_at_after_their_runs(module: Callable[[str], Any], row: Any) -> None:
    world, tenants, clock = module("tenants_world"), module("tenants"), module("simulation.clock")
    crowd = world.Crowd([20, 5, 5], tenants.HALOSYNC, planners=1, writers=1)
    assert len(clock.run(crowd.live())) == 3
    assert (crowd.batches, crowd.messages) == (6, 6)
    twice = crowd.halos.licences_of[1]
    twice.append(twice[0])
    with pytest.raises(row.WrongEndError, match="tenant 1 has 6 of 5"):
        crowd.check()
