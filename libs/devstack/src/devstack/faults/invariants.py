"""What holds whatever happens, seen from outside: in Halo's own history and in the rows."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from devstack.errors import NotReadyError
from devstack.faults.case import Case, as_sent
from devstack.faults.fault_stack import PATIENCE_S, RATE_REQUESTS, RATE_WINDOW_S
from devstack.faults.trial import Trial
from devstack.faults.workload import Key, State, plain
from devstack.fields import Fields
from devstack.wait import until

_FINAL = ("none", "applied", "rejected", "withdrawn")
_UNSURE, _NOT_KEPT = "outcome_unknown", "not_kept"
_COUNTED = ("total", "synced", "skipped", "held", "failed", "pending", "created", "updated", "deleted", "unchanged")
_SHOWN = 5

_COUNTERS = """SELECT count(*) AS total, count(*) FILTER (WHERE outcome = 'synced') AS synced,
count(*) FILTER (WHERE outcome = 'skipped') AS skipped, count(*) FILTER (WHERE outcome = 'held') AS held,
count(*) FILTER (WHERE outcome = 'failed') AS failed, count(*) FILTER (WHERE outcome = 'pending') AS pending,
count(*) FILTER (WHERE outcome = 'synced' AND action = 'create') AS created,
count(*) FILTER (WHERE outcome = 'synced' AND action = 'update') AS updated,
count(*) FILTER (WHERE outcome = 'synced' AND action = 'delete') AS deleted,
count(*) FILTER (WHERE outcome = 'synced' AND action = 'unchanged') AS unchanged
FROM item WHERE run_id = $1"""

_ITEMS = """SELECT halo_client_id, licence_name, action, outcome, reason, action_state FROM item
WHERE run_id = $1 ORDER BY seq"""


async def active_licences(trial: Trial) -> dict[Key, State]:
    """Return the active licences that Halo holds now."""
    rows = [row for row in await trial.fault_stack.halo.licences(trial.name) if row["is_active"]]
    return {(row["client_id"], plain(row["name"])): (row["count"], row["price"], row["billing_cycle"]) for row in rows}


async def after_run(trial: Trial, case: Case, run: Fields) -> list[str]:
    """Return what is wrong after the run that the fault struck: how it ended, its items, and Halo against the plan."""
    wrong = []
    if (run["state"], run["error_code"]) != (case.ends, case.error):
        wrong.append(f"the run ended {run['state']} ({run['error_code']}: {run['error']}), not {case.ends}")
    items = await trial.fetch(_ITEMS, run["run_id"])
    failed = {_key(item) for item in items if item["outcome"] == "failed"}
    expected = case.fails(trial.workload)
    if not failed <= expected or (case.must_fail and failed != expected):
        why = Counter(item["reason"] for item in items if item["outcome"] == "failed")
        wrong.append(f"{len(failed)} items failed, {len(expected)} were to: {_some(failed ^ expected)} {dict(why)}")
    if unfinished := [_key(item) for item in items if item["action_state"] not in _FINAL]:
        wrong.append(f"{len(unfinished)} actions are not final: {_some(unfinished)}")
    if open_batches := await trial.fetch("SELECT FROM batch WHERE run_id = $1 AND state <> 'done'", run["run_id"]):
        wrong.append(f"{len(open_batches)} batches are open")
    wrong += await counters(trial, run)
    wrong += differences(trial, await active_licences(trial), items, case.keeps)
    return wrong


def differences(
    trial: Trial,
    now: Mapping[Key, State],
    items: Sequence[Fields],
    keeps: Callable[[State, State | None], State] = as_sent,
) -> list[str]:
    """Return where Halo is not what the plan and the outcomes of its items say; without a plan nothing has changed.

    `keeps` is what this Halo makes of a state that it is sent, and of the one of before.
    """
    before, wanted = trial.before, trial.wanted
    outcomes = {_key(item): item for item in items}
    wrong = []
    for key in before.keys() | wanted.keys() | now.keys():
        item = outcomes.get(key)
        allowed = {before.get(key)}
        if item is not None and item["outcome"] == "synced":
            allowed = {wanted.get(key)}
        elif item is not None and item["reason"] == _UNSURE:
            allowed = {before.get(key), wanted.get(key)}
        elif item is not None and item["reason"] == _NOT_KEPT:
            allowed = {keeps(wanted[key], before.get(key))}
        if now.get(key) not in allowed:
            wrong.append(f"{key}: {now.get(key)} instead of {allowed} ({item and item['outcome']})")
    return [f"Halo differs from the plan in {len(wrong)} licences: {_some(wrong)}"] if wrong else []


async def counters(trial: Trial, run: Fields) -> list[str]:
    """Return where the run's counters are not those of its rows."""
    [rows] = await trial.fetch(_COUNTERS, run["run_id"])
    off = [f"{name} {run[name]} of {rows[name]}" for name in _COUNTED if run[name] != rows[name]]
    return [f"counters differ from the rows: {_some(off)}"] if off else []


