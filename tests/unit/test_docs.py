"""What the pages say of names and places is true: they exist, and settings, reasons, queues and metrics are told."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from auth.environment import AuthSettings
from fastapi.routing import APIRoute
from halo_writer.environment import WriterSettings
from halosync.cli.settings import AdministratorSettings, BrokerSettings, DatabaseSettings
from halosync.domain.model import Action, Outcome, Reason
from halosync.domain.states import ACTION_TRANSITIONS, BATCH_TRANSITIONS, RUN_TRANSITIONS
from halosync.messaging import topology
from halosync.observability import metrics
from halosync.runtime.setting_names import URL_PASSWORDS
from halosync.runtime.variables import PREFIX
from planner.environment import PlannerSettings
from prometheus_client.metrics import MetricWrapperBase
from report_api.app import PAGES as ROUTERS
from report_api.environment import ReportApiSettings
from report_api.runs import sentences
from report_api.web.navigation import TABS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY")] + sorted((ROOT / "docs").rglob("*.md"))
PARTS = ("libs", "services", "tests", "docs", "bench", "deploy", "requirements")
SETTINGS = (
    *(PlannerSettings, WriterSettings, AuthSettings, ReportApiSettings),
    *(DatabaseSettings, BrokerSettings, AdministratorSettings),
)
VARIABLES = {f"{PREFIX}{name}".upper() for settings in SETTINGS for name in settings.model_fields} | {
    PREFIX + name for name in URL_PASSWORDS
}
DEVSTACK = f"{PREFIX}DEVSTACK_"

_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_FILE = re.compile(r"[\w*./-]+\.(py|sql|md|toml|yml|txt|json)")
_CLASS_MEMBER = re.compile(r"([A-Z]\w+)\.(\w+)")
_NAME = re.compile(r"_?[a-z]+(?:_[a-z]+)+|[A-Z][A-Z]*(?:_[A-Z]+)+|[A-Z][a-z]+(?:[A-Z][a-z]+)*")
_CLASS = re.compile(r"(?:[A-Z][a-z]+)+")
_VARIABLE = re.compile(rf"{PREFIX}[A-Z_]*[A-Z]")


def text(*path: str) -> str:
    return ROOT.joinpath(*path).read_text("utf-8")


def everything() -> list[str]:
    below = [path for part in PARTS for path in (ROOT / part).rglob("*") if "__pycache__" not in path.parts]
    return [path.relative_to(ROOT).as_posix() for path in (*below, *ROOT.glob("*"))]


EVERYTHING = everything()


def named_paths(page: str) -> Iterator[str]:
    """Yield what a page names as a file or folder; what stands in a fenced block is an example."""
    for name in _CODE.findall(_FENCED.sub("", page)):
        if (_FILE.fullmatch(name) and not name.startswith("/")) or (
            name.startswith(tuple(f"{part}/" for part in PARTS)) and " " not in name
        ):
            yield name.rstrip("/")


def exists(name: str) -> bool:
    """Tell whether there is such a path, from the root or, for a short name, below some folder."""
    wanted = re.compile(rf"(?:.*/)?{re.escape(name).replace(re.escape('*'), '[^/]*')}")
    return any(wanted.fullmatch(path) for path in EVERYTHING)


def first_cells(page: str, heading: str) -> set[str]:
    """Return what stands as code in the first column of the table below a heading."""
    section = page.split(f"\n{heading}\n", 1)[1].split("\n## ", 1)[0]
    return {code for row in section.splitlines() if row.startswith("|") for code in _CODE.findall(row.split("|")[1])}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    assert [name for name in named_paths(page.read_text("utf-8")) if not exists(name)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    targets = [link for link in _LINK.findall(page.read_text("utf-8")) if not link.startswith("https://")]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_a_path_that_does_not_exist_would_be_noticed() -> None:
    page = "`docs/architecture.md` `docs/nowhere.md` `store/nothing.py` `make test`\n```\n`docs/example.md`\n```\n"
    assert [name for name in named_paths(page) if not exists(name)] == ["docs/nowhere.md", "store/nothing.py"]


@dataclass(frozen=True)
class Code:
    """The code that pages tell of: all of it, its words, and what begins a line that gives something a value."""

    text: str
    words: frozenset[str]
    given: frozenset[str]


@cache
def code() -> Code:
    every = "\n".join(
        (ROOT / path).read_text("utf-8")
        for path in EVERYTHING
        if path.startswith(("libs/", "services/")) and path.endswith((".py", ".sql"))
    )
    given = re.findall(r"^(?:class )?(\w+)\b.*[:=]", every, re.MULTILINE)
    return Code(every, frozenset(re.findall(r"\w+", every)), frozenset(given))


@pytest.mark.parametrize("page", ["architecture.md", "actions.md"])
def test_every_name_in_code_that_a_page_follows_is_in_the_code(page: str) -> None:
    said = {name for name in _CODE.findall(_FENCED.sub("", text("docs", page))) if not name.startswith(PREFIX)}
    members = {match.groups() for name in said if (match := _CLASS_MEMBER.fullmatch(name))}
    assert [owner for owner, _ in sorted(members) if f"\nclass {owner}" not in code().text] == []
    assert [member for _, member in sorted(members) if f"def {member}(" not in code().text] == []
    assert sorted(name for name in said if _NAME.fullmatch(name) and name not in code().words) == []
    # A capital alone proves little: every sentence of a docstring begins with one.
    assert sorted(name for name in said if _CLASS.fullmatch(name) and name not in code().given) == []


_PATH_OF_CODE = r"`([\w/-]+/[\w./-]+\.(?:py|sql))`"
_BESIDE = re.compile(rf"`([\w.]+)` (?:\(|in ){_PATH_OF_CODE}|{_PATH_OF_CODE}: [^`|]*\(`([\w.]+)`")


def given_in(source: str, name: str) -> bool:
    """Tell whether a module or file of SQL gives a name: as a class, function, value, attribute, query or view."""
    last = re.escape(name.rpartition(".")[2])
    gives = rf"(?:def|class|name:|FUNCTION|VIEW) {last}\b|^ *(?:self\.)?{last}\b.*=|^ +{last}: "
    return re.search(gives, source, re.MULTILINE) is not None


@pytest.mark.parametrize("page", ["architecture.md", "actions.md"])
def test_a_name_beside_a_path_is_in_that_file(page: str) -> None:
    found = _BESIDE.findall(" ".join(text("docs", page).split()))
    said = [(name or later, path or earlier) for name, path, earlier, later in found]
    assert len(said) > {"architecture.md": 60, "actions.md": 5}[page]
    assert [(name, path) for name, path in said if not given_in(text(path), name)] == []


def test_the_table_of_settings_has_every_setting_and_no_other() -> None:
    assert first_cells(text("docs", "settings.md"), "## All of them") == VARIABLES


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / ".env.example", ROOT / "docker-compose.yml"], ids=lambda page: page.name
)
def test_no_page_names_a_setting_that_is_none(page: Path) -> None:
    found = {name for name in _VARIABLE.findall(page.read_text("utf-8")) if not name.startswith(DEVSTACK)}
    named = {name.removesuffix("_FILE") for name in found}
    assert named - VARIABLES == set()


@pytest.mark.parametrize(
    ("heading", "words"),
    [("## Reasons", set(Reason)), ("## Outcomes", set(Outcome)), ("## Actions", set(Action))],
)
def test_the_glossary_has_every_code(heading: str, words: set[str]) -> None:
    assert first_cells(text("docs", "glossary.md"), heading) == words


def test_the_glossary_has_every_code_with_which_a_planner_ends_a_run() -> None:
    service = text("services", "planner", "src", "planner", "run_planner.py")
    codes = set(re.findall(r"_fail\(run, claim, \"(\w+)\"", service))
    assert "read_shrunk" in codes
    assert codes <= first_cells(text("docs", "glossary.md"), "## Why a run failed")


@pytest.mark.parametrize(
    ("title", "table"),
    [
        ("# The states of an action", ACTION_TRANSITIONS),
        ("## A batch", BATCH_TRANSITIONS),
        ("## A run", RUN_TRANSITIONS),
    ],
)
def test_the_page_of_states_shows_the_tables_of_the_domain(title: str, table: Mapping[str, frozenset[str]]) -> None:
    diagram = text("docs", "actions.md").split(f"\n{title}" if title.startswith("##") else title, 1)[1]
    shown = set(re.findall(r"^    (\w+) --> (\w+)", diagram.split("```", 2)[1], re.MULTILINE))
    assert shown == {(state, following) for state in table for following in table[state]}


@pytest.mark.parametrize(
    ("heading", "meant"),
    [
        ("## Reasons", dict(sentences.REASONS)),
        ("## Statuses", {code: meaning.label for code, meaning in sentences.OUTCOMES.items()}),
    ],
)
def test_administrators_are_told_every_code_in_the_words_of_the_portal(heading: str, meant: dict[str, str]) -> None:
    section = text("docs", "portal.md").split(f"\n{heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in section.splitlines() if row.startswith("| ")]
    assert {row[1].strip("`"): row[0] for row in rows[2:]} == meant


def test_administrators_are_told_every_state_of_a_run() -> None:
    section = text("docs", "portal.md").split("\n## States of a run\n", 1)[1].split("\n## ", 1)[0]
    assert [meaning.label for meaning in sentences.STATES.values() if meaning.label not in section] == []


def test_administrators_are_told_every_way_in_which_a_run_fails() -> None:
    assert first_cells(text("docs", "portal.md"), "## When a run failed") == set(sentences.ERRORS)


def test_administrators_are_told_every_page() -> None:
    told = first_cells(text("docs", "portal.md"), "## Pages")
    assert told >= {f"/portal/{{partner}}/{tab.name}" for tab in TABS}
    # What a page asks before it does something, and its files, are below its address; a stream is no page.
    routes = [route for routers in ROUTERS for route in routers.routes if isinstance(route, APIRoute)]
    pages = {route.path for route in routes if "GET" in (route.methods or ()) and not route.path.endswith("/events")}
    assert told <= pages
    below = tuple(path for path in told if path.startswith("/portal/"))
    assert [path for path in sorted(pages) if path.startswith("/portal/{") and not path.startswith(below)] == []


def test_every_queue_is_told_to_operators() -> None:
    page = text("docs", "operations.md")
    names = [queue.name for queue in (*topology.QUEUES, topology.KEPT_DEAD_LETTERS)]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_every_metric_is_told_to_operators() -> None:
    page = first_cells(text("docs", "operations.md"), "## Health")
    ours = {
        told.name + {"counter": "_total", "info": "_info"}.get(told.type, "")
        for metric in (*vars(metrics).values(), *metrics.FIGURES.values())
        if isinstance(metric, MetricWrapperBase)
        for told in metric.describe()
    }
    assert page == ours


def test_decisions_are_numbered_one_after_the_other_as_their_titles_say() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    for number, record in enumerate(records, start=1):
        page = record.read_text("utf-8")
        assert page.startswith(f"# {number}. ")
        assert all(f"**{part}.**" in page for part in ("Context", "Decision", "Consequences")), record.name
