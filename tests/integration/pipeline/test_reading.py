"""A Halo with habits is read completely or not at all: no licence twice, whatever its lists say (spec section 9)."""

from typing import Any

import pytest
from halosync.domain.page_size import PageSize
from halosync.store.page_sizes import PageSizeStore

from .conftest import Pipeline

TENANT = "acme"
ROWS = 230
TERMS = {"price": 10.0, "billing_cycle": "Monthly"}


async def full(pipeline: Pipeline) -> None:
    """Let Halo hold what an invoice asks for already: any create is a licence twice."""
    rows = ({**TERMS, "client_id": 1, "name": f"P-{n}", "count": n + 1} for n in range(ROWS))
    await pipeline.sandbox.admin.add_licences(TENANT, *rows)
    await pipeline.invoice([{"product_code": f"P-{n}", "quantity": str(n + 1)} for n in range(ROWS)])


async def change(pipeline: Pipeline, **settings: Any) -> None:
    await pipeline.sandbox.admin.change_settings(TENANT, **settings)


def tuned(pipeline: Pipeline, **tuning: int) -> None:
    """Read with these settings from now on."""
    for name, value in tuning.items():
        setattr(pipeline.tuning, name, value)
    pipeline.planning, pipeline.writing = pipeline.planner().run_planner, pipeline.writer()


async def asked(pipeline: Pipeline, what: str) -> list[str]:
    """Return the queries of the requests for a list."""
    log = await pipeline.sandbox.admin.requests(TENANT)
    return [entry["query"] for entry in log if entry["method"] == "GET" and entry["path"].endswith(what)]


@pytest.mark.parametrize(
    "habits",
    [
        {"record_counts": "page"},
        {"record_counts": "page", "page_cap": 100},
        {"record_counts": "page", "page_cap": 7},
        {"record_counts": "page", "shows_last_page_again": True},
        {"shows_last_page_again": True},
        {"ignored_page_no": ["licences"]},
        {"ignored_page_no": ["clients", "licences"]},
        {"ignored_page_no": ["licences"], "record_counts": "page"},
        {"odd_rows": True, "null_lists": True, "byte_order_mark": True},
        {"refused_page_size": 101},
    ],
    ids=str,
)
async def test_nothing_is_created_twice(pipeline: Pipeline, habits: dict[str, object]) -> None:
    tuned(pipeline, most_rows=1000)
    await full(pipeline)
    await change(pipeline, **habits)
    run = await pipeline.sync()
    assert (run["state"], run["unchanged"], run["created"], run["deleted"]) == ("succeeded", ROWS, 0, 0)


async def test_a_list_that_ignores_the_number_of_the_page_is_read_client_by_client(pipeline: Pipeline) -> None:
    tuned(pipeline, most_rows=1000)
    await full(pipeline)
    await change(pipeline, ignored_page_no=["licences"])
    await pipeline.sync()
    queries = await asked(pipeline, "SoftwareLicence")
    assert [query.partition("client_id=")[2] for query in queries] == [
        "",
        "",
        "2",
        "1",
    ]  # of a list whose count is true, what it counts is all


async def test_what_cannot_be_read_completely_fails_and_writes_nothing(pipeline: Pipeline) -> None:
    await full(pipeline)
    await change(pipeline, ignored_page_no=["licences"], page_cap=100)
    run = await pipeline.sync()
    assert (run["state"], run["error_code"], run["total"]) == ("failed", "read_incomplete", 0)
    assert "whatever page is asked for" in run["error"]
    assert await pipeline.sent("POST") == 0


@pytest.mark.parametrize("habits", [{"record_counts": "page"}, {"odd_rows": True, "byte_order_mark": True}], ids=str)
async def test_a_look_up_sees_the_whole_list_too(pipeline: Pipeline, habits: dict[str, object]) -> None:
    tuned(pipeline, page_size=20)
    await change(pipeline, **habits)
    await pipeline.invoice([{"product_code": f"P-{n}"} for n in range(45)])
    await pipeline.sandbox.admin.add_fault(TENANT, match={"method": "POST"}, drop_after=True)
    run = await pipeline.sync()
    assert (run["state"], run["created"], await pipeline.sent("POST")) == ("succeeded", 45, 1)
    assert len(await pipeline.licences()) == 45


