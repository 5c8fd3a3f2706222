"""What looks at texts of others takes twice as long for twice as much, and not four times.

Every pattern of the product is found by itself, and timed as it is used; functions that look at foreign texts stand in
a list. The times are ratios, so that a slow machine proves the same. (Once, 40 kB of tabs took twelve seconds.)
"""

import ast
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from time import thread_time
from types import ModuleType

import auth
import halo_writer
import halosync
import planner
import pytest
import report_api
from fastapi import Request
from halosync.domain.model import Client, Licence, Line, LineKind, WrittenLicence
from halosync.domain.names import name_key
from halosync.domain.plan import PlanInput
from halosync.domain.planning import make_plan
from report_api.links.customers import read_client_id
from report_api.links.sheet import MOST_CHARACTERS, MOST_COLUMNS, MOST_LINES, SheetErrors, read_sheet
from report_api.web.csv_export import cell, unguarded, wants_csv
from report_api.web.fields import PRINTABLE
from report_api.web.own_pages import local_path

FEW, TIMES = 4_000, 8
NOTHING_S = 0.005
"""What takes no longer is quick enough, whatever it is compared with."""

PIECES = [
    *("\t", " ", ";", "; ", "\t'", "'", " \t;'", ";='", ",", '"', "a", "a ", "A", "aA", "0", "0.", "1e", "-", "a-"),
    *(".", "/", "a/", "[", "[0", "\n", "\r\n", "\0", "é", "\u00a0", "{tenant}", ":"),
    *("\u0301\u0316", "\u0f73", "\uff9e\u0316"),  # marks of several classes, which are sorted when normalised
]


def modules() -> Iterator[ModuleType]:
    for package in (halosync, planner, halo_writer, auth, report_api):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def patterns() -> Iterator[tuple[str, re.Pattern[str], str]]:
    """Yield name, pattern and method of each use."""
    for module in modules():
        source = Path(module.__file__ or "").read_text("utf-8")
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                for method in sorted(set(re.findall(rf"\b{name}\.(\w+)\(", source))):
                    yield f"{module.__name__}.{name}", value, method
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call):
                for keyword in node.keywords:
                    if keyword.arg == "pattern":
                        given = text_of(keyword.value, module)
                        if given is not None:
                            yield f"{module.__name__}:{node.lineno}", re.compile(given), "search"
    yield "report_api.web.fields.PRINTABLE", re.compile(PRINTABLE), "search"


def text_of(given: ast.expr, module: ModuleType) -> str | None:
    """Return a text that stands there, or the constant that is named there; None: it is neither."""
    value = given.value if isinstance(given, ast.Constant) else None
    if isinstance(given, ast.Name):
        value = vars(module).get(given.id)
    return value if isinstance(value, str) else None


def uses(pattern: re.Pattern[str], method: str) -> Callable[[str], object]:
    if method == "sub":
        return lambda text: pattern.sub("", text)
    if method in {"finditer", "findall"}:
        return pattern.findall
    used: Callable[[str], object] = getattr(pattern, method)
    return used


def seconds(work: Callable[[str], object], text: str, *, of: int = 3) -> float:
    """The least of some, so that what else the machine does counts for little."""

    def once() -> float:
        begun = thread_time()
        work(text)
        return thread_time() - begun

    return min(once() for _ in range(of))


def assert_linear(name: str, work: Callable[[str], object], size: int = FEW) -> None:
    for piece in PIECES:
        for end in ("", "\x01"):
            more = piece * (size * TIMES // len(piece)) + end
            many = seconds(work, more, of=1)
            if many < NOTHING_S:
                continue
            few = seconds(work, piece * (size // len(piece)) + end)
            if many > TIMES * 3 * few:
                many = seconds(work, more)
            assert many < TIMES * 3 * few + NOTHING_S, f"{name}, {piece!r} and {end!r}: {few:.4f} s, {many:.4f} s"


def no_errors(work: Callable[[str], object]) -> Callable[[str], object]:
    def worked(text: str) -> object:
        try:
            return work(text)
        except ValueError as error:
            return error

    return worked


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "cell": cell,
    "unguarded": unguarded,
    "name_key": name_key,
    "client_id": read_client_id,
    "local_path": lambda text: local_path(f"/portal/{text}"),
    "accept": lambda text: wants_csv(Request({"type": "http", "headers": [(b"accept", text.encode())]})),
    "sheet": lambda text: read_sheet(f"a\n{text}".encode(), required=["a"], optional=[]),
    "sheet's header": lambda text: read_sheet(text.encode(), required=["a"], optional=[]),
}


def of_one_client(number: int) -> PlanInput:
    """Return a client with so many licences that halosync has written for its products."""
    one, clients = Decimal(1), [Client(1, "Contoso")]
    codes = [f"P-{at}" for at in range(number)]
    kind = LineKind.RECURRING
    lines = [Line(at, "C", "Contoso", code, kind, one, one, "Monthly") for at, code in enumerate(codes)]
    licences = [Licence(at, 1, code, one, one, None, "Monthly") for at, code in enumerate(codes)]
    return PlanInput(lines, clients, licences, written={at: WrittenLicence(code) for at, code in enumerate(codes)})


def test_a_plan_of_one_client_is_linear() -> None:
    sizes = [of_one_client(2_000 * times) for times in (1, TIMES)]
    few, many = (seconds(lambda at: make_plan(sizes[int(at)]), at) for at in "01")
    assert many < TIMES * 3 * few, f"{few:.4f} s, {many:.4f} s"


def test_every_pattern_is_linear() -> None:
    found = list(patterns())
    assert {"report_api.web.csv_export._INNER_FORMULA", "halosync.halo.failures._NAMED_ROW"} <= {
        name for name, _, _ in found
    }
    for name, pattern, method in found:
        assert_linear(name, uses(pattern, method))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_on_foreign_texts_is_linear(name: str) -> None:
    assert_linear(name, no_errors(FUNCTIONS[name]), 2_000)


@pytest.mark.parametrize("pattern", [r"[\s;]+'*(?=[=+])", r"^[^\x01]*[^\s\x01][^\x01]*$"])
def test_the_measure_finds_what_is_not_linear(pattern: str) -> None:
    with pytest.raises(AssertionError):
        assert_linear(pattern, re.compile(pattern).search, 400)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a\n" + "x" * (MOST_CHARACTERS + 1), f"Line 2: a cell has more than {MOST_CHARACTERS:,} characters"),
        ("a\n" + "\n" * MOST_LINES, f"the file has more than {MOST_LINES:,} lines"),
        ("a\n" + "x\n" * (MOST_LINES + 1), f"the file has more than {MOST_LINES:,} lines"),
        ("a," * MOST_COLUMNS, f"Line 1: has {MOST_COLUMNS + 1} columns"),
    ],
    ids=["a long cell", "many empty lines", "many lines", "many columns"],
)
def test_a_file_beyond_its_bounds_is_told_so(content: str, told: str) -> None:
    with pytest.raises(SheetErrors, match=re.escape(told)):
        read_sheet(content.encode(), required=["a"], optional=[])


def test_a_file_within_its_bounds_is_taken() -> None:
    rows = read_sheet(("a\n" + "x\n" * (MOST_LINES - 1)).encode(), required=["a"], optional=[])
    assert len(rows) == MOST_LINES - 1
