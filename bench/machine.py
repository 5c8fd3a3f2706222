"""What a measurement ran on: part of every result."""

import os
import platform
from functools import cache
from importlib.metadata import distributions, version
from pathlib import Path

import psutil

BENCH = Path(__file__).parent.parent / ".venv" / "bench"
"""The environment of what halosync is measured against."""


@cache
def machine() -> str:
    """Return a line with processor, memory and the versions of what is measured."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = next(
        (line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")),
        platform.processor(),
    )
    packages = " ".join(f"{name} {version(name)}" for name in ("faststream", "asyncpg", "httpx"))
    memory = psutil.virtual_memory().total / 1024**3
    return f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, Python {platform.python_version()}; {packages}"


@cache
def versions() -> str:
    """Return a line with the versions of what halosync is measured against; empty if it is not installed."""
    places = [str(path) for path in BENCH.glob("lib/python*/site-packages")]
    wanted = ("celery", "dramatiq", "taskiq", "dbos", "aio-pika", "pandas")
    found = {each.name: each.version for each in distributions(path=places)}
    return " ".join(f"{name} {found[name]}" for name in wanted if name in found)
