"""Has the database refuse every transition that is not in the domain's tables."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from halosync.domain.states import ACTION_TRANSITIONS, BATCH_TRANSITIONS, RUN_TRANSITIONS
from halosync.store.pool import Pool

_TABLES: Mapping[tuple[str, str], Mapping[Any, frozenset[str]]] = {
    ("run", "state"): RUN_TRANSITIONS,
    ("batch", "state"): BATCH_TRANSITIONS,
    ("item", "action_state"): ACTION_TRANSITIONS,
}


def _trigger(table: str, column: str, allowed: Mapping[object, frozenset[str]]) -> str:
    ways = ", ".join(f"'{state} → {following}'" for state in allowed for following in sorted(allowed[state]))
    return f"""CREATE TRIGGER watched BEFORE UPDATE ON {table} FOR EACH ROW
        WHEN (OLD.{column} <> NEW.{column} AND OLD.{column} || ' → ' || NEW.{column} NOT IN ({ways}))
        EXECUTE FUNCTION refuse_transition()"""


@asynccontextmanager
async def only_allowed_transitions(pool: Pool) -> AsyncIterator[None]:
    """Watch runs, batches and actions of this database as long as the context lasts."""
    create = """CREATE FUNCTION refuse_transition() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'the domain forbids this transition of %: % to %', TG_TABLE_NAME, OLD, NEW; END $$"""
    await pool.execute(";".join([create, *(_trigger(*place, allowed) for place, allowed in _TABLES.items())]))
    yield
    await pool.execute("DROP FUNCTION refuse_transition() CASCADE")
