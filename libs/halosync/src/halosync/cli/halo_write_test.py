"""The part of `halosync halo check` that writes: asked twice, to a client that was made for it, and cleaned up."""

import asyncio
import json
from collections.abc import Mapping

import typer

from halosync.cli.failures import CommandError
from halosync.cli.output import complain, visible
from halosync.halo.read import CLIENTS_PATH
from halosync.halo.transport import HaloTransport
from halosync.halo.write_check import NotForTestsError, WriteCheck
from halosync.halo.write_check_licences import NAME, STAMP
from halosync.ports.conformance import Finding, RawAnswer, Verdict
from halosync.ports.failures import HaloFailure


def asked_first(client_id: int) -> None:
    """Ask before anything else; ends the command unless the answer is yes."""
    typer.confirm(
        f"Licences will be created, changed and deleted in client {client_id}. Was this client made for the test?",
        abort=True,
        err=True,
    )


async def write_test(transport: HaloTransport, tenant: str, token: str, client_id: int) -> list[Finding]:
    """Ask once more, by the client's name; then try out writes and clean up, whatever happens.

    Raises:
        CommandError: it is no client for tests, or the answer is no. Nothing was written.
    """

    async def send(method: str, path: str, params: Mapping[str, str | int] | None, content: bytes | None) -> RawAnswer:
        return await transport.raw(tenant, token, method, path, params=dict(params or {}), content=content)

    check, findings = WriteCheck(send, client_id), list[Finding]()
    try:
        name = _name(await send("GET", f"{CLIENTS_PATH}/{client_id}", None, None))
        await check.begin()
    except (HaloFailure, NotForTestsError) as error:
        raise CommandError(f"nothing was written: {error}") from None
    question = f"Client {client_id} is called {visible(name)!r} and has no licences. Write to it now?"
    if not await asyncio.to_thread(typer.confirm, question, err=True):
        raise CommandError("nothing was written")
    try:
        await check.begin()  # the answer may have taken long
    except (HaloFailure, NotForTestsError) as error:
        raise CommandError(f"nothing was written: {error}") from None
    try:
        async for finding in check.findings():
            findings.append(finding)
    except (HaloFailure, NotForTestsError) as failure:
        findings.append(_broke_off(failure))
    finally:
        left = await check.clean_up()
        if left or left is None:
            complain(_left_behind(client_id, left))
        if check.others:
            others = ", ".join(map(str, check.others))
            complain(f"the licences {others} came to client {client_id} meanwhile and are not of this test: left alone")
    return findings


def _left_behind(client_id: int, left: list[int] | None) -> str:
    """Say what a person is to look for and to delete; None: what Halo has told nothing of."""
    if left is not None:
        return f"client {client_id} may still have the licences {', '.join(map(str, left))}: delete them in Halo"
    return (
        f"Halo did not say of every licence that it was asked for whether it made it, and its list does not show all. "
        f"Look in client {client_id} now and in an hour: delete every licence whose name begins with {NAME!r} or whose "
        f"notes hold {STAMP}"
    )


def _name(answer: RawAnswer) -> str:
    """Return what Halo calls the client.

    Raises:
        NotForTestsError: it shows no such client.
    """
    try:
        name = json.loads(answer.body)["name"]
    except (ValueError, KeyError, TypeError):
        raise NotForTestsError(f"Halo does not show this client (status {answer.status})") from None
    return str(name)


def _broke_off(failure: HaloFailure | NotForTestsError) -> Finding:
    """Return what is said of a test that Halo ended by not answering, or by showing no list."""
    status = failure.status if isinstance(failure, HaloFailure) else None
    found = "not tried: no answer" if status is None else f"not tried: status {status}"
    return Finding("write: the rest", found, Verdict.NEW)
