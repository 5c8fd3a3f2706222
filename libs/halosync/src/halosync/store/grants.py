"""The roles of Postgres and their rights, made by an administrator (spec section 10, "Between the services").

What each may do is in `grants.sql`, as it is read and run.
"""

import base64
import hashlib
import hmac
import re
import secrets
from importlib import resources

from halosync.domain.accounts import WITH_A_ROLE, Users
from halosync.store.pool import Connection

_ITERATIONS = 4096
_PLACEHOLDER = re.compile(r"(?<!:):([a-z_]+)")
_COMMENT = re.compile(r"--[^\n]*")
_TOO_MUCH = """
SELECT rolname FROM pg_roles
WHERE rolname = ANY($1) AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)
"""


class TooMightyError(RuntimeError):
    """A role that a service is to sign in as may do more than rights can take away."""


def grants() -> str:
    """Return what is run: the statements of `grants.sql`, with names to be filled in after colons."""
    return _COMMENT.sub("", (resources.files("halosync.store") / "grants.sql").read_text("utf-8"))


async def grant(connection: Connection, users: Users) -> list[str]:
    """Make the roles that are not there, set the passwords that are given, and the rights of all; return their names.

    All or nothing, and safe to repeat. Who runs it must own the tables and may create roles.

    Raises:
        TooMightyError: an existing role is a superuser or the like.
        asyncpg.PostgresError: this account may not do it.
    """
    roles = {account: users.name(account) for account in WITH_A_ROLE}
    names = list(roles.values())
    async with connection.transaction():
        mighty = [row["rolname"] for row in await connection.fetch(_TOO_MUCH, names)]
        if mighty:
            raise TooMightyError(
                f"the role {mighty[0]} is a superuser, or may create roles or databases: take that away "
                f"(ALTER ROLE {mighty[0]} NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS), then repeat"
            )
        for account, name in roles.items():
            await _role(connection, name, users.passwords.get(account))
        quoted = {account.name.lower(): await _quoted(connection, name) for account, name in roles.items()}
        quoted["database"] = await _quoted(connection, await connection.fetchval("SELECT current_database()"))
        everybody = ", ".join(quoted[account.name.lower()] for account in WITH_A_ROLE)
        await connection.execute(
            f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {everybody};"
            f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {everybody};"
        )
        await connection.execute(_PLACEHOLDER.sub(lambda found: quoted[found[1]], grants()))
    return names


async def without_password(connection: Connection, users: Users) -> list[str]:
    """Return the roles that nobody can sign in as with a password; nothing if this account may not know."""
    if not await connection.fetchval("SELECT has_table_privilege('pg_authid', 'SELECT')"):
        return []
    names = [users.name(account) for account in WITH_A_ROLE]
    rows = await connection.fetch(
        "SELECT rolname FROM pg_authid WHERE rolname = ANY($1) AND rolpassword IS NULL ORDER BY rolname", names
    )
    return [row["rolname"] for row in rows]


async def _role(connection: Connection, name: str, password: str | None) -> None:
    quoted = await _quoted(connection, name)
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", name):
        await connection.execute(f"CREATE ROLE {quoted} LOGIN")
    if password is not None:
        secret = await connection.fetchval("SELECT quote_literal($1)", _verifier(password))
        await connection.execute(f"ALTER ROLE {quoted} LOGIN PASSWORD {secret}")


async def _quoted(connection: Connection, name: str) -> str:
    return str(await connection.fetchval("SELECT quote_ident($1)", name))


def _verifier(password: str) -> str:
    """Return what Postgres keeps of a password (RFC 5803), so that the password itself is in no log of statements.

    Of a password that is not ASCII Postgres makes it itself: only it knows how it normalises it.
    """
    if not password.isascii():
        return password
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    shown = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${_ITERATIONS}:{shown[0]}${shown[1]}:{shown[2]}"
