"""The version of what is installed."""

from importlib.metadata import version

VERSION = version("halosync")
"""Numbers with points between them, such as `0.1.0`; a newer one is greater, number by number."""


def numbers(version: str) -> tuple[int, ...]:
    """Return what versions are compared by.

    Raises:
        ValueError: it is not made of numbers and points.
    """
    return tuple(map(int, version.split(".")))
