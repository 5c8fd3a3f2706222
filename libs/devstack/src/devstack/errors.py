"""What can go wrong here; every message says what to do about it."""


class DevstackError(Exception):
    """The machine, or a server on it, is not as needed."""


class NotReadyError(DevstackError):
    """Something did not become ready in its time."""


class ProcessDiedError(DevstackError):
    """A process ended while it was expected to live; the message has the tail of its log."""


class CommandFailedError(DevstackError):
    """A command ended with another exit code than 0; the message has its output."""


class NotInstalledError(DevstackError):
    """A server is neither given nor installed, and cannot be had by itself."""


class NotOursError(DevstackError):
    """A server that was given by URL was asked for something that only its owner can do (kill, restart, control)."""
