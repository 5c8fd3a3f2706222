"""No role of Postgres has a right that its service's code does not use (spec section 10, "the least rights").

What is used is read from the code: the queries that a service can reach, by the names of functions and methods, and
what these queries, and the functions and triggers that they set off, do with tables. Names are taken for the same
whoever bears them, so a little more counts as used than is; what is granted beyond that fails here, by its table. That
nothing needed is missing is found by the tests that run each service with its own role.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path

import pytest
from halosync.domain.accounts import WITH_A_ROLE, Account

from tests.sources import tree

STORE = Path(str(resources.files("halosync.store")))
LIBRARY = STORE.parent
SERVICES = LIBRARY.parents[3] / "services"
ROOTS = {
    Account.AUTH: SERVICES / "auth/src/auth",
    Account.PLANNER: SERVICES / "planner/src/planner",
    Account.HALO_WRITER: SERVICES / "halo-writer/src/halo_writer",
    Account.REPORT_API: SERVICES / "report-api/src/report_api",
    Account.OPERATOR: LIBRARY / "cli",
}
RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")
Cell = tuple[str, str]
"""A table or view, and a right to it."""

UNSEEN = {
    # What the code does in a way that this test cannot see: as SQL, with where it is done.
    "INSERT INTO invoice_line VALUES (1)": ("store/invoices.py, copied", {Account.PLANNER}),
    "INSERT INTO item VALUES (1)": ("store/plans.py, copied", {Account.PLANNER}),
    "INSERT INTO batch VALUES (1)": ("store/batches.py, copied", {Account.PLANNER}),
    "INSERT INTO outbox VALUES (1)": ("store/outbox.py, copied", set(WITH_A_ROLE)),
    "SELECT FROM migration": ("store/schema_fit.py, by a text", set(WITH_A_ROLE)),
    "SELECT FROM webhook": ("cli/token_keys.py, run with the role of auth", {Account.AUTH}),
    "SELECT FROM rate_standing": ("docs/operations.md, by hand", {Account.OPERATOR}),
}


@cache
def tables() -> frozenset[str]:
    text = "".join(path.read_text() for folder in ("migrations", "schema") for path in (STORE / folder).glob("*.sql"))
    made = re.findall(r"^CREATE (?:TABLE|(?:OR REPLACE )?VIEW)(?: IF NOT EXISTS)? (\w+)", text, re.MULTILINE)
    return frozenset(made) | {"migration"}


def without_comments(sql: str) -> str:
    return re.sub(r"--[^\n]*", "", sql)


@cache
def used_by(sql: str) -> set[Cell]:
    """Return what a piece of SQL does with tables, not counting what it sets off."""
    text = without_comments(sql)
    written: set[Cell] = set()
    spans = []
    for kind, pattern in (
        ("INSERT", r"INSERT INTO (\w+)"),
        ("UPDATE", r"(?<!DO )(?<!FOR )(?<!KEY )UPDATE (\w+)(?: AS \w+| \w+)? SET"),
        ("DELETE", r"DELETE FROM (\w+)"),
    ):
        for found in re.finditer(pattern, text):
            written.add((found[1], kind))
            spans.append(found.span(1))
    for found in re.finditer(r"INSERT INTO (\w+)", text):
        rest = text[found.end() :].split("INSERT INTO")[0].split(";")[0]
        if re.search(r"ON CONFLICT.*DO UPDATE", rest, re.DOTALL):
            written |= {(found[1], "UPDATE"), (found[1], "SELECT")}
    read = {
        found[0]
        for found in re.finditer(r"\w+", text)
        if found[0] in tables() and not any(start <= found.start() < end for start, end in spans)
    }
    # WHERE and RETURNING read what is written, too.
    read |= {table for table, kind in written if kind != "INSERT" or "RETURNING" in text}
    if re.search(r"FOR (?:NO KEY |KEY )?(?:UPDATE|SHARE)", text):
        written |= {(table, "UPDATE") for table in read}
    return {(table, kind) for table, kind in written if table in tables()} | {(table, "SELECT") for table in read}


@cache
def functions() -> dict[str, str]:
    """Return the bodies of the database's functions."""
    text = "\n".join(path.read_text() for path in sorted((STORE / "schema").glob("*.sql")))
    return {
        found[1]: found[2]
        for found in re.finditer(r"CREATE OR REPLACE FUNCTION (\w+)\(.*?AS \$\$(.*?)\$\$", text, re.DOTALL)
    }


@cache
def triggers() -> list[tuple[Cell, str]]:
    """Return which write to which table calls which function."""
    text = "\n".join(path.read_text() for path in sorted((STORE / "schema").glob("*.sql")))
    pattern = (
        r"TRIGGER \w+ (?:AFTER|BEFORE) (INSERT|UPDATE|DELETE)(?: OF [\w, ]+)? ON (\w+)[^;]*?EXECUTE FUNCTION (\w+)"
    )
    return [((found[2], found[1]), found[3]) for found in re.finditer(pattern, text)]


