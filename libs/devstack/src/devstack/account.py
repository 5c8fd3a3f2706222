"""The unprivileged account for servers that refuse to run as root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

_UNPRIVILEGED = "nobody"


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group by number."""

    uid: int
    gid: int

    def can_read(self, folder: Path) -> bool:
        """Tell whether everyone, and so this account, can reach and list `folder`.

        Group memberships are not looked at: the account is meant to have none.
        """
        resolved = folder.resolve()
        reachable = all(parent.stat().st_mode & 0o001 for parent in resolved.parents)
        return reachable and resolved.stat().st_mode & 0o005 == 0o005

    def own(self, folder: Path) -> None:
        """Give `folder` and what is in it to this account."""
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def account_for_servers() -> Account | None:
    """Return the account that servers are to run as: `nobody` for root, otherwise None (stay who you are)."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(_UNPRIVILEGED)
    return Account(entry.pw_uid, entry.pw_gid)
