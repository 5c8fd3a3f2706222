"""`python -m report_api.openapi [FILE]` writes the OpenAPI description; a test compares it with what is committed."""

import json
import sys
from pathlib import Path

from report_api.app import build

DEFAULT = Path("docs/generated/openapi.json")


def text() -> str:
    """Return the description as it is committed: sorted, so that a change shows as the lines it changes."""
    return json.dumps(build(None).openapi(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the file."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