async def test_rows_that_nobody_needs_may_be_anything(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_clients(TENANT, {"id": 99, "name": ""})
    await change(pipeline, odd_rows=True)
    await pipeline.invoice([{"product_code": "P-1"}])
    assert (await pipeline.sync())["created"] == 1


async def test_larger_pages_are_learnt_and_remembered(pipeline: Pipeline) -> None:
    tuned(pipeline, page_size=20, most_rows=80)
    await full(pipeline)
    first = await pipeline.sync()
    assert await PageSizeStore(pipeline.pool).learnt(TENANT, "licences") == PageSize(80)
    second = await pipeline.sync()
    # The clients and a page that proves their count; then the licences, and all of them once more where they were not
    # known before.
    assert (first["halo_requests"], second["halo_requests"]) == (2 + 1 + 3 + 3, 2 + 3)


async def test_a_sync_takes_a_request_a_list_more_than_its_pages_whatever_it_changes(pipeline: Pipeline) -> None:
    tuned(pipeline, page_size=20, most_rows=80)
    await full(pipeline)
    await pipeline.sync()
    lines = [{"product_code": f"P-{n}", "quantity": str(n + 1 + n % 2)} for n in range(10, ROWS + 10)]
    await pipeline.invoice(lines, revision=2)
    changing = await pipeline.sync()
    arrays = await pipeline.sent("POST")
    assert (changing["created"], changing["deleted"]) == (10, 10)
    assert changing["halo_requests"] == 2 + 3 + arrays + changing["deleted"]
    await pipeline.invoice(lines, revision=3)
    again = await pipeline.sync()
    assert (again["unchanged"], again["halo_requests"]) == (ROWS, 2 + 3)  # as known: what halosync wrote since, too
    ten_others = ({**TERMS, "client_id": 1, "name": f"T-{n}", "count": 1} for n in range(10))
    await pipeline.sandbox.admin.add_licences(TENANT, *ten_others)
    await pipeline.invoice(lines, revision=4)
    assert (await pipeline.sync())["halo_requests"] == 2 + 3 + 1 + 3 + 10


async def test_a_page_that_is_refused_for_its_size_costs_no_attempt(pipeline: Pipeline) -> None:
    tuned(pipeline, page_size=20, most_rows=80, max_attempts=1)
    await full(pipeline)
    await change(pipeline, refused_page_size=50)
    run = await pipeline.sync()
    assert (run["state"], run["unchanged"], run["attempts"]) == ("succeeded", ROWS, 0)
    assert await PageSizeStore(pipeline.pool).learnt(TENANT, "licences") == PageSize(40, 40)


@pytest.mark.parametrize(("unlisted", "asked_once"), [(15, False), (100, True)])
async def test_licences_of_clients_that_halo_does_not_list_are_no_end_of_reading(
    pipeline: Pipeline, unlisted: int, *, asked_once: bool
) -> None:
    tuned(pipeline, most_rows=1000)
    await full(pipeline)
    await pipeline.sandbox.admin.add_clients(TENANT, {"id": 99, "name": "Nobody"})
    rows = ({**TERMS, "client_id": 99, "name": f"THEIRS-{n}", "count": 1} for n in range(unlisted))
    await pipeline.sandbox.admin.add_licences(TENANT, *rows)
    await change(pipeline, ignored_page_no=["licences"], unlisted_clients=[99])
    run = await pipeline.sync()
    if asked_once:
        assert (run["error_code"], await pipeline.sent("POST")) == ("read_shrunk", 0)
        assert f"Halo counts {unlisted} more licences than the" in run["error"]
        run = await pipeline.sync(accept_shrunk_read=True)
    assert (run["state"], run["unchanged"], run["created"]) == ("succeeded", ROWS, 0)
    assert (await pipeline.sync())["state"] == "succeeded"


async def test_two_clients_that_have_lost_all_their_licences_at_once_are_not_believed(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_clients(TENANT, {"id": 3, "name": "Northwind"})
    await pipeline.invoice(
        [
            {"customer_id": name, "customer_name": name, "product_code": f"P-{n}"}
            for name, products in (("Contoso", 2), ("Fabrikam", 2), ("Northwind", 100))
            for n in range(products)
        ]
    )
    await pipeline.sync()
    for (client_id, _), licence in (await pipeline.licences()).items():
        if client_id == 1:
            await pipeline.sandbox.admin.delete_licence(TENANT, licence["id"])
    assert (await pipeline.sync())["created"] == 2  # a person ends what one customer has
    for (client_id, _), licence in (await pipeline.licences()).items():
        if client_id != 3:
            await pipeline.sandbox.admin.delete_licence(TENANT, licence["id"])
    run = await pipeline.sync()
    assert (run["state"], run["error_code"]) == ("failed", "read_shrunk")
    assert "no licences of 2 clients that had some before: 4 known licences are missing" in run["error"]
    assert (await pipeline.sync(accept_shrunk_read=True))["created"] == 4
