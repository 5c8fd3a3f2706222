"""What a stack is to be made of."""

import base64
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


def new_token_key() -> str:
    """Return a new Fernet key: 32 random bytes, URL-safe base64."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _silent(_message: str) -> None:
    pass


@dataclass(frozen=True)
class StackOptions:
    """Everything has a default that suits a test.

    Attributes:
        writers: how many halo-writers run from the start.
        database_url: a database to use as it is; by default a fresh one, on the server that devstack finds or starts.
        amqp_url: a virtual host to use as it is; by default a fresh one, likewise.
        halo_url_template: a Halo to talk to; by default the sandbox is started.
        http_port: where report-api listens; by default a free port.
        token_keys: comma-separated Fernet keys, for auth alone; by default a new one.
        own_domain: whether the sandbox is at a domain of a partner's own, too (`devstack.own_domain`).
        environment: further settings, for every process; they win over those that the stack makes.
        cwd: working folder of the processes, which read `.env` there; by default an empty one.
        durable: whether a private Postgres survives a power cut.
        forked: whether the processes begin as forks of one that has imported their libraries, which takes a tenth of
            the time (`devstack.forks`); else each is started as in production.
        progress: is told, in a sentence, what is being done now.
    """

    writers: int = 1
    database_url: str | None = None
    amqp_url: str | None = None
    halo_url_template: str | None = None
    http_port: int | None = None
    own_domain: bool = False
    token_keys: str = field(default_factory=new_token_key, repr=False)
    environment: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    durable: bool = False
    forked: bool = False
    progress: Callable[[str], None] = _silent