async def history(trial: Trial) -> list[str]:
    """Return what ever was wrong in Halo.

    Twins at any moment, a licence that was made more than once, or one that went although a recurring invoice bills it
    (halo-api section 5).
    """
    wrong = []
    lines = await trial.fault_stack.halo.recurring_lines(trial.name)
    if unbilled := [line["licence_id"] for line in lines if line["billed"] is None]:
        wrong.append(f"recurring invoices bill {len(unbilled)} licences no more: {_some(unbilled)}")
    if twins := await trial.fault_stack.halo.duplicates(trial.name):
        names = [(twin["client_id"], twin["name"], twin["ids"]) for twin in twins]
        wrong.append(f"Halo had {len(twins)} licences twice: {_some(names)}")
    effects = [effect for effect in await trial.fault_stack.halo.history(trial.name) if effect["request"] is not None]
    made = Counter((e["after"]["client_id"], plain(e["after"]["name"])) for e in effects if e["effect"] == "create")
    if again := [key for key, times in made.items() if times > 1]:
        wrong.append(f"made more than once: {_some(again)}")
    asked = trial.workload.wanted.keys() - trial.workload.before.keys()
    if unasked := made.keys() - asked - (trial.wanted.keys() - trial.before.keys()):
        wrong.append(f"made, and nobody asked for it: {_some(unasked)}")
    return wrong


async def requests(trial: Trial) -> list[str]:
    """Return every window that held more requests than the limit, and every 429 that no fault explains."""
    log = await trial.requests()
    times = sorted(entry["monotonic"] for entry in log)
    most = max((sum(start <= at < start + RATE_WINDOW_S for at in times) for start in times), default=0)
    wrong = [f"{most} requests within {RATE_WINDOW_S:g} s"] if most > RATE_REQUESTS else []
    if refused := [entry["n"] for entry in log if entry["status"] == 429 and entry["fault"] is None]:
        wrong.append(f"{len(refused)} requests were refused as too many: {_some(refused)}")
    return wrong


async def dead_letters(trial: Trial) -> list[str]:
    """Return what of the poison is not among the dead letters, and what is there that is no poison of anybody."""
    letters: list[Fields] = []

    async def kept() -> bool:
        letters[:] = await trial.fetch("SELECT queue, body, reason FROM dead_letter WHERE state = 'kept'")
        return {(body, queue) for body, queue in trial.poison.items()} <= {
            (bytes(x["body"]), x["queue"]) for x in letters
        }

    with suppress(NotReadyError):  # what is missing is told below
        await until(kept, what="keeping the poison", timeout_s=PATIENCE_S / 4, every_s=0.5)
    found = {(bytes(letter["body"]), letter["queue"]) for letter in letters}
    wrong = [
        f"no dead letter of {queue}: {body!r}" for body, queue in trial.poison.items() if (body, queue) not in found
    ]
    others = [name for name in trial.fault_stack.partners if name != trial.name]
    for letter in letters:
        body = bytes(letter["body"])
        if body not in trial.fault_stack.poison and not any(other.encode() in body for other in others):
            wrong.append(f"a dead letter that is no poison, of {letter['queue']}: {letter['reason']} {body!r}")
    return wrong


async def faults_met(trial: Trial) -> list[str]:
    """Return the faults that no request met: their case has tested nothing."""
    faults = await trial.fault_stack.halo.faults(trial.name)
    return [f"no request met the fault {fault['match']} {fault['action']}" for fault in faults if not fault["hits"]]


async def second_sync(trial: Trial, case: Case, first: Fields) -> list[str]:
    """Press Sync again: it does what is still to be done, and where nothing is left to do it changes nothing."""
    before, held = await trial.requests(), await active_licences(trial)
    await trial.start(**case.again)
    run = await trial.until_ended()
    wrong = [f"the second Sync ended {run['state']}: {run['error']}"] if run["state"] != case.again_ends else []
    wrong += await counters(trial, run)
    wanted = trial.wanted if case.again_ends == "succeeded" else held
    if (now := await active_licences(trial)) != wanted:
        off = [key for key in now.keys() | wanted.keys() if now.get(key) != wanted.get(key)]
        wrong.append(f"after the second Sync Halo is not as it is to be in {len(off)} licences: {_some(off)}")
    writes = [entry for entry in (await trial.requests())[len(before) :] if entry["method"] != "GET"]
    if writes and (first["state"] == "succeeded" or case.again_ends != "succeeded"):
        wrong.append(f"the second Sync wrote {len(writes)} times, where nothing was left to do")
    return wrong


def _key(item: Fields) -> Key:
    return (item["halo_client_id"], plain(item["licence_name"]))


def _some(things: Any) -> str:
    shown = [str(thing) for thing in things]
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more
