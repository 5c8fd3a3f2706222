"""Where RabbitMQ comes from on this machine."""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devstack.debian import may_install_debian_packages
from devstack.errors import NotInstalledError
from devstack.rabbitmq_container import docker_answers
from devstack.rabbitmq_node import installed_scripts
from devstack.rabbitmq_root import RabbitRoot, root_from_environment

AMQP_URL_VARIABLE = "HALOSYNC_DEVSTACK_AMQP_URL"

_HOW_TO_GET_IT = f"""\
RabbitMQ is needed and was not found. Do one of these:
  - install it: `apt-get install rabbitmq-server` (Debian, Ubuntu), `dnf install rabbitmq-server` (Fedora),
    `brew install rabbitmq` (macOS); it need not run, a private node is started and stopped;
  - start a Docker engine: the image is fetched and run;
  - give the URL of a running server: {AMQP_URL_VARIABLE}=amqp://user:password@host:5672/%2F"""


class Source(enum.Enum):
    """The ways to a RabbitMQ, best first."""

    GIVEN = "a running server, given by URL"
    ROOT = "a private node of the RabbitMQ in HALOSYNC_DEVSTACK_RABBITMQ_ROOT"
    INSTALLED = "a private node of the installed rabbitmq-server"
    CONTAINER = "a container"
    DEBIAN_PACKAGE = "the Debian package rabbitmq-server, to be installed now"


@dataclass(frozen=True)
class Machine:
    """What the choice asks about the machine."""

    scripts: Callable[[], Path | None]
    docker_answers: Callable[[], bool]
    may_install_packages: Callable[[], bool]
    root: Callable[[], RabbitRoot | None] = lambda: None


THIS_MACHINE = Machine(installed_scripts, docker_answers, may_install_debian_packages, root_from_environment)


def find_rabbitmq(url: str | None, machine: Machine = THIS_MACHINE) -> Source:
    """Choose where RabbitMQ comes from; nothing is started or installed yet.

    Raises:
        NotInstalledError: there is no way; the message says what to install or which variable takes a URL.
    """
    if url is not None:
        return Source.GIVEN
    if machine.root() is not None:
        return Source.ROOT
    if machine.scripts() is not None:
        return Source.INSTALLED
    if machine.docker_answers():
        return Source.CONTAINER
    if machine.may_install_packages():
        return Source.DEBIAN_PACKAGE
    raise NotInstalledError(_HOW_TO_GET_IT)
