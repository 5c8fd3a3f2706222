"""A licence that somebody has deleted in Halo, of a client that several customers share."""

import pytest
from devstack.fields import Fields

from .conftest import Pipeline
from .deletion_marks import mark, marks
from .parts import PARTNER, TENANT

pytestmark = pytest.mark.integration

SHARED = [
    {"product_code": "P-1", "customer_id": "C-1", "customer_name": "Contoso"},
    {"product_code": "P-1", "customer_id": "C-2", "customer_name": "Contoso West", "quantity": "3"},
    {"product_code": "P-2", "customer_id": "C-2", "customer_name": "Contoso West"},
]


async def shared(pipeline: Pipeline) -> Fields:
    """Let two customers share a client, and somebody delete the licence of a product that both are billed for."""
    await pipeline.pool.execute("UPDATE partner SET on_drift = 'hold'")
    await pipeline.pool.executemany(
        "INSERT INTO customer_link (partner_id, customer_id, halo_client_id) VALUES ($1, $2, 1)",
        [(PARTNER, "C-1"), (PARTNER, "C-2")],
    )
    await pipeline.invoice(SHARED)
    await pipeline.sync()
    await pipeline.sandbox.admin.delete_licence(TENANT, (await pipeline.licences())[1, "P-1"]["id"])
    return await pipeline.sync()


async def test_of_a_client_that_customers_share_it_is_marked_once_for_all_of_them(pipeline: Pipeline) -> None:
    run = await shared(pipeline)
    assert (run["created"], run["held"]) == (0, 1)
    [held] = [item for item in await pipeline.items(run["run_id"]) if item["outcome"] == "held"]
    assert (sorted(held["customer_ids"]), held["drift"]) == (["C-1", "C-2"], mark(1))
    # One of them is billed for it no more: the other's bill misses it still.
    await pipeline.invoice(SHARED[1:], revision=2)
    run = await pipeline.sync()
    assert (run["created"], run["held"], await marks(pipeline, run)) == (0, 1, [("P-1", "held", mark(1))])
    # Neither is: the deletion is agreed with, and a later bill creates it anew unasked.
    await pipeline.invoice(SHARED[2:], revision=3)
    await pipeline.sync()
    await pipeline.invoice(SHARED, revision=4)
    run = await pipeline.sync()
    assert (run["created"], run["held"], await marks(pipeline, run)) == (1, 0, [])


async def test_leaving_out_a_customer_does_not_agree_with_what_was_deleted_at_its_client(pipeline: Pipeline) -> None:
    await shared(pipeline)
    exclude = "UPDATE customer_link SET excluded = $1 WHERE customer_id = ANY($2)"
    await pipeline.pool.execute(exclude, True, ["C-1", "C-2"])
    run = await pipeline.sync()
    assert (run["created"], run["held"], await marks(pipeline, run)) == (0, 0, [])
    await pipeline.pool.execute(exclude, False, ["C-1"])
    run = await pipeline.sync()  # an excluded customer shares the client: it is not cleaned up
    assert (run["created"], run["held"], await marks(pipeline, run)) == (0, 1, [("P-1", "held", mark(1))])
    await pipeline.pool.execute(exclude, False, ["C-2"])
    assert (await pipeline.sync())["held"] == 1