@cache
def with_what_it_sets_off(sql: str) -> set[Cell]:
    cells, bodies, called = set[Cell](), [sql], set[str]()
    while bodies:
        body = bodies.pop()
        new = used_by(body) - cells
        cells |= new
        words = set(re.findall(r"\w+", without_comments(body)))
        set_off = {function for cell, function in triggers() if cell in new}
        for name in ((words & functions().keys()) | set_off) - called:
            called.add(name)
            bodies.append(functions()[name])
    return cells


@cache
def queries() -> dict[str, str]:
    """Return every named query, by its name."""
    found = {}
    for path in (STORE / "sql").glob("*.sql"):
        for part in re.split(r"^-- name: ", path.read_text(), flags=re.MULTILINE)[1:]:
            head, _, body = part.partition("\n")
            found[head.rstrip("^$!*<")] = body
    return found


def modules_of(root: Path) -> set[Path]:
    """Return a service's modules, and those of the library that they import, directly or not."""
    seen, open_paths = set[Path](), list(root.rglob("*.py"))
    while open_paths:
        path = open_paths.pop()
        if path in seen:
            continue
        seen.add(path)
        open_paths += imported(path)
    return seen


@cache
def imported(path: Path) -> list[Path]:
    return list(_imported(tree(path)))


def _imported(module: ast.AST) -> Iterator[Path]:
    for node in ast.walk(module):
        names = []
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("halosync"):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.startswith("halosync")]
        for name in names:
            path = LIBRARY.joinpath(*name.split(".")[1:]).with_suffix(".py")
            if path.is_file():
                yield path


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def names_in(node: ast.AST, *, within_functions: bool = True) -> set[str]:
    names, waiting = set[str](), [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.Attribute):
            names.add(each.attr)
        elif isinstance(each, ast.Name):
            names.add(each.id)
        waiting += [one for one in ast.iter_child_nodes(each) if within_functions or not isinstance(one, FUNCTIONS)]
    return names


@cache
def functions_in(module: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(module) if isinstance(node, FUNCTIONS)]


def queries_of(account: Account) -> set[str]:
    """Return the queries that an account's code can reach."""
    names, waiting = set[str](), []
    for path in modules_of(ROOTS[account]):
        module = tree(path)
        if path.is_relative_to(STORE):
            names |= names_in(module, within_functions=False)
            waiting += functions_in(module)
        else:
            names |= names_in(module)
    grew = True
    while grew:
        reached = [node for node in waiting if node.name in names or node.name.startswith("__")]
        waiting = [node for node in waiting if node not in reached]
        grew = bool(reached)
        for node in reached:
            names |= names_in(node)
    return names & queries().keys()


@cache
def granted() -> dict[Account, set[Cell]]:
    """Return what `grants.sql` gives each account; a right to some columns is a right."""
    text = without_comments((STORE / "grants.sql").read_text())
    found: dict[Account, set[Cell]] = {account: set() for account in WITH_A_ROLE}
    for rights, table, names in re.findall(r"GRANT ([^;]*?) ON (\w+)\s+TO ([^;]*);", text):
        kinds = re.findall(r"[A-Z]+", re.sub(r"\([^)]*\)", "", rights))
        for account in re.findall(r":(\w+)", names):
            found[Account[account.upper()]] |= {(table, kind) for kind in kinds if kind in RIGHTS and table in tables()}
    return found


@pytest.mark.parametrize("account", WITH_A_ROLE)
def test_no_right_is_granted_that_nobody_uses(account: Account) -> None:
    used = set[Cell]()
    for name in queries_of(account):
        used |= with_what_it_sets_off(queries()[name])
    for sql, (_, accounts) in UNSEEN.items():
        used |= with_what_it_sets_off(sql) if account in accounts else set()
    unused = granted()[account] - used
    assert not unused, f"take these from {account.value} in grants.sql: {sorted(unused)}"


def test_the_reader_sees_what_a_statement_does() -> None:
    assert used_by("DELETE FROM kept_licence WHERE partner_id = 1") == {
        ("kept_licence", "DELETE"),
        ("kept_licence", "SELECT"),
    }
    assert used_by("INSERT INTO outbox VALUES (1) -- not into invoice") == {("outbox", "INSERT")}
    assert ("run", "UPDATE") in used_by("SELECT 1 FROM run WHERE run_id = 1 FOR UPDATE")
    assert ("item_line", "INSERT") in with_what_it_sets_off("INSERT INTO item VALUES (1)")
    assert queries_of(Account.AUTH) < queries().keys()
