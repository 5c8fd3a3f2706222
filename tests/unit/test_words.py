"""No name in the code has a word that the glossary says is not used."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.sources import tree

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("libs", "services", "bench", "deploy", "requirements")


def section(title: str) -> str:
    """Return a section of the glossary."""
    return (ROOT / "docs" / "glossary.md").read_text("utf-8").split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


TABLE, MODULES = section("Words not used").split("\nNo module has one of these names", 1)

_CODE = re.compile(r"`(\w+)`")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SQL_NAME = re.compile(r"\w+")
_SQL_TEXT = re.compile(r"--[^\n]*|/\*.*?\*/|'[^']*'", re.DOTALL)

NOT_USED = {word for row in TABLE.splitlines() if row.startswith("|") for word in _CODE.findall(row.split("|")[1])}
NO_MODULES = set(_CODE.findall(MODULES))

_SPAN = re.compile(r"`([^`]+)`")
ONE_MEANING = [
    (frozenset(_SPAN.findall(words)), tuple(_SPAN.findall(rooms)))
    for words, _, rooms in (
        row.strip("| ").split("|") for row in section("Words of one meaning").splitlines() if row.startswith("| `")
    )
]
"""Words, and the rooms where they may be: folders or files below `src`."""


@cache
def words(name: str) -> frozenset[str]:
    """Return the words of a name: `RedeliverLater`, `redeliver_later` and `redeliver-later` have two."""
    return frozenset(word.lower() for word in _WORD.findall(name))


def names_of_python(module: ast.Module) -> Iterator[str]:
    """Yield the names that a module gives: what it only uses may be of others."""
    for node in ast.walk(module):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.alias(asname=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name
            case _:
                pass


def names_of_sql(source: str) -> Iterator[str]:
    """Yield all names of a file of SQL, the keywords too, and those of its queries."""
    yield from re.findall(r"^-- name: (\w+)", source, re.MULTILINE)
    yield from _SQL_NAME.findall(_SQL_TEXT.sub(" ", source))


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return the names that a file has."""
    whole = ROOT / path
    return frozenset(names_of_python(tree(whole)) if path.suffix == ".py" else names_of_sql(whole.read_text("utf-8")))


def files() -> list[Path]:
    below = [path for part in PARTS for path in (ROOT / part).rglob("*") if path.is_file()]
    return [path.relative_to(ROOT) for path in below if not {"__pycache__", ".egg-info"} & set(path.parts)]


FILES = files()


def test_no_file_or_folder_has_a_word_that_is_not_used() -> None:
    assert [str(path) for path in FILES if words(str(path)) & NOT_USED] == []


def test_no_module_is_called_after_nothing() -> None:
    assert [str(path) for path in FILES if path.suffix == ".py" and {*path.parent.parts, path.stem} & NO_MODULES] == []


@pytest.mark.parametrize("kind", [".py", ".sql"])
def test_no_name_has_a_word_that_is_not_used(kind: str) -> None:
    paths = [path for path in FILES if path.suffix == kind]
    found = {f"{path}: {name}" for path in paths for name in names_in(path) if words(name) & NOT_USED}
    assert sorted(found) == []


def used_elsewhere(path: Path, names: Iterable[str]) -> Iterator[str]:
    """Yield the names with a word of one meaning, in a room where it does not mean that."""
    room = path.as_posix().partition("/src/")[2]
    foreign = [family for family, rooms in ONE_MEANING if not room.startswith(rooms)]
    yield from (f"{path}: {name}" for name in names if any(words(name) & family for family in foreign))


@pytest.mark.parametrize("kind", [".py", ".sql"])
def test_a_word_of_one_meaning_is_where_it_has_that_meaning(kind: str) -> None:
    product = ("libs/halosync/src/", "libs/simulation/src/", "services/")
    files = [path for path in FILES if path.suffix == kind and path.as_posix().startswith(product)]
    found = {each for path in files for each in used_elsewhere(path, names_in(path))}
    assert sorted(found) == []


