"""Searching for a text that a person typed."""


def pattern(q: str | None) -> str | None:
    r"""Return a LIKE pattern for texts that contain `q` literally: `%`, `_` and `\` stand for themselves."""
    if not q:
        return None
    escaped = q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
