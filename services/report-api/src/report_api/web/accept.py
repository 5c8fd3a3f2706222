"""What a caller would rather have: the header Accept (RFC 9110, section 12.5.1)."""

from fastapi import Request


def prefers(request: Request, media_type: str) -> bool:
    """Tell whether the caller names a media type and would not rather have JSON, which is what the API answers else."""
    accepted = _accepted(request.headers.get("accept", ""))
    quality = accepted.get(media_type, 0.0)
    if "application/json" in accepted:
        return quality > accepted["application/json"]
    return quality > 0 and quality >= max(accepted.get(kind, 0.0) for kind in ("application/*", "*/*"))


def _accepted(header: str) -> dict[str, float]:
    accepted = {}
    for part in header.lower().split(","):
        kind, *parameters = (word.strip() for word in part.split(";"))
        quality = next((word[2:] for word in parameters if word.startswith("q=")), "1")[:10]
        try:
            accepted[kind] = float(quality)
        except ValueError:
            accepted[kind] = 0.0
    return accepted
