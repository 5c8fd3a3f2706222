"""`halosync doctor`: everything that can be wrong with an installation, looked at once, with what to do."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum

import typer

from halosync.cli.connections import connected, database
from halosync.cli.output import Json, emit_json, say, show_table
from halosync.cli.settings import BrokerOrNone, DatabaseSettings
from halosync.cli.status import duration
from halosync.domain.listing import counted, ended
from halosync.messaging.connection import plain_channel
from halosync.messaging.declaring import MissingTopologyError, look_at_topology
from halosync.messaging.publisher import Publisher
from halosync.messaging.topology import QUEUES
from halosync.runtime.settings import DelaySettings, load
from halosync.runtime.unreachable import UnreachableError
from halosync.runtime.variables import unknown_names
from halosync.store.operations import OperationsStore
from halosync.store.partners import PartnerStore
from halosync.store.pool import Pool
from halosync.store.schema_fit import SchemaMisfitError, look_at_schema, wanted
from halosync.version import VERSION

CLOCK_TOLERANCE_S = 2.0
"""How far this machine's clock may be from that of Postgres, in seconds, the time of the answer on its way included."""

OLD_OUTBOX_S = 60.0
"""A message that waits for longer to be published is a sign: a relay comes every second."""


class Severity(StrEnum):
    """What a look found."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True)
class DoctorFinding:
    """What a look found: `says` is a sentence, `do` what to do about it, empty where nothing is to be done."""

    check: str
    verdict: Severity
    says: str
    do: str = ""


def doctor(*, as_json: Json = False) -> None:
    """Look at settings, servers, schema, rights, queues and runs, and say what to do. Exit code 1: something is wrong.

    It changes nothing. Without HALOSYNC_AMQP_URL the broker is not looked at.

    Example: halosync doctor
    """
    findings = asyncio.run(_look())
    if as_json:
        emit_json([asdict(finding) for finding in findings])
    else:
        rows = [(finding.check, finding.verdict, f"{finding.says} {finding.do}".strip()) for finding in findings]
        show_table(["check", "", "what it found"], rows, empty="")
        wrong = sum(finding.verdict is Severity.WRONG for finding in findings)
        say("Nothing is wrong." if not wrong else f"{wrong} of {len(findings)} are wrong.")
    if any(finding.verdict is Severity.WRONG for finding in findings):
        raise typer.Exit(1)


async def _look() -> Sequence[DoctorFinding]:
    found = [DoctorFinding("version", Severity.OK, f"halosync {VERSION}.")]
    found += [DoctorFinding("settings", Severity.WRONG, f"{sentence}.") for sentence in unknown_names()] or [
        DoctorFinding("settings", Severity.OK, "Every HALOSYNC_ variable is known.")
    ]
    found += await _postgres()
    found += await _rabbitmq()
    return found


async def _postgres() -> list[DoctorFinding]:
    url = str(load(DatabaseSettings).database_url)
    try:
        async with database(url) as pool:
            version = await pool.fetchval("SHOW server_version")
            found = [DoctorFinding("postgres", Severity.OK, f"Postgres {version} answers.")]
            try:
                await look_at_schema(pool, wanted())
            except SchemaMisfitError as error:
                return [*found, DoctorFinding("schema", Severity.WRONG, ended(_sentence(error)))]
            found.append(DoctorFinding("schema", Severity.OK, "The schema is that of this version, or a newer one."))
            return found + [finding async for finding in _rows(pool)]
    except UnreachableError as error:
        return [DoctorFinding("postgres", Severity.WRONG, ended(_sentence(error)))]


async def _rows(pool: Pool) -> AsyncIterator[DoctorFinding]:
    store = OperationsStore(pool)
    yield await _clock(store)
    figures = await store.figures()
    late = figures.outbox > 0 and figures.oldest_outbox_s > OLD_OUTBOX_S
    left = counted(figures.outbox, "message")
    waiting = f"{left} still to be published, the oldest for {duration(figures.oldest_outbox_s)}."
    yield _judged("outbox", waiting, "Is any service running, and does RabbitMQ take messages?", wrong=late)
    kept = f"{counted(figures.dead_letters, 'message')} could not be processed."
    yield _judged("dead letters", kept, "`halosync dead-letters list` says why.", wrong=figures.dead_letters > 0)
    stuck = await store.stuck_runs()
    for run in stuck:
        says = f"Run {run.run_id} of {run.partner_id} is {run.state}, and nobody works on it."
        yield DoctorFinding(
            "runs", Severity.WRONG, says, "Are planner and halo-writer running, and their queues consumed?"
        )
    if not stuck:
        yield DoctorFinding("runs", Severity.OK, f"{counted(figures.open_runs, 'open run')}, and none is stuck.")
    partners = await PartnerStore(pool).list()
    broken = [partner.partner_id for partner in partners if partner.connection == "broken"]
    says = f"{counted(len(broken), 'broken connection')} to Halo{': ' if broken else ''}{', '.join(broken)}."
    yield _judged(
        "connections", says, "`halosync connection show ID` says why.", wrong=bool(broken), verdict=Severity.NOTE
    )
    if figures.paused:
        yield DoctorFinding(
            "partners", Severity.NOTE, f"{counted(figures.paused, 'partner')} paused.", "See `halosync partner resume`."
        )
    invariants = await store.broken_invariants()
    if invariants is None:
        yield DoctorFinding("invariants", Severity.NOTE, "A planner is looking at them.", "Repeat it in a minute.")
        return
    for each in invariants:
        where = f" of {each.partner_id}" if each.partner_id else ""
        says = f"{each.invariant} does not hold for {each.subject}{where}: {each.detail}."
        yield DoctorFinding(
            "invariants", Severity.WRONG, says, "This is a defect of halosync: stop the writers, and tell us."
        )
    if not invariants:
        yield DoctorFinding("invariants", Severity.OK, "Everything that must always hold does.")


async def _clock(store: OperationsStore) -> DoctorFinding:
    before = datetime.now(UTC)
    there = await store.clock()
    after = datetime.now(UTC)
    ahead_s = (there - after).total_seconds() if there > after else min((there - before).total_seconds(), 0.0)
    says = f"The clock of Postgres is {abs(ahead_s):.1f} s {'ahead' if ahead_s > 0 else 'behind'}."
    if abs(ahead_s) <= CLOCK_TOLERANCE_S:
        return DoctorFinding("clock", Severity.OK, "The clock of Postgres agrees with this machine's.")
    return DoctorFinding(
        "clock", Severity.WRONG, says, "Set both by NTP: what tokens and pages say of time depends on it."
    )


async def _rabbitmq() -> list[DoctorFinding]:
    url = load(BrokerOrNone).amqp_url
    if url is None:
        return [DoctorFinding("rabbitmq", Severity.NOTE, "It was not looked at.", "Set HALOSYNC_AMQP_URL for that.")]
    try:
        async with connected(Publisher(url), url) as publisher:
            return [finding async for finding in _broker(publisher)]
    except UnreachableError as error:
        return [DoctorFinding("rabbitmq", Severity.WRONG, ended(_sentence(error)))]


async def _broker(publisher: Publisher) -> AsyncIterator[DoctorFinding]:
    yield DoctorFinding("rabbitmq", Severity.OK, "RabbitMQ answers.")
    if not publisher.signed_in.alone:
        says = f"The user {publisher.signed_in.user} is used by all services: none is limited to its own rights."
        do = "For real partners run `halosync migrate` with HALOSYNC_ADMIN_DATABASE_URL and HALOSYNC_ADMIN_AMQP_URL."
        yield DoctorFinding("rights", Severity.NOTE, says, do)
    else:
        yield DoctorFinding("rights", Severity.OK, "Each service has a user of its own.")
    channel = await plain_channel(publisher.broker)
    try:
        await look_at_topology(channel, load(DelaySettings).tiers_s)
    except MissingTopologyError as error:
        yield DoctorFinding("topology", Severity.WRONG, ended(_sentence(error)))
        return
    finally:
        if not channel.is_closed:
            await channel.close()
    yield DoctorFinding("topology", Severity.OK, "Every exchange and queue is there.")
    async for finding in _consumers(publisher):
        yield finding


async def _consumers(publisher: Publisher) -> AsyncIterator[DoctorFinding]:
    channel = await plain_channel(publisher.broker)
    try:
        idle: dict[str, list[str]] = {}
        for queue in QUEUES:
            declared = await channel.queue_declare(queue=queue.name, passive=True)
            if not declared.consumer_count:
                idle.setdefault(queue.worker, []).append(queue.name)
    finally:
        if not channel.is_closed:
            await channel.close()
    for worker, names in idle.items():
        yield DoctorFinding(
            "consumers", Severity.WRONG, f"Nobody takes messages from {', '.join(names)}.", f"Start {worker}."
        )
    if not idle:
        yield DoctorFinding("consumers", Severity.OK, "Every queue has a consumer.")


def _judged(check: str, says: str, do: str, *, wrong: bool, verdict: Severity = Severity.WRONG) -> DoctorFinding:
    return DoctorFinding(check, verdict if wrong else Severity.OK, says, do if wrong else "")


def _sentence(error: Exception | str) -> str:
    text = str(error)
    return text[:1].upper() + text[1:].rstrip(".")
