"""What an operator does to a composition that works: restart, upgrade, new passwords, restore."""

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from trial.engine import MANAGEMENT, SERVICES, Engine, call, until
from trial.partners import LINES, Load

NEXT = """FROM halosync:try
USER root
RUN cd /opt/halosync/lib/python3.*/site-packages \\
    && echo "ALTER TABLE partner ADD COLUMN of_the_next_version text;" > halosync/store/migrations/0002_next.sql \\
    && sed -i 's/^Version: .*/Version: 99.0.0/' halosync-*.dist-info/METADATA
USER halosync
"""


class Changes:
    """Each is made in the middle of runs, if it is one that should not disturb them."""

    def __init__(self, engine: Engine, load: Load, newcomer: Load) -> None:
        self.engine = engine
        self.load = load
        self.newcomer = newcomer
        self.open_then = ""

    def failed_migration(self) -> None:
        """Upgrade with a migration that fails: nobody was replaced, and the API answers."""
        before = self.engine.ids(*SERVICES)
        wrong = self.engine.folder / "wrong.yml"
        wrong.write_text('services:\n  migrate: { command: ["sh", "-c", "exit 3"] }\n')
        self.engine.script("upgrade", extra=(wrong,), fails=True)
        assert self.engine.ids(*SERVICES) == before
        self.load.partners[0].ask("GET", "runs")

    def rolling_restart(self) -> None:
        """Of each service one replica after the other, the services at the same time."""
        before = self.redelivered()  # of kills before; its statistics have had the step between to become true
        with self.load.runs(11), ThreadPoolExecutor() as several:
            list(several.map(self._roll, SERVICES))
        with ThreadPoolExecutor() as beside:
            beside.submit(time.sleep, 6)  # RabbitMQ's statistics are five seconds old
            beside.submit(self._make_the_next_version).result()
        assert self.redelivered() == before
        assert self.engine.halosync("dead-letters", "list") == []

    def _roll(self, service: str) -> None:
        for container in self.engine.ids(service):
            self.engine.docker("restart", "--time", "40", container)
            until(f"{service} is well", partial(self._well, container))

    def redelivered(self) -> int:
        """How many deliveries were repeated, by RabbitMQ's own count of some seconds ago."""
        password = (self.engine.folder / "secrets" / "rabbitmq_password").read_text().strip()
        signed = "Basic " + base64.b64encode(f"halosync:{password}".encode()).decode()
        queues = call("GET", f"{MANAGEMENT}/api/queues/%2F", key=signed)
        return sum(queue.get("message_stats", {}).get("redeliver", 0) for queue in queues)

    def _well(self, container: str) -> bool:
        told = self.engine.docker("inspect", "--format", "{{.State.Health.Status}}", container)
        return told.strip() == "healthy"

    def _make_the_next_version(self) -> None:
        """An image with another version, and a table's change."""
        self.engine.docker("build", "--quiet", "--tag", "halosync:try-next", "-", said=NEXT.encode())
        self.engine.docker("tag", "halosync-sandbox:try", "halosync-sandbox:try-next")

    def upgraded(self) -> None:
        """First half of the processes, then deploy/upgrade."""
        before, servers = self.engine.ids(*SERVICES), self.engine.ids("postgres", "rabbitmq")
        with self.load.runs(7):
            self.engine.set(IMAGE_TAG="try-next")
            self.engine.compose("run", "--rm", "-T", "--no-deps", "migrate")
            self.engine.compose("up", "-d", "--no-deps", "planner")
            self.engine.compose("up", "-d", "--no-deps", "--scale", "halo-writer=3", "--no-recreate", "halo-writer")
            until("both versions work", lambda: self.versions() == {"0.1.0", "99.0.0"})
        with self.load.runs(6):  # taken in and planned by both
            self.engine.script("upgrade")
            self.engine.well(13)
        assert not set(self.engine.ids(*SERVICES)) & set(before)
        assert self.engine.ids("postgres", "rabbitmq") == servers
        assert self.versions() == {"99.0.0"}, self.versions()

    def and_back(self) -> None:
        """The old images again, on the schema of the next version."""
        self.engine.set(IMAGE_TAG="try")
        with self.load.runs(10):
            self.engine.script("upgrade")
            self.engine.well(13)
        assert self.versions() == {"0.1.0"}, self.versions()

    def versions(self) -> set[str]:
        """The versions of the processes that run."""
        ask = (
            "import json, urllib.request as u; print(json.load(u.urlopen('http://127.0.0.1:9000/healthz'))['version'])"
        )
        asked = [("exec", each, "python", "-ISc", ask) for each in self.engine.ids(*SERVICES)]
        with ThreadPoolExecutor() as several:
            return {told.strip() for told in several.map(lambda words: self.engine.docker(*words), asked)}

    def passwords(self) -> None:
        """The administrators' and the services', as docs/operations.md says."""
        secrets = self.engine.folder / "secrets"
        old = {path: path.read_text() for path in secrets.glob("*_password") if path.read_text()}
        self.engine.script("passwords", SECRETS_FOLDER=str(secrets))
        kept = {path.name for path, text in old.items() if path.read_text() == text}
        assert kept == {"grafana_password"}, kept
        self.engine.well(13)
        self.load.sync(13)

    def restored(self) -> None:
        """Back to the middle of a run that creates licences, while Halo has them all."""
        ask = ("exec", "-T", "-u", "postgres", "postgres", "psql", "-qAtU", "halosync", "-d", "halosync", "-c")
        (partner,) = self.newcomer.partners
        with self.newcomer.runs(3) as (run_id,):
            until("some are there", lambda: 3 <= partner.run(run_id)["counters"]["created"] < LINES)
            moment = self.engine.compose(*ask, "SELECT clock_timestamp()").strip()
        self.open_then = run_id
        self.engine.compose(*ask, "SELECT pg_switch_wal()")
        self.engine.script("restore", moment, WINDOW_S="0")
        self.engine.well(13)
        self.load.sync(15)

    def ended_after_restore(self) -> None:
        """What was in flight at that moment has been looked up, whatever was restarted meanwhile."""
        (partner,) = self.newcomer.partners
        assert partner.ended(self.open_then) == "cancelled"
        assert partner.ended(partner.start()) == "succeeded"
        partner.holds(3)
        self.engine.halosync("doctor")  # fails if anything is wrong
