"""No name in the code has a word that the glossary says is not used."""

import ast
import re
from collections.abc import Iterable, Iterator
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


SAME_THING = {"Ports": "every service has its own"}
"""Names that several modules give on purpose."""


def classes_of(path: Path) -> Iterator[str]:
    """Yield the classes of a module that are no Protocols: an adapter may be called as the port that it fulfils."""
    for node in tree(ROOT / path).body:
        bases = [ast.unparse(base) for base in node.bases] if isinstance(node, ast.ClassDef) else []
        if isinstance(node, ast.ClassDef) and not any(base.startswith("Protocol") for base in bases):
            yield node.name


def test_a_class_has_a_name_of_its_own() -> None:
    """What a message or an answer of the API shows (contracts, `models.py`) may be called as the thing itself."""
    shown = ("libs/halosync/src/halosync/contracts/",)
    homes: dict[str, list[str]] = {}
    for path in FILES:
        posix = path.as_posix()
        inside = posix.startswith(("libs/halosync/src/", "services/")) and path.suffix == ".py"
        if inside and not posix.startswith(shown) and not path.stem.endswith("models"):
            for name in classes_of(path):
                homes.setdefault(name, []).append(posix)
    assert len(homes) > 500
    assert {name: found for name, found in homes.items() if len(found) > 1 and name not in SAME_THING} == {}
