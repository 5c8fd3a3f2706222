"""Write the locked requirements: every package with its hashes, for every supported Python, and no index lines.

`uv.lock` is not committed because it names a registry's host; these files do not.

Run by `make lock`.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTENDERS = [
    *("celery", "dramatiq[rabbitmq]", "taskiq", "taskiq-aio-pika", "dbos", "aio-pika", "pyrate-limiter"),
    *("psycopg[binary]", "asyncpg", "requests", "aiohttp", "pandas", "matplotlib"),
]
"""What halosync is measured against, and what that needs."""

OURS = {tomllib.loads(p.read_text())["project"]["name"] for p in ROOT.glob("*/*/pyproject.toml")}


def third_party(requirements: list[str]) -> list[str]:
    """Return the requirements that are not packages of this workspace."""
    return [r for r in requirements if r not in OURS]


def compile_lock(name: str, requirements: list[str]) -> None:
    """Resolve `requirements` and write `requirements/<name>.txt`."""
    target = ROOT / "requirements" / f"{name}.txt"
    subprocess.run(  # noqa: S603 - our own arguments
        [
            *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
            *("--generate-hashes", "--no-emit-index-url", "--no-annotate", "--no-header", "-", "-o", str(target)),
        ],
        input="\n".join(sorted(set(requirements))),
        text=True,
        check=True,
    )
    print(f"wrote {target.relative_to(ROOT)}")  # noqa: T201 - a command that tells what it did


def main() -> None:
    """Write the lock files: what installs, audits, is measured against, runs, builds, develops and tests."""
    members = {path.parent.name: tomllib.loads(path.read_text()) for path in ROOT.glob("*/*/pyproject.toml")}
    everything = [r for project in members.values() for r in project["project"]["dependencies"]]
    production = [
        requirement
        for name, project in members.items()
        if name not in {"devstack", "simulation"}
        for requirement in project["project"]["dependencies"]
    ]
    dev = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["dev"]
    compile_lock("bootstrap", ["uv"])
    compile_lock("audit", ["cyclonedx-bom", "pip-audit"])
    compile_lock("bench", CONTENDERS)
    compile_lock("production", third_party(production))
    compile_lock("build", ["hatchling", "pip"])
    compile_lock("dev", third_party([*everything, *dev]))


if __name__ == "__main__":
    main()
