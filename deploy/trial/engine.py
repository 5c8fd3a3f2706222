"""The composition under a name of its own, and how to ask it."""

import contextlib
import json
import os
import ssl
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "halosync-try"
OPERATOR = f"{PROJECT}-operator"
PORTS = {
    "HTTPS_PORT": "18443",
    "AMQPS_PORT": "18671",
    "RABBITMQ_PORT": "18672",
    "SANDBOX_PORT": "18899",
    "PROMETHEUS_PORT": "18090",
    "GRAFANA_PORT": "18300",
}
URL = f"https://127.0.0.1:{PORTS['HTTPS_PORT']}"
SANDBOX = f"http://127.0.0.1:{PORTS['SANDBOX_PORT']}"
PROMETHEUS = f"http://127.0.0.1:{PORTS['PROMETHEUS_PORT']}"
MANAGEMENT = f"http://127.0.0.1:{PORTS['RABBITMQ_PORT']}"
SERVICES = ("auth", "planner", "halo-writer", "report-api")
PROFILES = ("--profile", "sandbox", "--profile", "monitoring")
STARTED = time.monotonic()
CERTIFICATE = Path(tempfile.gettempdir()) / f"halosync-try-{os.getpid()}.pem"


class Container(NamedTuple):
    """A container that runs; `status` says for how long, and whether it is well."""

    name: str
    service: str
    status: str


class Engine:
    """What Docker does with the composition."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = {
            "HALOSYNC_PUBLIC_URL": URL,
            "HALOSYNC_HALO_URL_TEMPLATE": "http://sandbox:8899/{tenant}",
            "HALOSYNC_HALO_RATE_REQUESTS": "5000",
            # Small ones, so that there is a middle of a run.
            "HALOSYNC_HALO_BATCH_SIZE": "3",
            "HALOSYNC_HALO_BATCH_SIZE_MAX": "3",
            # The sandbox takes at most a second for each row, and is done with a request that nobody waits for. What a
            # writer had sent as it was killed is looked at once both are over.
            "HALOSYNC_HALO_TIMEOUT_S": "8",
            "HALOSYNC_HALO_SETTLE_S": "3",
            # What waits for a part that is just restarted is tried again soon.
            "HALOSYNC_RETRY_DELAYS_S": "1,3,10",
            "SECRETS_FOLDER": str(folder / "secrets"),
            "PROXY_NETWORK": "172.31.249.0/24",
            "IMAGE_TAG": "try",
            "BUILD_NETWORK": os.environ.get("BUILD_NETWORK", "default"),
            "POSTGRES_ARCHIVE": "on",
            **PORTS,
            **{name: os.environ[name] for name in os.environ if name.endswith("_IMAGE")},
        }
        self.env_file = folder / "env"
        self.set()
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("HALOSYNC_")}

    def set(self, **changed: str) -> None:
        """Change .env."""
        self.settings |= changed
        self.env_file.write_text("".join(f"{name}={value}\n" for name, value in self.settings.items()))

    def command(self, *extra: Path) -> list[str]:
        """`docker compose` with everything that it has to be told; `extra` are more files."""
        files = [word for file in (ROOT / "docker-compose.yml", *extra) for word in ("-f", str(file))]
        return ["docker", "compose", "-p", PROJECT, "--env-file", str(self.env_file), *files, *PROFILES]

    def compose(self, *words: str, said: bytes | None = None, extra: tuple[Path, ...] = ()) -> str:
        """Run `docker compose` in the project; return what it wrote to its standard output."""
        return self._run([*self.command(*extra), *words], said=said)

    def docker(self, *words: str, said: bytes | None = None) -> str:
        """Run `docker`."""
        return self._run(["docker", *words], said=said)

    def script(self, name: str, *words: str, extra: tuple[Path, ...] = (), fails: bool = False, **env: str) -> str:
        """Run one of the scripts beside this folder."""
        told = env | {"COMPOSE": " ".join(self.command(*extra))}
        return self._run([str(ROOT / "deploy" / name), *words], fails=fails, **told)

    def _run(self, command: list[str], *, said: bytes | None = None, fails: bool = False, **env: str) -> str:
        given = {"input": said} if said is not None else {"stdin": subprocess.DEVNULL}
        done = subprocess.run(
            command, env=self.env | env, cwd=ROOT, capture_output=True, check=False, timeout=900, **given
        )
        if fails != (done.returncode != 0):
            raise AssertionError(f"{command}: {done.returncode}\n{done.stdout.decode()}{done.stderr.decode()}")
        return done.stdout.decode()

    def operate(self) -> None:
        """Start a container with the operator's settings: commands and invoices go out from there."""
        mounts = ("-v", f"{PROJECT}_rabbitmq-tls:/etc/rabbitmq-tls:ro")
        words = ("run", "-d", "--no-deps", "--name", OPERATOR, *mounts, "migrate", "sleep", "infinity")
        self.compose(*words)

    def operator(self, *words: str, said: bytes = b"") -> str:
        """Run something with the operator's settings."""
        return self.docker("exec", "-i", OPERATOR, *words, said=said)

    def halosync(self, *words: str) -> Any:
        """Run the operator's command."""
        return json.loads(self.operator("halosync", *words, "--json"))

    def remove(self) -> None:
        """Take away all of the composition, and what it keeps."""
        of_ours = ("ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={PROJECT}")
        self.at_once("rm", "--force", containers=self.docker(*of_ours).split())
        self.compose("down", "--volumes", "--remove-orphans")

    def at_once(self, *words: str, containers: Sequence[str]) -> None:
        """Run `docker` for each of these containers, for all at the same time."""
        with ThreadPoolExecutor() as several:
            list(several.map(lambda each: self.docker(*words, each), containers))

    def containers(self) -> list[Container]:
        """What runs. `docker compose ps` would say it too, for ten times the work."""
        labels = [f"com.docker.compose.{which}" for which in (f"project={PROJECT}", "oneoff=False")]
        told = '{{.ID}}\t{{.Label "com.docker.compose.service"}}\t{{.Status}}'
        found = self.docker(
            "ps", *(word for each in labels for word in ("--filter", f"label={each}")), "--format", told
        )
        every = [Container(*line.split("\t")) for line in found.splitlines()]
        return [each for each in every if each.service != "hangs"]

    def ids(self, *services: str) -> list[str]:
        """The ids of the containers that run for these services; of all without any."""
        return sorted(each.name for each in self.containers() if not services or each.service in services)

    def healthy(self, how_many: int) -> bool:
        """Whether so many containers run, all of them well."""
        found = self.containers()
        return len(found) == how_many and all("(healthy)" in each.status for each in found)

    def well(self, how_many: int) -> None:
        """Wait until so many containers run, all of them well."""
        until(f"{how_many} containers are healthy", lambda: self.healthy(how_many), all_of_them=self.containers)


