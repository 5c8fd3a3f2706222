"""The fingerprint of a client as a person was shown it: does its id still mean the same?"""

from hashlib import blake2b

_BYTES = 8
"""It guards against mistakes, not against attacks: whoever can send a form may link any client anyway."""


def client_fingerprint(tenant: str | None, halo_client_id: int, name: str) -> str:
    """Return a short text that is another one as soon as the id has another name or is another Halo's.

    `tenant` is the Halo that was read (`domain.tenant`). Not the name itself, because a form takes many of
    them, and a limited number of bytes.
    """
    return blake2b(f"{tenant or ''}\n{halo_client_id}\n{name}".encode(), digest_size=_BYTES).hexdigest()
