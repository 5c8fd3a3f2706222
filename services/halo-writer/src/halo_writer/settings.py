"""The writer's environment."""

import os
import socket

from halosync.runtime.settings import HaloSettings, ProcessSettings
from pydantic import Field


class WriterSettings(ProcessSettings, HaloSettings):
    """What a writer needs (spec section 8)."""

    batches_at_once: int = Field(default=32, ge=1, le=500, description="Batches that this writer works on at a time")
    batches_per_tenant: int = Field(default=4, ge=1, le=100, description="How many of them may be of one tenant")


def worker_name() -> str:
    """Return a name for this process that people recognise in the rows it marks."""
    return f"{socket.gethostname()}:{os.getpid()}"
