"""The main job on real Postgres and the sandbox: what a run does to Halo, and what it tells."""

from typing import Any

TENANT = "acme"


async def test_creates_updates_and_removes(pipeline: Any) -> None:
    await pipeline.sandbox.admin.add_licences(
        TENANT,
        {"client_id": 1, "name": "OLD", "count": 3, "price": 5.0, "billing_cycle": "Monthly"},
        {"client_id": 1, "name": "p-2", "count": 3, "price": 5.0, "billing_cycle": "Monthly"},
        {"client_id": 2, "name": "UNTOUCHED", "count": 1, "price": 1.0, "billing_cycle": "Monthly"},
    )
    await pipeline.invoice(
        [
            {"product_code": "P-1", "quantity": "12", "unit_price": "31.50"},
            {"product_code": "P-2", "quantity": "4", "unit_price": "6"},
            {"customer_id": "C-9", "customer_name": "Nobody"},
        ]
    )
    run = await pipeline.sync()
    assert (run["state"], run["created"], run["updated"], run["deleted"], run["skipped"]) == ("succeeded", 1, 1, 1, 1)
    licences = await pipeline.licences()
    assert set(licences) == {(1, "P-1"), (1, "P-2"), (2, "UNTOUCHED")}
    assert (licences[1, "P-1"]["count"], licences[1, "P-1"]["price"]) == (12, 31.5)
    assert licences[1, "P-2"]["billing_cycle"] == "Monthly"
    assert run["halo_requests"] == 4  # two reads, one array, one delete


async def test_a_second_sync_only_reads(pipeline: Any) -> None:
    await pipeline.invoice([{"product_code": f"P-{n}", "unit_price": "0.1"} for n in range(120)])
    first = await pipeline.sync()
    assert (first["created"], first["halo_requests"]) == (120, 2 + 3)
    second = await pipeline.sync()
    assert (second["state"], second["unchanged"], second["halo_requests"]) == ("succeeded", 120, 1 + 2)
