"""What a measurement ran on: part of every result."""

import os
import platform
import subprocess
from functools import cache
from importlib.metadata import version

import psutil


@cache
def machine() -> str:
    """Return a line with processor, memory and the versions of what is measured."""
    model = next(
        (line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    packages = " ".join(f"{name} {version(name)}" for name in ("faststream", "asyncpg", "httpx"))
    memory = psutil.virtual_memory().total / 1024**3
    return f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, Python {platform.python_version()}; {packages}"
