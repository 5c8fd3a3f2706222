"""One name for what has fields by name, where only who reads a field knows what its value is."""

from typing import Any, TypeAlias

Fields: TypeAlias = dict[str, Any]
"""A JSON object as it was parsed, or the columns of a row to be made."""
