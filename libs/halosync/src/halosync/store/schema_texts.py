"""The texts that the schema is made of, and their checksums."""

import hashlib
from importlib import resources

SCHEMA = "schema"
"""The name under which `migration` keeps which text of `schema/*.sql` the database has."""

HAS = "SELECT DISTINCT ON (name) name, sha256, version FROM migration ORDER BY name, applied_at DESC"
"""What the database has: of each name the text that was applied last. The older rows say what was there before."""


def migrations() -> dict[str, str]:
    """Return every migration's name and text, in the order in which they apply."""
    return _texts("migrations")


def functions_and_views() -> str:
    """Return what creates or replaces all functions, triggers and views."""
    return "\n".join(_texts("schema").values())


def digest(text: str) -> str:
    """Return the checksum that `migration` keeps of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _texts(folder: str) -> dict[str, str]:
    files = (resources.files("halosync.store") / folder).iterdir()
    texts = {file.name.removesuffix(".sql"): file.read_text("utf-8") for file in files if file.name.endswith(".sql")}
    return dict(sorted(texts.items()))
