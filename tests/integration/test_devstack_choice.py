"""Where RabbitMQ comes from: every way, with a machine that has what the test says."""

from pathlib import Path

import pytest
from devstack import rabbitmq as rabbitmq_module
from devstack.debian import install_rabbitmq
from devstack.errors import CommandFailedError, NotInstalledError
from devstack.rabbitmq import rabbitmq
from devstack.rabbitmq_choice import Machine, Source, find_rabbitmq
from devstack.rabbitmq_container import RabbitContainer
from devstack.state import StateFolder

URL = "amqp://guest:guest@127.0.0.1:5672/%2F"


def machine(*, scripts: Path | None = None, docker: bool = False, packages: bool = False) -> Machine:
    return Machine(scripts=lambda: scripts, docker_answers=lambda: docker, may_install_packages=lambda: packages)


@pytest.mark.parametrize(
    ("url", "having", "source"),
    [
        (URL, machine(scripts=Path("/scripts"), docker=True, packages=True), Source.GIVEN),
        (None, machine(scripts=Path("/scripts"), docker=True, packages=True), Source.INSTALLED),
        (None, machine(docker=True, packages=True), Source.CONTAINER),
        (None, machine(packages=True), Source.DEBIAN_PACKAGE),
    ],
)
def test_the_best_way_there_is_is_taken(url: str | None, having: Machine, source: Source) -> None:
    assert find_rabbitmq(url, having) is source


def test_without_any_way_the_error_says_what_to_do() -> None:
    with pytest.raises(NotInstalledError) as raised:
        find_rabbitmq(None, machine())
    for hint in ("apt-get install rabbitmq-server", "Docker", "HALOSYNC_DEVSTACK_AMQP_URL=amqp://"):
        assert hint in str(raised.value)


async def test_the_given_url_is_used_without_a_look_at_the_machine() -> None:
    async with rabbitmq(URL, machine=machine()) as server:
        assert server.url == URL


async def test_the_container_is_closed_when_the_body_raises(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[str] = []

    class Container:
        url = URL
        management = None

        async def start(self) -> None:
            calls.append("start")

        async def close(self) -> None:
            calls.append("close")

    async def fail_while_it_runs() -> None:
        async with rabbitmq(None, state=StateFolder(tmp_path), machine=machine(docker=True)):
            raise ZeroDivisionError

    monkeypatch.setattr(rabbitmq_module, "RabbitContainer", Container)
    with pytest.raises(ZeroDivisionError):
        await fail_while_it_runs()
    assert calls == ["start", "close"]


async def test_the_package_is_installed_and_then_used(monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[Path] = []

    async def install() -> None:
        installed.append(Path("/scripts"))

    class Node:
        url = URL
        management = None

        def __init__(self, scripts: Path, _state: object) -> None:
            assert scripts == Path("/scripts")

        async def start(self) -> None: ...

        async def close(self) -> None: ...

    monkeypatch.setattr(rabbitmq_module, "install_rabbitmq", install)
    monkeypatch.setattr(rabbitmq_module, "RabbitNode", Node)
    bare = Machine(lambda: installed[0] if installed else None, lambda: False, lambda: True)
    async with rabbitmq(None, machine=bare) as server:
        assert server.url == URL


@pytest.mark.parametrize("fails", [False, True])
async def test_an_installation_starts_no_service(tmp_path: Path, fails: bool) -> None:
    policy = tmp_path / "policy-rc.d"
    commands: list[str] = []

    async def runner(argv: list[str], *, env: dict[str, str], timeout_s: float) -> str:
        assert "exit 101" in policy.read_text()
        assert env["DEBIAN_FRONTEND"] == "noninteractive"
        assert timeout_s > 60
        commands.append(" ".join(argv))
        if fails:
            raise CommandFailedError("no network")
        return ""

    if fails:
        with pytest.raises(CommandFailedError):
            await install_rabbitmq(runner, policy, tmp_path / "lock")
    else:
        await install_rabbitmq(runner, policy, tmp_path / "lock")
        assert "install" in commands[1]
        assert commands[1].endswith("rabbitmq-server")
    assert not policy.exists()


async def test_a_policy_of_the_machine_is_left_alone(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("its own")

    async def runner(argv: list[str], *, env: dict[str, str], timeout_s: float) -> str:
        return f"{argv} {env} {timeout_s}"

    await install_rabbitmq(runner, policy, tmp_path / "lock")
    assert policy.read_text() == "its own"


class Wrapped:
    """A container as the Docker client shows it."""

    def __init__(self) -> None:
        self.status = "running"

    def reload(self) -> None: ...

    def kill(self) -> None:
        assert self.status == "running"
        self.status = "exited"

    def start(self) -> None:
        self.status = "running"


class Container:
    """As much of a test container as `RabbitContainer` uses."""

    def __init__(self) -> None:
        self.wrapped = Wrapped()
        self.ports: dict[int, int] = {}
        self.commands: list[list[str]] = []
        self.exit_code = 0
        self.removed = False

    def with_bind_ports(self, container: int, host: int) -> "Container":
        self.ports[container] = host
        return self

    def with_env(self, _name: str, _setting: str) -> "Container":
        return self

    def start(self) -> None: ...

    def stop(self) -> None:
        self.removed = True

    def get_container_host_ip(self) -> str:
        return "docker.example"

    def get_wrapped_container(self) -> Wrapped:
        return self.wrapped

    def exec(self, command: list[str]) -> object:
        self.commands.append(command)
        return type("Answer", (), {"exit_code": self.exit_code, "output": b"said"})


async def test_a_container_keeps_its_ports_over_a_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answers(_management: object) -> bool:
        return True

    monkeypatch.setattr("devstack.rabbitmq_management.Management.answers", answers)
    container = Container()
    node = RabbitContainer(container)  # type: ignore[arg-type]  # a fake with the few methods that are used
    await node.start()
    url = node.url
    assert url == f"amqp://guest:guest@docker.example:{container.ports[5672]}/%2F"
    assert node.management.url == f"http://docker.example:{container.ports[15672]}"
    await node.kill()
    await node.kill()  # once more is no error
    assert container.wrapped.status == "exited"
    await node.start()
    assert (container.wrapped.status, node.url) == ("running", url)
    assert await node.ctl("status") == "said"
    assert await node.evaluate("1 + 1.") == "said"
    assert container.commands == [["rabbitmqctl", "--quiet", "status"], ["rabbitmqctl", "--quiet", "eval", "1 + 1."]]
    container.exit_code = 69
    with pytest.raises(CommandFailedError, match="said"):
        await node.ctl("status")
    await node.close()
    assert container.removed
