"""The conformance kit against the sandbox: each habit of a Halo has its finding, and none names anything."""

import asyncio
import json
from collections.abc import Coroutine, Mapping

import httpx
import pytest
from devstack.fields import Fields
from devstack.ports import free_port
from halo_sandbox.testing import APPLICATION, RunningSandbox
from halosync.cli.failures import CommandError
from halosync.cli.halo import SCOPE
from halosync.cli.halo_sign_in import heard, sign_in
from halosync.halo.conformance import of_authinfo, of_lists, of_sign_in
from halosync.halo.oauth import OAuthClient
from halosync.ports.conformance import RawAnswer, Verdict
from halosync.ports.oauth import HaloApplication, TokenAnswer
from pydantic import SecretStr

CLIENTS = [{"id": n, "name": f"Secretive {n}"} for n in range(1, 4)]
LICENCES = [{"client_id": 1 + n % 3, "name": f"Hidden {n}", "count": n, "price": 1.5} for n in range(130)]


async def findings(sandbox: RunningSandbox, **settings: object) -> dict[str, tuple[str, Verdict]]:
    async with sandbox.tenant(clients=CLIENTS, licences=LICENCES, settings=settings) as tenant:

        async def ask(path: str, query: Mapping[str, str | int]) -> RawAnswer:
            answer = await tenant.http.get(path, params=dict(query))
            return RawAnswer(answer.status_code, {name.lower(): "" for name in answer.headers}, answer.content)

        found = [finding async for finding in of_lists(ask)]
    text = repr(found)
    assert "Secretive" not in text
    assert "Hidden" not in text
    return {finding.fact: (finding.found, finding.verdict) for finding in found}


async def test_the_sandbox_is_as_assumed(sandbox: RunningSandbox) -> None:
    found = await findings(sandbox)
    assert {verdict for _, verdict in found.values()} == {Verdict.ASSUMED}
    assert found["licences: page 2"] == ("30 other rows", Verdict.ASSUMED)
    assert found["licences: a page of 1000"] == ("130 rows", Verdict.ASSUMED)


@pytest.mark.parametrize(
    ("settings", "fact", "found", "verdict"),
    [
        ({"page_cap": 100}, "licences: a page of 1000", "cut to 100", Verdict.TOLERATED),
        ({"refused_page_size": 500}, "licences: a page of 1000", "is refused", Verdict.TOLERATED),
        ({"record_counts": "page"}, "licences: page 2", "30 rows more than record_count says", Verdict.TOLERATED),
        ({"ignored_page_no": ["licences"]}, "licences: page 2", "the same rows: page_no is ignored", Verdict.TOLERATED),
        ({"shows_last_page_again": True}, "clients: page 2", "the last page again", Verdict.ASSUMED),
        ({"byte_order_mark": True}, "clients: list", "a byte order mark", Verdict.TOLERATED),
        ({"odd_rows": True}, "clients: values", "as text: id", Verdict.TOLERATED),
        ({"granted_scopes": ["read:customers"]}, "licences: list", "answered with status 401", Verdict.NEW),
        ({"agent_sees": "nothing"}, "clients: rows", "0 of 0 on the first page", Verdict.ASSUMED),
    ],
    ids=str,
)
async def test_a_habit_is_found(
    sandbox: RunningSandbox, settings: dict[str, object], fact: str, found: str, verdict: Verdict
) -> None:
    said, means = (await findings(sandbox, **settings))[fact]
    assert said.startswith(found)
    assert means is verdict


async def asked(licences: list[Fields], **headers: str) -> dict[str, tuple[str, Verdict]]:
    """Let a Halo show these licences, whatever is asked for."""
    shown = {"record_count": len(licences), "licences": licences, "clients": []}

    async def ask(path: str, _query: Mapping[str, str | int]) -> RawAnswer:
        told = shown if "Licence" in path else {"record_count": 0, "clients": []}
        return RawAnswer(200, headers, json.dumps(told).encode())

    return {finding.fact: (finding.found, finding.verdict) async for finding in of_lists(ask)}


async def test_headers_of_a_limit_are_told() -> None:
    limited = {"x-ratelimit-remaining": "7", "content-type": "application/json", "retry-after": "5"}
    found = await asked([], **limited)
    assert found["licences: headers of a limit"] == ("retry-after, x-ratelimit-remaining", Verdict.NEW)
    assert (await asked([]))["licences: headers of a limit"] == ("none", Verdict.ASSUMED)


async def test_a_field_that_is_never_shown_a_mark_and_a_filter_that_is_not_heeded_are_told() -> None:
    rows = [{"id": n, "client_id": n, "name": "Hidden", "is_active": True, "snowid": ""} for n in (1, 2)]
    found = await asked(rows)
    assert found["licences: fields"] == ("never shown: count, price, purchase_price, billing_cycle", Verdict.NEW)
    assert found["marks of others"] == ("snowid", Verdict.ASSUMED)
    assert found["licences: client_id"] == ("shows 1 licence of others", Verdict.NEW)
    assert "Hidden" not in repr(found)


