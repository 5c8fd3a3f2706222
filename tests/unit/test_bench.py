"""The benches: what they make of rounds, what they refuse, and that the pages say what the files say."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from devstack.fields import Fields

Importing = Callable[[str], ModuleType]

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture(scope="module")
def module() -> Iterator[Importing]:
    """Import a module of the benches, which are a folder of programs and no package."""
    sys.path.append(str(BENCH))
    yield importlib.import_module
    sys.path.remove(str(BENCH))


@pytest.fixture
def row(module: Importing) -> ModuleType:
    return module("row")


@pytest.fixture
def results(module: Importing) -> ModuleType:
    return module("results")


def result(row: ModuleType, results: ModuleType, name: str = "some") -> Any:
    figures = [row.Figure("seconds", 12.345, unit="s"), row.Figure("times", 2.5, 2.0), row.Figure("all", 3.0, 3, True)]
    return results.Result(name, "2026-11-29", "a machine", 0.5, row.Effort(5), figures, {"rounds": [1, 2]}, rounds=3)


def some_row(row: ModuleType, name: str = "some", **more: int) -> Any:
    return row.Row(name, "what is measured", "what it is against", "2 times", lambda _: None, first_s=10, **more)


def test_a_ratio_is_the_median_of_those_of_the_rounds(row: ModuleType) -> None:
    # Not the ratio of the medians, which is 1: the second round was slow for both.
    assert row.median_ratio([2.0, 30.0, 3.0], [1.0, 10.0, 3.0]) == 2.0


def test_rounds_that_one_contender_does_not_have_are_left_out(row: ModuleType) -> None:
    assert row.median_ratio([4.0], [2.0, 100.0, 100.0]) == 2.0


@pytest.mark.parametrize(
    ("found", "to_reach", "least", "reached"),
    [(3.0, 3.0, True, True), (2.9, 3.0, True, False), (3.0, 3.0, False, True), (3.1, 3.0, False, False)],
)
def test_a_figure_reaches_its_bound_or_not(
    row: ModuleType, found: float, to_reach: float, *, least: bool, reached: bool
) -> None:
    assert row.Figure("what", found, to_reach, least).reached is reached


def test_a_figure_without_a_bound_reaches_nothing(row: ModuleType) -> None:
    assert row.Figure("what", 1.0).reached is None


@pytest.mark.parametrize(
    ("rounds", "quick", "thorough", "most"),
    [(5, False, False, 2), (5, False, True, 5), (1, False, False, 1), (5, True, True, 1)],
)
def test_what_is_spared_rounds_has_them_all_if_it_is_to_be_thorough(
    row: ModuleType, rounds: int, most: int, *, quick: bool, thorough: bool
) -> None:
    assert row.Effort(rounds, quick, thorough).most(2) == most


def test_the_table_of_a_terminal_has_a_line_for_each_figure(row: ModuleType, results: ModuleType) -> None:
    lines = [" ".join(line.split()) for line in results.text_table([result(row, results)]).splitlines()]
    assert lines == [
        "row what found to reach reached",
        "some seconds 12.3 s",
        "some times 2.5 times at most 2 missed",
        "some all 3 times at least 3 yes",
    ]


def test_what_is_written_is_read_again(row: ModuleType, results: ModuleType, tmp_path: Path) -> None:
    results.write(tmp_path, result(row, results), {"picture": "<svg/>"})
    assert results.read(tmp_path, "some") == result(row, results)
    written = json.loads((tmp_path / "some.json").read_text("utf-8"))
    assert [each["reached"] for each in written["figures"]] == [None, False, True]
    assert (tmp_path / "picture.svg").read_text("utf-8") == "<svg/>"


def test_a_page_names_what_has_not_been_measured(row: ModuleType, results: ModuleType, tmp_path: Path) -> None:
    results.write(tmp_path, result(row, results), {})
    rows = [some_row(row), some_row(row, "other"), some_row(row, "counts", untimed=True), some_row(row, "broken")]
    results.write(tmp_path, replace(result(row, results, "counts"), load=None), {})
    results.write(tmp_path, result(row, results, "broken"), {})
    results.write(tmp_path, results.wrong_result(rows[3], "a licence is there twice", row.Effort(5)), {})
    today = results.read(tmp_path, "broken").measured_on
    table = results.page_table(rows, tmp_path).splitlines()[2:]
    assert table[0] == "| `some` | seconds | 12.3 s |  |  | 2026-11-29, 3 rounds, load 0.5 |"
    assert table[1] == "|  | times | 2.5 times | at most 2 | missed |  |"
    assert table[3] == "| `other` | what is measured | no file yet | 2 times | | |"
    assert table[4].endswith("| 2026-11-29 |")
    assert table[7:] == [f"| `broken` | what is measured | ended wrong on {today} | 2 times | | |"]


def test_only_what_is_between_the_marks_of_a_page_changes(module: Importing) -> None:
    page = "before\n<!-- bench: one -->\nold\n<!-- end: one -->\nafter"
    assert module("page").marked(page, "one", "new") == page.replace("old", "new")
    with pytest.raises(ValueError, match="no marks for two"):
        module("page").marked(page, "two", "new")


def test_the_pages_say_what_the_files_say(module: Importing) -> None:
    """`make bench ARGS=--page` makes them anew."""
    pages = module("page").pages()
    assert {path.name: path.read_text("utf-8") == page for path, page in pages.items()} == {
        "performance.md": True,
        "README.md": True,
    }


def test_every_file_of_figures_is_of_a_row_and_says_what_it_reached(module: Importing, results: ModuleType) -> None:
    names = {path.stem for path in results.FOLDER.glob("*.json")}
    assert names <= set(module("rows").ROWS)
    for name in names:
        kept, written = results.read(results.FOLDER, name), json.loads((results.FOLDER / f"{name}.json").read_text())
        assert not kept.effort.quick
        assert [each["reached"] for each in written["figures"]] == [each.reached for each in kept.figures]


def test_the_first_page_misses_no_figure_of_a_file(
    module: Importing, row: ModuleType, results: ModuleType, tmp_path: Path
) -> None:
    page = module("page")
    table = page.first_page()
    for name, headlines in page.HEADLINES.items():
        kept = results.read(results.FOLDER, name)
        assert kept is None or kept.wrong or all(f"| {headline}" in table for headline in headlines)
    results.write(tmp_path, result(row, results, "limited"), {})
    with pytest.raises(ValueError, match="0 figures of limited begin with"):
        page.first_page(tmp_path)


def rounds_of(module: Importing, seconds: dict[str, list[float]]) -> list[Any]:
    made = module("rounds").Round
    return [made(name, 20_000, 2, took, took / 2, 1) for name, each in seconds.items() for took in each]


def test_the_best_queue_is_the_one_that_is_least_behind(module: Importing) -> None:
    rounds = {
        "halosync": [1.0, 2.0],
        "celery": [20.0, 30.0],
        "taskiq": [7.0, 12.0],
        "dbos": [16.0],
        "durable": [0.5, 1.0],
    }
    found = {each.what.split(": ")[1]: each for each in module("ratios").figures(rounds_of(module, rounds))}
    queues = "the best task queue (of celery, taskiq)"
    assert (found[f"times {queues}"].found, found[f"times {queues}"].reached) == (6.5, True)
    assert (found["times DBOS"].found, found["times DBOS"].to_reach) == (16.0, 15.0)
    assert found["of the speed of durable, one process"].found == 0.5
    assert found[f"of the processor time of {queues}"].found == pytest.approx((1 / 7 + 2 / 12) / 2)


def test_one_queue_is_named_and_not_called_the_best(module: Importing) -> None:
    found = module("ratios").figures(rounds_of(module, {"halosync": [1.0], "taskiq": [7.0]}))
    assert [each.what.split(": ")[1] for each in found[1:]] == [
        "times taskiq, the only queue that ran",
        "of the processor time of taskiq, the only queue that ran",
    ]


def figures_again(module: Importing, name: str, details: Fields) -> Any:
    """Return the figures that the details of a file make."""
    made = module({"requests": "requests_a_sync", "throughput": "ratios"}.get(name, name))
    if name == "throughput":
        return made.figures([module("rounds").Round(**each) for each in details["rounds"]])
    if name == "plan":
        return made.figures([made.Measured(**each) for each in details["plans"]], details["growth"])
    if name == "limited":
        ways = {each["name"]: made.Waited(**each) for each in details["results"]}
        return made.figures(ways, details["changes"], made.Limit(**details["limit"]))
    if name == "tenants":
        return made.figures({case: made.Ended(**each) for case, each in details.items() if isinstance(each, dict)})
    return made.figures(details["syncs"])


@pytest.mark.parametrize("name", ["throughput", "tenants", "plan", "requests", "limited"])
def test_the_figures_of_a_file_are_what_its_details_say(module: Importing, results: ModuleType, name: str) -> None:
    kept = results.read(results.FOLDER, name)
    assert kept is None or kept.wrong or figures_again(module, name, kept.details) == kept.figures


@pytest.mark.parametrize("actions", [["update", "unchanged"], ["update"] * 2, ["unchanged"] * 100, ["create"] * 100])
def test_a_plan_is_compared_with_what_gives_the_same_answer(
    module: Importing, row: ModuleType, actions: list[str]
) -> None:
    plan = module("plan")
    plan.check("a join", ["update"] * 5 + ["unchanged"] * 95, 100, 5)
    with pytest.raises(row.WrongEndError, match="a join with 5 % of 100 changed finds"):
        plan.check("a join", actions, 100, 5)


@pytest.mark.parametrize("made", [[0, 1, 1], [0, 1], [0, 1, 2, 2]])
def test_a_way_that_does_not_make_each_change_once_counts_nothing(
    module: Importing, row: ModuleType, made: list[int]
) -> None:
    limited, ways = module("limited"), module("limited_ways")

    async def work(halo: Any, _changes: int) -> None:
        for change in made:
            await halo.takes(change)

    with pytest.raises(row.WrongEndError, match="each of 3 changes once"):
        module("simulation.clock").run(ways.timed("some", limited.UNSCALED, 3, work))


def test_to_press_again_four_send_at_once(module: Importing) -> None:
    limited = module("limited_ways")
    limit = limited.Limit(requests=8, window_s=10.0, answer_s=1.0, sleep_s=0.0)
    waited = module("simulation.clock").run(limited.timed("again", limit, 12, limited.press_again))
    assert (waited.seconds, waited.limited) == (3 + 10 + 1, 4)


def test_worlds_that_are_too_easy_to_tell_count_nothing(
    module: Importing, row: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    creates = module("simulated_creates")
    monkeypatch.setattr(creates, "measure", lambda *_: creates.Sum(requests=1))
    with pytest.raises(row.WrongEndError, match="these worlds tell nothing"):
        creates.measure_row(row.Effort())


def test_the_simulated_tenants_are_looked_at_after_their_runs(module: Importing, row: ModuleType) -> None:
    world, tenants, clock = module("tenants_world"), module("tenants"), module("simulation.clock")
    crowd = world.Crowd([20, 5, 5], tenants.HALOSYNC, planners=1, writers=1)
    assert len(clock.run(crowd.live())) == 3
    assert (crowd.batches, crowd.messages) == (6, 6)
    twice = crowd.halos.licences_of[1]
    twice.append(twice[0])
    with pytest.raises(row.WrongEndError, match="tenant 1 has 6 of 5"):
        crowd.check()