def test_another_meaning_is_found() -> None:
    path = Path("services/auth/src/auth/vault.py")
    assert len(ONE_MEANING) == 3
    assert [*used_elsewhere(path, ["lease_of", "Settled", "is_held", "kept"])] == [
        f"{path}: {name}" for name in ("lease_of", "Settled", "is_held")
    ]


def test_the_glossary_lists_words() -> None:
    assert {"canary", "ring", "bury", "mending", "misfortune"} <= NOT_USED
    assert {"utils", "manager"} <= NO_MODULES


def test_names_are_taken_apart() -> None:
    assert words("RingLater") == words("ring_later") == words("RING_LATER") == {"ring", "later"}
    assert words("string") == {"string"}
    assert words("HTTPEdge") == {"http", "edge"}


def test_the_names_that_a_module_gives_are_found() -> None:
    source = (
        "import x as ring\nclass Nest:\n  song: int = 1\n  def f(self, edge): self.bury = other.canary(mending=1)\n"
    )
    assert {word for name in names_of_python(ast.parse(source)) for word in words(name)} & NOT_USED == {
        *("ring", "nest", "song", "edge", "bury")
    }


def test_the_names_of_sql_are_found_but_not_its_comments_and_texts() -> None:
    source = "-- name: ring_due\n-- a song\nSELECT nest FROM run WHERE state = 'buried' /* edge */"
    assert {word for name in names_of_sql(source) for word in words(name)} & NOT_USED == {"ring", "nest"}


SAME_NAME: Mapping[str, str] = {
    "Connections": "what each service asks of the store of connections",
    "DeleteGuard": "the setting, and the rule that goes by it",
    "HaloFinding": "what the test of a connection found, as planner and API say it",
    "HaloLicence": "a licence as last read, and as the API shows it",
    "Line": "a line of an invoice, and as the API shows it",
    "MonthChanges": "what a month changed, and as the API shows it",
    "MonthInvoice": "an invoice of a month, and as the API shows it",
    "Person": "who may sign in, and as the API shows it",
    "Ports": "what each service needs",
    "Product": "what a line bills, and as the API shows it",
    "Runs": "what each service asks of the store of runs",
    "Snapshots": "what each service asks of what Halo showed last",
    "Suggestion": "what is probably meant, and as the API shows it",
}
"""Names that several modules give to one thing, which is named here. Any other name is one module's."""


def types_of(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield the name of each type that a module gives, and whether it is a Protocol.

    Types are classes and what stands for a type, as `NextStep = Again | GiveUp`. Variables of types are none, nor are
    the parameters of routes and commands, which belong to the function below them.
    """
    for node in tree(ROOT / path).body:
        match node:
            case ast.ClassDef(name=name):
                yield name, any(ast.unparse(base).startswith("Protocol") for base in node.bases)
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ) if name[0].isupper() and not name.isupper():
                if not re.match(r"TypeVar\(|Annotated\[.*\b(?:Path|Query|Argument|Option)\(", ast.unparse(value)):
                    yield name, False
            case _:
                pass


def test_a_type_has_a_name_of_its_own() -> None:
    """An adapter may be called as the port that it fulfils."""
    homes: dict[str, list[tuple[str, bool]]] = {}
    for path in FILES:
        if path.as_posix().startswith(("libs/halosync/src/", "services/")) and path.suffix == ".py":
            for name, is_protocol in types_of(path):
                homes.setdefault(name, []).append((path.as_posix(), is_protocol))
    assert len(homes) > 700
    several = {
        name: [path for path, _ in found]
        for name, found in homes.items()
        if len(found) > 1 and sorted(is_protocol for _, is_protocol in found) != [False, True]
    }
    assert {name: paths for name, paths in several.items() if name not in SAME_NAME} == {}
    assert sorted(SAME_NAME) == sorted(several)
