"""Free loopback ports for servers that keep theirs over a restart."""

import random
import socket

LOOPBACK = "127.0.0.1"
# Below the range from which Linux (32768) and macOS (49152) take the ports of outgoing connections: otherwise a server
# that is down for a moment may find its own port taken by somebody's connection when it comes back.
_FIRST, _LAST = 20_000, 31_999

_given: set[int] = set()


def free_port() -> int:
    """Return a loopback TCP port that nobody listens on and that this process has not given out before.

    Raises:
        OSError: no port of the range is free.
    """
    candidates = [port for port in range(_FIRST, _LAST + 1) if port not in _given]
    # Random, because several test processes look for ports at the same moment; ports are no secret.
    random.shuffle(candidates)
    for port in candidates:
        if _is_free(port):
            _given.add(port)
            return port
    raise OSError(f"no free TCP port between {_FIRST} and {_LAST} on {LOOPBACK}")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as candidate:
        try:
            candidate.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
