"""`halosync halo`: what a partner's Halo does with each fact that halosync depends on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from urllib.parse import urlsplit

import httpx
import typer

from halosync.cli.connections import with_services
from halosync.cli.failures import OPERATORS_REQUEST, CommandError, told
from halosync.cli.halo_sign_in import LOCAL, heard, sign_in
from halosync.cli.halo_write_test import asked_first, write_test
from halosync.cli.output import Json, emit_json, show_table
from halosync.contracts.connection import ConnectionTested, RequestRefused, TestConnection
from halosync.domain.tenant import InvalidTenant
from halosync.halo.conformance import HaloConformance, of_sign_in
from halosync.halo.oauth import OAuthClient
from halosync.halo.public_network import mounts
from halosync.halo.transport import LIMITS, HaloTransport
from halosync.messaging.requests import Requests
from halosync.ports.conformance import Finding, RawAnswer, RawRequest, Verdict
from halosync.ports.failures import HaloFailure
from halosync.ports.oauth import HaloApplication, TokenAnswer
from halosync.ports.requests import NoReplyError
from halosync.runtime.settings import HaloSettings

SCOPE = "read:customers read:softwarelicensing edit:softwarelicensing offline_access"
REDIRECT_URL = "http://127.0.0.1:8899/accounts/"

app = typer.Typer(help="A partner's Halo: what it does with what halosync depends on.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep `check` a subcommand, also while it is the only one."""


@app.command("check")
def check(
    *,
    tenant: Annotated[
        str | None, typer.Option("--tenant", metavar="T", help="The tenant, or an address of its Halo.")
    ] = None,
    client_id: Annotated[
        str | None, typer.Option("--client-id", metavar="C", help="Of the application in that Halo.")
    ] = None,
    partner: Annotated[
        str | None, typer.Option("--partner", metavar="P", help="A partner that is connected; nobody has to log in.")
    ] = None,
    redirect_url: Annotated[
        str, typer.Option("--redirect-url", metavar="URL", help="As registered in Halo; on this machine, or anywhere.")
    ] = REDIRECT_URL,
    halo_tenant: Annotated[
        str | None, typer.Option("--halo-tenant", metavar="NAME", help="What Halo calls the tenant, if not its host.")
    ] = None,
    write_client: Annotated[
        int | None,
        typer.Option("--write-test", metavar="CLIENT", help="Write too: to this client, made for it. You are asked."),
    ] = None,
    paste: Annotated[bool, typer.Option("--paste", help="Paste the address that the browser comes back to.")] = False,
    as_json: Json = False,
) -> None:
    """Report what a Halo does, reading only: a table without names and secrets, that can be sent.

    By --tenant and --client-id you log in to Halo as the product does, and no token is kept. By --partner the planner
    reads with that partner's connection, within its request budget.

    Example: halosync halo check --tenant acme --client-id 4f6b1c1e-0000-4000-8000-1
    """
    by_log_in = tenant is not None and client_id is not None
    if by_log_in == (partner is not None) or (partner is not None and (tenant or client_id)):
        raise typer.BadParameter("give either --tenant and --client-id, or --partner")
    if partner is not None and write_client is not None:
        raise typer.BadParameter("--write-test needs a log-in of its own: give --tenant and --client-id")
    if write_client is not None:
        if as_json:
            raise typer.BadParameter("--json cannot ask: leave it out with --write-test")
        asked_first(write_client)
    if partner is not None:
        findings = _of_partner(partner)
    else:
        at = _Entered(tenant or "", client_id or "", halo_tenant, redirect_url, paste=paste)
        with told():
            findings = asyncio.run(_checked(at, write_client))
    if as_json:
        emit_json(findings)
    else:
        rows = [(each.fact, each.found, each.verdict.value) for each in findings]
        show_table(["fact", "found", "verdict"], rows, empty="Nothing.")


class _Entered:
    """Where to log in, and how the browser comes back."""

    def __init__(self, tenant: str, client_id: str, halo_tenant: str | None, redirect_url: str, *, paste: bool) -> None:
        self.tenant, self.client_id, self.halo_tenant = tenant, client_id, halo_tenant
        self.redirect_url, self.paste = redirect_url, paste

    async def returned(self, authorize_url: str) -> str:
        """Show where to log in and return the address that the browser came back to."""
        if urlsplit(self.redirect_url).hostname in LOCAL and not self.paste:
            return await heard(self.redirect_url, authorize_url, _show)
        _show(authorize_url)
        copied: str = await asyncio.to_thread(typer.prompt, "The address that the browser shows then", err=True)
        return copied


def _of_partner(partner: str) -> list[Finding]:
    async def ask(_pool: object, services: Requests) -> list[Finding]:
        try:
            reply = await services.ask(TestConnection(partner_id=partner))
        except NoReplyError as error:
            raise CommandError(f"the planner did not answer ({error}); {OPERATORS_REQUEST}") from None
        if isinstance(reply, RequestRefused):
            raise CommandError(reply.detail)
        if not isinstance(reply, ConnectionTested):
            raise CommandError("the planner could not do it now; try again")
        return [Finding(each.fact, each.found, Verdict(each.verdict)) for each in reply.findings]

    return with_services(ask)


async def _checked(entered: _Entered, write_client: int | None) -> list[Finding]:
    settings = HaloSettings()
    hosts = settings.halo_hosts
    try:
        at = HaloApplication(hosts.tenant_of(entered.tenant), entered.client_id, entered.halo_tenant)
        hosts.url(at.tenant)
    except InvalidTenant as error:
        raise CommandError(str(error)) from None
    async with _signed_in(settings, at, entered) as (transport, token):
        findings, access = of_sign_in(token, SCOPE), token.access_token.get_secret_value()

        async def make(request: RawRequest) -> RawAnswer:
            return await request(access)

        try:
            async for finding in HaloConformance(transport, hosts).findings(at.tenant, make):
                findings.append(finding)
        except HaloFailure as failure:
            raise CommandError(f"Halo could not be read: {failure.words}") from None
        if write_client is not None:
            findings += await write_test(transport, at.tenant, access, write_client)
        return findings


@asynccontextmanager
async def _signed_in(
    settings: HaloSettings, at: HaloApplication, entered: _Entered
) -> AsyncIterator[tuple[HaloTransport, TokenAnswer]]:
    hosts, timeout_s = settings.halo_hosts, settings.halo_timeout_s
    transport = HaloTransport(hosts, timeout_s)
    try:
        async with httpx.AsyncClient(timeout=timeout_s, mounts=mounts(hosts.custom_hosts, LIMITS)) as http:
            oauth = OAuthClient(http, halo_url=hosts.url, redirect_url=entered.redirect_url, timeout_s=timeout_s)
            yield transport, await sign_in(oauth, at, SCOPE, entered.returned)
    finally:
        await transport.close()


def _show(authorize_url: str) -> None:
    typer.echo(f"Open this address in a browser and log in to Halo:\n\n{authorize_url}\n", err=True)
