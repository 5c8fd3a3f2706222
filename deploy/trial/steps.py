"""What is tried, in order; each step leaves the composition well."""

import json
import urllib.parse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from trial.changes import Changes
from trial.engine import CERTIFICATE, PROJECT, PROMETHEUS, ROOT, SERVICES, Engine, call, until
from trial.partners import Load, Partner

# A report-api whose loop is held up: it takes no work from a queue, so nobody waits for it.
HANGS = """
import signal, time
from report_api.composition import main
def hang(*_):
    time.sleep(600)
signal.signal(signal.SIGALRM, hang)
signal.alarm(15)
main()
"""


class Steps:
    """The steps; `all` names them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.load = Load(engine, [Partner(0), Partner(1)])
        self.newcomer = Load(engine, [Partner(2)])
        self.changes = Changes(engine, self.load, self.newcomer)

    def all(self) -> dict[str, Callable[[], None]]:
        """What is tried."""
        return {
            "it comes up, migrates, and all of it is well": self.comes_up,
            "the image has no pip, no sandbox, and not above 120 MB of ours, compressed": self.image,
            "containers are confined": self.confined,
            "the four services hold less than 240 MB together": self.memory,
            "partners connect to the sandbox's tenants through the proxy": self.connect,
            "invoices, published by TLS, become licences exactly once": lambda: self.load.sync(5),
            "two writers, planners and report-apis; one of each is killed in the middle of runs": self.killed,
            "a migration that fails leaves the old processes running": self.changes.failed_migration,
            "in the middle of runs all services restart, one after the other: nothing is delivered twice": (
                self.changes.rolling_restart
            ),
            "an upgrade in the middle of runs: beside each other, then the new ones alone": self.changes.upgraded,
            "and back again": self.changes.and_back,
            "the database is restored to the middle of a run": self.changes.restored,
            "every password is another one": self.changes.passwords,
            "everything restarts at once, the sandbox with what it holds": self.restarted,
            "the run of that moment ends, and the next one writes nothing twice": self.changes.ended_after_restore,
            "the process that hung was started again": self.hung,
            "Prometheus hears of every service": lambda: until("targets", lambda: self.targets() == set(SERVICES)),
        }

    def comes_up(self) -> None:
        """From nothing."""
        self.engine.compose("up", "-d")
        self.engine.env["IMAGE_PULL_POLICY"] = "never"  # it is built; what changes from here on is changed here
        self.engine.well(10)
        CERTIFICATE.write_text(self.engine.compose("exec", "-T", "proxy", "cat", "/tls/certificate.pem"))
        self.engine.script("backup")
        self.engine.operate()

    def image(self) -> None:
        """What is in the image, and how much of it is ours."""
        modules = (
            "import importlib.util as u; print([n for n in ('pip', 'setuptools', 'halo_sandbox') if u.find_spec(n)])"
        )
        size = "tar -C /opt/halosync -c . | gzip -1 | wc -c"
        told = self.engine.operator("sh", "-c", f'python -c "{modules}"; command -v pip gcc cc || true; {size}').split()
        assert told[:-1] == ["[]"], told
        print(f"     ({int(told[-1]) / 1e6:.0f} MB)", flush=True)
        assert int(told[-1]) < 120e6, told

    def confined(self) -> None:
        """Roots cannot be written, and nobody has a capability that is not named in the file."""
        check = "if touch /written 2>/dev/null; then echo written; fi; grep CapEff /proc/1/status"
        for container in self.engine.ids(*SERVICES, "proxy", "postgres", "rabbitmq"):
            told = self.engine.docker("exec", container, "sh", "-c", check).split()
            assert told[0] == "CapEff:", f"{container}: {told}"
            assert int(told[1], 16) == 0, f"{container}: {told}"

    def memory(self) -> None:
        """What each of the four processes has of memory, shared pages by share."""
        held = {}
        for service in SERVICES:
            told = self.engine.docker("exec", *self.engine.ids(service), "cat", "/proc/1/smaps_rollup")
            held[service] = next(int(line.split()[1]) / 1024 for line in told.splitlines() if line.startswith("Pss:"))
        print(
            f"     ({', '.join(f'{name} {held[name]:.0f}' for name in held)}: {sum(held.values()):.0f} MB)", flush=True
        )
        assert sum(held.values()) < 240, held

    def connect(self) -> None:
        """Partners, their keys, and their Halo; and somebody hangs from now on."""
        with ThreadPoolExecutor() as several:
            list(several.map(lambda each: each.connect(self.engine), (*self.load.partners, *self.newcomer.partners)))
        hangs = self.engine.folder / "hangs.yml"
        program = json.dumps(HANGS)
        hangs.write_text(
            "services:\n  hangs:\n    extends: { file: "
            + str(ROOT / "docker-compose.yml")
            + ", service: report-api }\n"
            f'    command: ["python", "-c", {program}]\n    deploy: {{ replicas: 1 }}\n'
        )
        self.engine.compose("up", "-d", "--no-deps", "hangs", extra=(hangs,))

    def killed(self) -> None:
        """Kill one of each while a slow Halo is written to; the engine starts them again."""
        self.engine.set(HALO_WRITER_REPLICAS="2", REPORT_API_REPLICAS="2", PLANNER_REPLICAS="2")
        self.engine.compose("up", "-d", "--no-recreate")
        self.engine.well(13)
        with self.load.runs(9), ThreadPoolExecutor() as several:
            list(several.map(self._kill, SERVICES))
        self.engine.well(13)

    def _kill(self, service: str) -> None:
        container = self.engine.ids(service)[0]
        self.engine.docker("kill", container)
        self.engine.docker("start", container)

    def restarted(self) -> None:
        """Everything restarts, in no order."""
        self.engine.at_once("restart", "--time", "60", containers=self.engine.ids())
        self.engine.well(13)
        for partner in self.load.partners:
            partner.holds(self.load.quantity)

    def hung(self) -> None:
        """A watchdog ended it after a minute, and the engine started it again."""
        count = ("inspect", "--format", "{{.RestartCount}}", f"{PROJECT}-hangs-1")
        until("it was started again", lambda: int(self.engine.docker(*count)) > 0)

    def targets(self) -> set[str]:
        """The services of which Prometheus has heard in its last round."""
        query = urllib.parse.urlencode({"query": "halosync_build_info"})
        found = call("GET", f"{PROMETHEUS}/api/v1/query?{query}")["data"]["result"]
        return {each["metric"]["service"] for each in found}