def call(method: str, url: str, body: Any = None, key: str | None = None) -> Any:
    """Ask, and return the answer's JSON."""
    request = urllib.request.Request(url, method=method, data=None if body is None else json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    if key is not None:
        request.add_header("Authorization", key if " " in key else f"Bearer {key}")
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE)) if url.startswith("https") else None
    with urllib.request.urlopen(request, timeout=30, context=trusting) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def until(
    what: str, true: Callable[[], Any], seconds: float = 240, all_of_them: Callable[[], Any] | None = None
) -> Any:
    """Wait until something is true."""
    end, last = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            if found := true():
                return found
        except (OSError, KeyError, AssertionError) as error:
            last = error
        time.sleep(0.5)
    raise AssertionError(f"{what}: not within {seconds:g} s; {last or ''} {all_of_them() if all_of_them else ''}")


class Clock:
    """How long each step took."""

    def __init__(self) -> None:
        self._took: dict[str, float] = {}

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Tell what is tried, and how long it took."""
        began = time.monotonic()
        yield
        self._took[name] = time.monotonic() - began
        print(f"ok {time.monotonic() - STARTED:6.1f} s (+{self._took[name]:.1f})  {name}", flush=True)

    def summary(self) -> str:
        """A line for each step, the longest first."""
        longest_first = sorted(self._took.items(), key=lambda each: -each[1])
        return "".join(f"{seconds:6.1f} s  {name}\n" for name, seconds in longest_first)
