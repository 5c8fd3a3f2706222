"""Who signs in to Postgres and RabbitMQ: each service as itself, with the least rights (spec section 10)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Account(StrEnum):
    """Somebody with a user of RabbitMQ and a role of Postgres of its own; the value is the name of the service."""

    AUTH = "auth"
    PLANNER = "planner"
    HALO_WRITER = "halo-writer"
    REPORT_API = "report-api"
    OPERATOR = "operator"
    """The operator's command, all of it but `migrate`, which an administrator runs."""
    INVOICES = "invoices"
    """The invoice system: RabbitMQ alone, and there it publishes invoices and nothing else."""


SERVICES = (Account.AUTH, Account.PLANNER, Account.HALO_WRITER, Account.REPORT_API)
WITH_A_ROLE = (*SERVICES, Account.OPERATOR)
"""Those that Postgres knows."""


def user_name(prefix: str, account: Account) -> str:
    """Return the name of an account's user and role: `halosync_halo_writer`."""
    return f"{prefix}_{account.value.replace('-', '_')}"


@dataclass(frozen=True)
class Users:
    """The users and roles of one installation.

    Attributes:
        prefix: what their names begin with.
        passwords: those that are to be set; whoever has none here keeps what the server knows of it.
    """

    prefix: str = "halosync"
    passwords: Mapping[Account, str] = field(default_factory=dict, repr=False)

    def name(self, account: Account) -> str:
        """Return the name of an account's user and role."""
        return user_name(self.prefix, account)


@dataclass(frozen=True)
class ProcessUser:
    """Whom a process is signed in as, by its user's name.

    A name that ends as its service's does is that service's own, and the others have theirs with the same prefix. With
    any other name one user does all.

    Attributes:
        account: which service the process is.
        user: the name it signs in with.
    """

    account: Account
    user: str

    @property
    def alone(self) -> bool:
        """Whether the user is this service's and nobody else's."""
        return self.user.endswith(user_name("", self.account)) and self.user != user_name("", self.account)

    @classmethod
    def of_command(cls, user: str) -> "ProcessUser":
        """Return whom the `halosync` command is signed in as: the operator, or whose own the user is."""
        each = (cls(account, user) for account in Account)
        return next((one for one in each if one.alone), cls(Account.OPERATOR, user))

    def user_of(self, account: Account) -> str:
        """Return the name with which another service signs in."""
        if not self.alone:
            return self.user
        return user_name(self.user.removesuffix(user_name("", self.account)), account)
