"""Signing in to a Halo from the command line, as the product does: in a browser, with a code that comes back.

The browser returns to an address that is registered in Halo. One on this machine is listened at; from any other the
person copies the address that the browser shows.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from halosync.cli.failures import CommandError
from halosync.halo.oauth import OAuthClient
from halosync.ports.oauth import HaloApplication, OAuthError, TokenAnswer

PATIENCE_S = 600.0
"""How long a person may take to log in, in seconds."""

LOCAL = ("127.0.0.1", "localhost")

_PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nDone. Go back to the command line.\n"
_MOST_HEAD = 16_384

AskPerson = Callable[[str], Awaitable[str]]
"""Shows the address to log in at, and returns the one that the browser came back to."""


async def sign_in(oauth: OAuthClient, at: HaloApplication, scope: str, returned: AskPerson) -> TokenAnswer:
    """Have a person log in and exchange the code for tokens, which stay in memory.

    Raises:
        CommandError: Halo or the person refused, or the address belongs to another log-in.
    """
    state, verifier = secrets.token_urlsafe(24), SecretStr(secrets.token_urlsafe(48))
    address = await returned(oauth.authorize_url(at=at, scope=scope, state=state, verifier=verifier))
    query = parse_qs(urlsplit(address.strip()).query)
    if "error" in query:
        raise CommandError("Halo did not let you in: the redirect says so in error_description; nothing was read")
    if query.get("state") != [state] or len(query.get("code", [])) != 1:
        raise CommandError("this address is not the answer to this log-in; start again and copy the whole address")
    try:
        return await oauth.exchange(at=at, scope=scope, code=SecretStr(query["code"][0]), verifier=verifier)
    except OAuthError as error:
        raise CommandError(f"Halo gave no tokens: {error}") from None


async def heard(redirect_url: str, authorize_url: str, show: Callable[[str], object]) -> str:
    """Show the address, listen where Halo returns to on this machine, and return the address that it returned to.

    Raises:
        CommandError: nobody logged in for too long, or the port is taken.
    """
    where, path = urlsplit(redirect_url), asyncio.get_running_loop().create_future()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = (await asyncio.wait_for(reader.readuntil(b"\r\n"), 10.0)).decode("ascii", "replace").split(" ")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, ConnectionError):
            writer.close()
            return
        writer.write(_PAGE)
        writer.close()
        if len(line) > 1 and urlsplit(line[1]).path == where.path and not path.done():
            path.set_result(line[1])

    try:
        listening = await asyncio.start_server(answer, "127.0.0.1", where.port or 80, limit=_MOST_HEAD)
    except OSError as error:
        raise CommandError(f"cannot listen at {redirect_url}: {error.strerror}; give another --redirect-url") from None
    async with listening:
        show(authorize_url)
        try:
            return str(await asyncio.wait_for(path, PATIENCE_S))
        except TimeoutError:
            raise CommandError("nobody logged in within ten minutes; start again") from None
