"""Look for known weaknesses of what runs in production, and write its bill of materials (CycloneDX).

Run by `make audit`, with the tools of `requirements/audit.txt`. Exit status 1: weaknesses are known. Where no database
can be reached it says so, with status 0: the bill of materials is written all the same, for one that can.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRODUCTION = ROOT / "requirements" / "production.txt"
BILL = ROOT / "build" / "sbom.cdx.json"
PATIENCE_S = 300


def tool(name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run one of the tools that stand beside this Python."""
    program = Path(sys.executable).with_name(name)
    return subprocess.run(  # noqa: S603 - our own arguments
        [program, *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )


def write_bill() -> int:
    """Write the bill of materials, and return how many packages it has."""
    BILL.parent.mkdir(exist_ok=True)
    made = tool("cyclonedx-py", "requirements", str(PRODUCTION), "--output-reproducible", "-o", str(BILL))
    if made.returncode:
        raise SystemExit(made.stderr)
    return len(json.loads(BILL.read_text("utf-8"))["components"])


def weaknesses() -> list[str] | None:
    """Return a line for each known weakness; None: no database could be asked."""
    asked = tool("pip-audit", "--requirement", str(PRODUCTION), "--disable-pip", "--format", "json")
    try:
        packages = json.loads(asked.stdout)["dependencies"]
    except ValueError:
        return None
    return [
        f"{package['name']} {package['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'none'}"
        for package in packages
        for found in package.get("vulns", ())
    ]


def main() -> None:
    """Write the bill and tell what is known."""
    number = write_bill()
    found = weaknesses()
    lines = [f"{BILL.relative_to(ROOT)}: {number} packages"]
    if found is None:
        lines.append("No database of known weaknesses could be reached; give the bill of materials to one that can.")
    else:
        lines += found or ["No weakness of them is known."]
    print("\n".join(lines))  # noqa: T201 - a command that tells what it found
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
