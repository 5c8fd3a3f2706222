"""What a measurement ran on: part of every result."""

import os
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

import psutil


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
