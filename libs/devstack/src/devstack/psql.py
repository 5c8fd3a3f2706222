"""How a person signs in to a database of ours."""

import shutil
from pathlib import Path
from shlex import join
from urllib.parse import unquote, urlsplit

from devstack.postgres_embedded import packaged_program


def psql_command(url: str, folder: Path) -> str:
    """Return a command for a shell that signs in; the password is in a file of `folder` that its owner alone reads."""
    parts = urlsplit(url)
    host, port, user = parts.hostname or "", str(parts.port or 5432), unquote(parts.username or "")
    database = parts.path.removeprefix("/")
    passwords = folder / "pgpass"
    passwords.touch(mode=0o600)
    fields = (host, port, database, user, unquote(parts.password or ""))
    passwords.write_text(":".join(field.replace("\\", r"\\").replace(":", r"\:") for field in fields) + "\n")
    psql = shutil.which("psql") or str(packaged_program("psql"))
    return f"PGPASSFILE={join([str(passwords)])} {join([psql, '-h', host, '-p', port, '-U', user, database])}"
