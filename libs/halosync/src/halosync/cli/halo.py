"""`halosync halo`: what a partner's Halo does with each fact that halosync depends on."""

import asyncio
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

import httpx
import typer

from halosync.cli.failures import CommandError, told
from halosync.cli.halo_sign_in import LOCAL, heard, sign_in
from halosync.cli.output import Json, emit_json, show_table
from halosync.domain.tenant import InvalidTenant
from halosync.halo.body import ACCEPT_ENCODING, BodyTooLargeError, bounded
from halosync.halo.conformance import Finding, RawAnswer, of_authinfo, of_lists, of_sign_in
from halosync.halo.oauth import OAuthClient
from halosync.halo.public_network import mounts
from halosync.halo.transport import LIMITS, MOST_ANSWER_BYTES
from halosync.ports.oauth import HaloClient
from halosync.runtime.settings import HaloSettings

SCOPE = "read:customers read:softwarelicensing edit:softwarelicensing offline_access"
REDIRECT_URL = "http://127.0.0.1:8899/accounts/"

app = typer.Typer(help="A partner's Halo: what it does with what halosync depends on.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep `check` a subcommand, also while it is the only one."""


@app.command("check")
def check(
    tenant: Annotated[str, typer.Option("--tenant", metavar="T", help="The tenant, or an address of its Halo.")],
    client_id: Annotated[str, typer.Option("--client-id", metavar="C", help="Of the application in that Halo.")],
    redirect_url: Annotated[
        str, typer.Option("--redirect-url", metavar="URL", help="As registered in Halo; on this machine, or anywhere.")
    ] = REDIRECT_URL,
    halo_tenant: Annotated[
        str | None, typer.Option("--halo-tenant", metavar="NAME", help="What Halo calls the tenant, if not its host.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Sign in as the product does and report, reading only, what this Halo does: without names and secrets.

    Example: halosync halo check --tenant acme --client-id 4b1f0a6e
    """
    with told():
        findings = asyncio.run(_checked(tenant, client_id, redirect_url, halo_tenant))
    if as_json:
        emit_json(findings)
    else:
        show_table(
            ["fact", "found", "verdict"], [(f.fact, f.found, f.verdict.value) for f in findings], empty="Nothing."
        )


async def _checked(entered: str, client_id: str, redirect_url: str, halo_tenant: str | None) -> list[Finding]:
    settings = HaloSettings()
    hosts = settings.halo_hosts
    try:
        at = HaloClient(hosts.tenant_of(entered), client_id, halo_tenant)
        base = hosts.url(at.tenant)
    except InvalidTenant as error:
        raise CommandError(str(error)) from None
    async with httpx.AsyncClient(timeout=settings.halo_timeout_s, mounts=mounts(hosts.custom_hosts, LIMITS)) as http:
        oauth = OAuthClient(http, halo_url=hosts.url, redirect_url=redirect_url, timeout_s=settings.halo_timeout_s)

        async def returned(authorize_url: str) -> str:
            if urlsplit(redirect_url).hostname in LOCAL:
                return await heard(redirect_url, authorize_url, _show)
            _show(authorize_url)
            copied: str = await asyncio.to_thread(typer.prompt, "The address that the browser shows then", err=True)
            return copied

        token = await sign_in(oauth, at, SCOPE, returned)
        bearer = f"Bearer {token.access_token.get_secret_value()}"
        headers = {"Authorization": bearer, "Accept": "application/json", **ACCEPT_ENCODING}

        async def ask(path: str, query: Mapping[str, str | int]) -> RawAnswer:
            try:
                async with http.stream(
                    "GET", base + path, params=query, headers={**headers, **ACCEPT_ENCODING}
                ) as streamed:
                    answer = await bounded(streamed, MOST_ANSWER_BYTES)
            except (httpx.HTTPError, BodyTooLargeError) as error:
                raise CommandError(f"Halo could not be read: {error or type(error).__name__}") from None
            return RawAnswer(answer.status_code, {name.lower(): "" for name in answer.headers}, answer.content)

        return [*of_sign_in(token, SCOPE), await of_authinfo(ask, base), *await of_lists(ask)]


def _show(authorize_url: str) -> None:
    typer.echo(f"Open this address in a browser and log in to Halo:\n\n{authorize_url}\n", err=True)
