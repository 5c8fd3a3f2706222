"""States have one home, `halosync.domain.states`: Python compares its enums, and SQL names its sets."""

import ast
import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import fields
from pathlib import Path
from typing import get_args

import halosync.store
from halosync.contracts.run import LicenceActions, RunCounters, RunFinished
from halosync.domain.array_size import CeilingReason
from halosync.domain.batching import BatchKind
from halosync.domain.invoice_choice import MonthInvoices
from halosync.domain.model import Action, Cleanup, LineKind, OnDrift, Outcome, PriceField, Reason, Removal, Undone
from halosync.domain.month import MonthReason
from halosync.domain.roles import Role
from halosync.domain.run_order import RunMode
from halosync.domain.states import (
    CLAIMABLE_RUNS,
    IN_DOUBT,
    LIVING_RUNS,
    OPEN_ACTIONS,
    ActionState,
    BatchState,
    Counters,
    RunState,
)
from halosync.ports.connections import ConnectionState
from halosync.ports.webhooks import DeliveryState
from halosync.store.dead_letters import LetterState

from tests.sources import tree

ROOT = Path(__file__).resolve().parents[2]
WORDS = {str(word) for enum in (RunState, BatchState, ActionState, BatchKind) for word in enum}
UNDONE = {RunState.FAILED, RunState.CANCELLED}
"""Ends of a run that left all it had not done."""
SETS: tuple[AbstractSet[str], ...] = (
    LIVING_RUNS,
    CLAIMABLE_RUNS,
    OPEN_ACTIONS,
    IN_DOUBT,
    UNDONE,
    set(RunState),
    set(BatchState),
    set(ActionState),
    set(get_args(DeliveryState)),
)
OTHER_MEANINGS = {("page_guard.py", "none"), ("fault_rates.py", "applied"), ("invariants.py", "delete")}
"""Words that are compared and are no states: a header of browsers; in the simulation the name of a rate, and what the
sandbox calls an effect."""


def compared_strings(module: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every string that is compared with something, with its line."""
    for node in ast.walk(module):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            sides = [node.value]
        else:
            continue
        for side in sides:
            for part in side.elts if isinstance(side, (ast.Tuple, ast.List, ast.Set)) else [side]:
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.lineno, part.value


def test_no_state_or_kind_is_compared_as_a_string() -> None:
    found = []
    for root in ("libs/halosync", "libs/simulation", "services"):
        for path in sorted((ROOT / root).rglob("src/**/*.py")):
            for line, word in compared_strings(tree(path)):
                if word in WORDS and (path.name, word) not in OTHER_MEANINGS:
                    found.append(f"{path.relative_to(ROOT)}:{line} {word!r}")
    assert found == [], "compare with the enum of halosync.domain instead"


def test_the_search_finds_what_it_is_for() -> None:
    code = "a == 'done'\nif b in {'queued', x}: pass\nmatch c:\n    case 'write': pass\nd = 'done'\n"
    assert list(compared_strings(ast.parse(code))) == [(1, "done"), (2, "queued"), (4, "write")]


_QUOTED = re.compile(r"'(\w+)'")
_LIST = re.compile(r"\b(?:state|action_state)\s+IN\s*\(([^()]*)\)")


def statements() -> Iterator[tuple[str, str]]:
    """Yield each statement of the store with its name, and the schema."""
    for path in sorted(Path(halosync.store.__file__).parent.rglob("*.sql")):
        for statement in path.read_text("utf-8").split("-- name:"):
            yield f"{path.name}: {statement.split(chr(10), 1)[0].strip()}", statement


def test_every_list_of_states_in_sql_is_a_set_of_the_domain() -> None:
    lists = [
        (name, set(_QUOTED.findall(found)))
        for name, statement in statements()
        for found in _LIST.findall(statement)
        if WORDS & set(_QUOTED.findall(found))
    ]
    assert len(lists) > 10
    assert [(name, words) for name, words in lists if words not in SETS] == []


WORDS_OF: dict[str, tuple[Iterable[str], ...]] = {
    "action": (Action,),
    "action_state": (ActionState,),
    "cleanup": (Cleanup,),
    "invoices": (MonthInvoices,),
    "kind": (LineKind, BatchKind),
    "mode": (RunMode,),
    "on_drift": (OnDrift,),
    "outcome": (Outcome,),
    "price_field": (PriceField,),
    "reason": (Reason, MonthReason, CeilingReason),
    "removal": (Removal,),
    "role": (Role,),
    "state": (RunState, BatchState, get_args(DeliveryState), get_args(ConnectionState), get_args(LetterState)),
    "undone": (Undone,),
}
"""The words that a column can have. Several tables have a column of that name."""

_COLUMNS = "|".join(WORDS_OF)
_COMPARED = re.compile(rf"\b({_COLUMNS})\s*(?:=|<>|IS (?:NOT )?DISTINCT FROM)\s*'(\w+)'")
_LISTED = re.compile(rf"\b({_COLUMNS})\s+(?:NOT )?IN\s*\(([^()]*)\)")
_CHECKED = re.compile(rf"CHECK\s*\(({_COLUMNS}) IN \(([^()]*)\)\)")


def test_sql_compares_with_words_of_the_domain_only() -> None:
    found = [(name, column, word) for name, text in statements() for column, word in _COMPARED.findall(text)]
    for name, text in statements():
        found += [(name, column, word) for column, words in _LISTED.findall(text) for word in _QUOTED.findall(words)]
    assert len(found) > 200
    known = {column: {str(word) for words in of for word in words} for column, of in WORDS_OF.items()}
    assert [each for each in found if each[2] not in known[each[1]]] == []


def test_a_table_takes_the_words_of_an_enum_and_no_others() -> None:
    checks = [check for _, text in statements() for check in _CHECKED.findall(text)]
    assert {column for column, _ in checks} == set(WORDS_OF)
    lists = {column: [{str(word) for word in words} for words in of] for column, of in WORDS_OF.items()}
    assert [check for check in checks if set(_QUOTED.findall(check[1])) not in lists[check[0]]] == []


def test_messages_say_the_words_of_the_domain() -> None:
    said = RunFinished.model_fields["state"].annotation, LicenceActions.model_fields["kind"].annotation
    assert [set(get_args(words)) for words in said] == [set(RunState) - LIVING_RUNS, set(BatchKind)]


def test_counters_are_the_same_in_the_domain_and_in_messages() -> None:
    assert list(RunCounters.model_fields) == [field.name for field in fields(Counters)]
