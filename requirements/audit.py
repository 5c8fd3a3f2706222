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


def asked() -> str:
    """Return what pip-audit answers, as JSON; nothing where it could not ask."""
    return tool("pip-audit", "--requirement", str(PRODUCTION), "--disable-pip", "--format", "json").stdout


def findings(answer: str) -> tuple[list[str], list[str]]:
    """Return a line for each known weakness, and one for what is not known.

    pip-audit passes over a package that its database does not know, and calls the rest clean: a database that knows
    none is one that was not reached.
    """
    try:
        packages = json.loads(answer)["dependencies"]
    except ValueError:
        packages = []
    passed_over = [package["name"] for package in packages if "skip_reason" in package]
    found = [
        f"{package['name']} {package['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'none'}"
        for package in packages
        for found in package.get("vulns", ())
    ]
    if len(passed_over) == len(packages):
        return found, ["No database of known weaknesses could be reached; give the bill of materials to one that can."]
    if passed_over:
        return found, [f"Not looked at, because the database does not know them: {', '.join(passed_over)}."]
    return found, []


def main() -> None:
    """Write the bill and tell what is known."""
    number = write_bill()
    found, unknown = findings(asked())
    lines = [f"{BILL.relative_to(ROOT)}: {number} packages", *found, *unknown]
    if not found and not unknown:
        lines.append("No weakness of them is known.")
    print("\n".join(lines))  # noqa: T201 - a command that tells what it found
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
