"""One name for a JSON object, of which only who reads a field knows what its value is."""

from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object as it was parsed, or as it is to be sent."""
