"""The marks of licences that somebody has deleted in Halo, on the items that would create them anew."""

from devstack.fields import Fields

from .conftest import Pipeline


async def marks(pipeline: Pipeline, run: Fields) -> list[tuple[str, str, list[Fields]]]:
    """Return product, outcome and drift of the items that have a drift."""
    items = await pipeline.items(run["run_id"])
    return [(item["product_code"], item["outcome"], item["drift"]) for item in items if item["drift"]]


def mark(number: int, now_at: str | None = None) -> list[Fields]:
    return [{"field": "licence", "we_wrote": str(number), "halo_has": now_at}]
