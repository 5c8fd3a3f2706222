"""The users and roles of the services on devstack's servers, as `halosync migrate` makes them for an administrator.

They are made once for each server and shared by all its databases and virtual hosts. Their passwords are no secret: the
servers are for development, listen on this machine, and forget everything.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from halosync.domain.accounts import Account, Users

USERS = Users("devstack", {account: f"devstack-{account.value}" for account in Account})


def signed_in(url: str, account: Account) -> str:
    """Return an address of Postgres or RabbitMQ with the user of an account in place of the administrator."""
    parts = urlsplit(url)
    where = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{USERS.name(account)}:{USERS.passwords[account]}@{where}").geturl()


def passwords() -> Mapping[str, str]:
    """Return the settings of `halosync migrate` that give the users their names and passwords."""
    given = {f"{account.name}_PASSWORD": password for account, password in USERS.passwords.items()}
    return {"USER_PREFIX": USERS.prefix, **given}
