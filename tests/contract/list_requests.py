"""How tests ask the sandbox for lists."""

from devstack.fields import Fields
from halo_sandbox.testing import RunningTenant

CLIENTS = [{"id": n, "name": f"Client {n:03}", "inactive": n % 10 == 0} for n in range(1, 61)]
LICENCES = [
    {
        "id": n,
        "client_id": 1 + n % 3,
        "name": f"P-{200 - n}",
        "count": n,
        "price": 1.5,
        "billing_cycle": "Monthly",
        "is_active": n % 8 != 0,
        "site_id": 7 if n == 5 else -1,
    }
    for n in range(1, 138)
]
ACTIVE = [row["id"] for row in LICENCES if row["is_active"]]
PAGING = {"pageinate": "true"}


async def licences(halo: RunningTenant, **query: str | int) -> Fields:
    answer = await halo.http.get("/api/SoftwareLicence", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def ids(halo: RunningTenant, **query: str | int) -> list[int]:
    return [row["id"] for row in (await licences(halo, **query))["licences"]]