async def test_a_list_under_another_name_is_told_by_its_keys() -> None:
    async def ask(_path: str, _query: Mapping[str, str | int]) -> RawAnswer:
        return RawAnswer(200, {}, b'{"record_count": 3, "software_licences": []}')

    found = {finding.fact: finding async for finding in of_lists(ask)}
    assert found["licences: list"].found == "has the keys record_count, software_licences"
    assert found["licences: list"].verdict is Verdict.NEW


@pytest.mark.parametrize(
    ("scope", "verdict"),
    [
        (None, Verdict.TOLERATED),
        (("all",), Verdict.ASSUMED),
        (("read:customers", "edit:softwarelicensing"), Verdict.ASSUMED),
        (("read:customers",), Verdict.NEW),
    ],
)
def test_the_scope_is_judged(scope: tuple[str, ...] | None, verdict: Verdict) -> None:
    token = TokenAnswer(SecretStr("s3cret"), SecretStr("r3fresh"), 3600.0, scope)
    found = of_sign_in(token, SCOPE)
    assert found[0].verdict is verdict
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("status", "body", "found", "verdict"),
    [
        (200, b'{"auth_url": "https://acme.halopsa.com/auth"}', "this Halo's own", Verdict.ASSUMED),
        (200, b'{"auth_url": "https://evil.example/auth"}', "another host", Verdict.NEW),
        (200, b"[]", "names none", Verdict.TOLERATED),
        (200, b"<html>", "names none", Verdict.TOLERATED),
        (404, b"", "not told", Verdict.TOLERATED),
    ],
)
async def test_authinfo_is_compared_and_never_followed(status: int, body: bytes, found: str, verdict: Verdict) -> None:
    asked: list[str] = []

    async def ask(path: str, _query: Mapping[str, str | int]) -> RawAnswer:
        asked.append(path)
        return RawAnswer(status, {}, body)

    finding, *_ = findings = await of_authinfo(ask, "https://acme.halopsa.com")
    assert (found in finding.found, finding.verdict, asked) == (True, verdict, ["/api/authinfo"])
    assert "evil" not in repr(findings)


@pytest.mark.parametrize(
    ("tenant", "found", "verdict"),
    [
        ("acme", "as its address", Verdict.ASSUMED),
        ("ACME", "as its address", Verdict.ASSUMED),
        ("acme-prod", "not as its address", Verdict.TOLERATED),
        (None, "not as its address", Verdict.TOLERATED),
    ],
)
async def test_what_halo_calls_the_tenant_is_compared_and_not_told(
    tenant: str | None, found: str, verdict: Verdict
) -> None:
    async def ask(_path: str, _query: Mapping[str, str | int]) -> RawAnswer:
        return RawAnswer(
            200, {}, json.dumps({"auth_url": "https://acme.halopsa.com/auth", "tenant_id": tenant}).encode()
        )

    _, named = await of_authinfo(ask, "https://acme.halopsa.com")
    assert (named.found.startswith(found), named.verdict) == (True, verdict)
    assert "prod" not in named.found


def begin(request: Coroutine[None, None, httpx.Response]) -> asyncio.Task[httpx.Response]:
    return asyncio.get_running_loop().create_task(request)


async def test_a_person_logs_in_and_comes_back_to_this_machine(sandbox: RunningSandbox) -> None:
    redirect_url = APPLICATION["redirect_uris"][0].replace(":1/", f":{free_port()}/")
    application = {**APPLICATION, "redirect_uris": [redirect_url]}
    await sandbox.admin.put_tenant("signing-in", applications=[application], clients=CLIENTS)
    at = HaloApplication("signing-in", str(APPLICATION["client_id"]))
    async with httpx.AsyncClient(follow_redirects=True) as browser, httpx.AsyncClient() as http:
        oauth = OAuthClient(http, halo_url=sandbox.admin.url, redirect_url=redirect_url, timeout_s=10.0)
        going: list[asyncio.Task[httpx.Response]] = []

        async def returned(authorize_url: str) -> str:
            return await heard(
                redirect_url, authorize_url, lambda url: going.append(asyncio.ensure_future(browser.get(url)))
            )

        token = await sign_in(oauth, at, SCOPE, returned)
        assert token.access_token.get_secret_value()
        assert (await going[0]).text.startswith("Done.")

        async def another(_authorize_url: str) -> str:
            return f"{redirect_url}?code=c&state=of-another"

        with pytest.raises(CommandError, match="not the answer to this log-in"):
            await sign_in(oauth, at, SCOPE, another)
    await sandbox.admin.delete_tenant("signing-in")
