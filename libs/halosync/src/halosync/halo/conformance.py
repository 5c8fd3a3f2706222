"""What a real Halo does with each fact that halosync depends on, found out by reading alone (halo-api sections 1 to 5).

What it does with writes is `halosync.halo.write_check`.

The findings hold numbers and names of fields, and nothing of the partner's: no names, no ids, no secrets.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from halosync.domain.foreign_marks import FOREIGN_MARKS
from halosync.domain.listing import are, counted
from halosync.domain.tenant import HaloHosts
from halosync.halo import rows
from halosync.halo.read import CLIENTS_PATH, LICENCES_PATH
from halosync.halo.rows import HaloRow
from halosync.halo.transport import HaloTransport
from halosync.ports.conformance import Finding, Make, RawAnswer, Verdict
from halosync.ports.failures import UnreadableRowError
from halosync.ports.oauth import TokenAnswer

PAGE, LARGE_PAGE = 100, 1000
"""Rows asked for: what a read begins with, and the most it would ask for."""

AUTHINFO_PATH = "/api/authinfo"

USED = {
    "clients": ("id", "name", "inactive"),
    "licences": ("id", "client_id", "name", "count", "price", "purchase_price", "billing_cycle", "is_active"),
}
"""The fields of a row that halosync reads."""

_LIMIT_WORDS = ("rate", "limit", "retry", "quota")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


Ask = Callable[[str, Mapping[str, str | int]], Awaitable[RawAnswer]]
"""Sends a GET of a path with these parameters."""


class HaloConformance:
    """Finds out what a tenant's Halo does.

    Args:
        transport: sends the requests.
        hosts: where Halo may be; an address that Halo names itself is compared with that, and never asked.
    """

    def __init__(self, transport: HaloTransport, hosts: HaloHosts) -> None:
        self._transport = transport
        self._hosts = hosts

    async def findings(self, tenant: str, make: Make) -> AsyncIterator[Finding]:
        """Yield one finding after the other; `make` makes the few requests.

        Raises:
            HaloFailure: no answer, or one that refuses the token or names the limit.
        """

        async def ask(path: str, query: Mapping[str, str | int]) -> RawAnswer:
            return await make(lambda token: self._transport.raw(tenant, token, "GET", path, params=dict(query)))

        for finding in await of_authinfo(ask, self._hosts.url(tenant)):
            yield finding
        async for finding in of_lists(ask):
            yield finding


def of_sign_in(token: TokenAnswer, scope: str) -> list[Finding]:
    """Compare the answer of the token endpoint with what was asked for."""
    if token.granted_scopes is None:
        said = Finding("scope of the token", "the answer has none: it proves nothing", Verdict.TOLERATED)
    else:
        granted = set(token.granted_scopes)
        implied = {name.replace("edit:", "read:", 1) for name in granted} | granted
        lacking = sorted(set(scope.split()) - implied - {"offline_access"}) if "all" not in granted else []
        found = f"lacks {', '.join(lacking)}: tick it in Halo" if lacking else "all that was asked for"
        said = Finding("scope of the token", found, Verdict.NEW if lacking else Verdict.ASSUMED)
    kept = token.refresh_token is not None
    return [
        said,
        Finding("refresh token", "given" if kept else "none", Verdict.ASSUMED if kept else Verdict.NEW),
        Finding("lifetime of the token", f"{token.lifetime_s:g} s", Verdict.ASSUMED),
    ]


async def of_authinfo(ask: Ask, base: str) -> list[Finding]:
    """Ask without looking further where this Halo's server for log-ins is; an address that it names is never asked."""
    fact, answer = "authinfo: server for log-ins", await ask(AUTHINFO_PATH, {})
    if answer.status == HTTPStatus.NOT_FOUND:
        return [Finding(fact, "not told", Verdict.TOLERATED)]
    try:
        told = json.loads(answer.body.removeprefix(_BYTE_ORDER_MARK))
        named, tenant = urlsplit(str(told["auth_url"])), told.get("tenant_id")
    except (ValueError, KeyError, TypeError, AttributeError):
        return [Finding(fact, f"answered with status {answer.status}, and names none", Verdict.TOLERATED)]
    own = urlsplit(base)
    same = (named.scheme.lower(), named.netloc.lower()) == (own.scheme, own.netloc.lower())
    elsewhere = "another host; it was not asked, and gets no token"
    label = (own.hostname or "").partition(".")[0]
    called = str(tenant or "").lower() in {label, (own.path.rpartition("/")[2] or label).lower()}
    otherwise = "not as its address; if Halo's log-in asks for a tenant, enter its name in Halo when you connect"
    return [
        Finding(fact, "this Halo's own", Verdict.ASSUMED) if same else Finding(fact, elsewhere, Verdict.NEW),
        Finding(
            "authinfo: what Halo calls the tenant",
            "as its address" if called else otherwise,
            Verdict.ASSUMED if called else Verdict.TOLERATED,
        ),
    ]


async def of_lists(ask: Ask) -> AsyncIterator[Finding]:
    """Read a few pages of clients and licences and yield what they show."""
    for what, path in (("clients", CLIENTS_PATH), ("licences", LICENCES_PATH)):
        async for finding in _of_list(ask, what, path):
            yield finding


async def _of_list(ask: Ask, what: str, path: str) -> AsyncIterator[Finding]:
    first = await ask(path, _query(1, PAGE))
    envelope, findings = _envelope(what, first)
    for finding in findings:
        yield finding
    if envelope is None:
        return
    shown = envelope[what] or []
    for finding in _of_rows(what, shown):
        yield finding
    yield _limit_headers(what, first)
    count, received = rows.whole(envelope.get("record_count")), len(shown)
    yield Finding(f"{what}: rows", f"{received} of {count} on the first page", Verdict.ASSUMED)
    if received:
        yield await _page_2(ask, what, path, shown, count or 0)
    if received >= PAGE or (count or 0) > received:
        yield await _large_page(ask, what, path, received)
    if what == "licences" and received:
        yield await _narrowed(ask, shown)


def _query(page_no: int, page_size: int) -> dict[str, str | int]:
    return {"pageinate": "true", "page_size": page_size, "page_no": page_no, "includeinactive": "true"}


def _envelope(what: str, answer: RawAnswer) -> tuple[HaloRow | None, list[Finding]]:
    """Take the list out of an answer; None where it is none that halosync would read."""
    fact = f"{what}: list"
    if answer.status != 200:
        return None, [Finding(fact, f"answered with status {answer.status}", Verdict.NEW)]
    try:
        envelope = json.loads(answer.body.removeprefix(_BYTE_ORDER_MARK))
        count = rows.whole(envelope.get("record_count"))
        found = envelope.get(what)
    except (ValueError, AttributeError):
        return None, [Finding(fact, "is no JSON object with a record_count", Verdict.NEW)]
    if count is None or not (isinstance(found, list) or (found is None and count == 0)):
        return None, [Finding(fact, f"has the keys {', '.join(sorted(envelope)[:20])}", Verdict.NEW)]
    odd = [
        *(["a byte order mark"] if answer.body.startswith(_BYTE_ORDER_MARK) else []),
        *(["record_count as text"] if isinstance(envelope["record_count"], str) else []),
        *(["null for no rows"] if found is None else []),
    ]
    verdict = Verdict.TOLERATED if odd else Verdict.ASSUMED
    return envelope, [Finding(fact, ", ".join(odd) or "record_count and rows", verdict)]


def _of_rows(what: str, shown: Sequence[Any]) -> Iterable[Finding]:
    unread = sum(not _readable(what, row, position) for position, row in enumerate(shown, 1))
    objects = [row for row in shown if isinstance(row, dict)]
    as_text = [name for name in USED[what] if any(_number_as_text(name, row.get(name)) for row in objects)]
    absent = [name for name in USED[what] if objects and not any(name in row for row in objects)]
    if unread:
        yield Finding(f"{what}: values", f"{counted(unread, 'row')} {are(unread)} not understood", Verdict.NEW)
    if as_text:
        yield Finding(f"{what}: values", f"as text: {', '.join(as_text)}", Verdict.TOLERATED)
    if absent:
        yield Finding(f"{what}: fields", f"never shown: {', '.join(absent)}", Verdict.NEW)
    if objects and not (unread or as_text or absent):
        yield Finding(f"{what}: fields and values", "all that are used", Verdict.ASSUMED)
    marks = [name for name in FOREIGN_MARKS if any(name in row for row in objects)]
    if what == "licences" and objects:
        yield Finding("marks of others", ", ".join(marks) or "none of the known fields is shown", Verdict.ASSUMED)


def _readable(what: str, row: object, position: int) -> bool:
    try:
        rows.client(row, position) if what == "clients" else rows.licence(row, position, FOREIGN_MARKS)
    except UnreadableRowError:
        return False
    return True


def _number_as_text(name: str, value: object) -> bool:
    return name not in {"name", "billing_cycle"} and isinstance(value, str) and bool(value.strip())


def _limit_headers(what: str, answer: RawAnswer) -> Finding:
    names = sorted(name for name in answer.headers if any(word in name for word in _LIMIT_WORDS))
    if names:
        return Finding(f"{what}: headers of a limit", ", ".join(names), Verdict.NEW)
    return Finding(f"{what}: headers of a limit", "none", Verdict.ASSUMED)


async def _rows_of(ask: Ask, what: str, path: str, query: Mapping[str, str | int]) -> list[Any] | None:
    envelope, _ = _envelope(what, await ask(path, query))
    return None if envelope is None else envelope[what] or []


async def _page_2(ask: Ask, what: str, path: str, first: Sequence[Any], count: int) -> Finding:
    fact, known = f"{what}: page 2", {str(row.get("id")) for row in first if isinstance(row, dict)}
    second = await _rows_of(ask, what, path, _query(2, PAGE))
    if second is None:
        return Finding(fact, "is no list", Verdict.NEW)
    new = {str(row.get("id")) for row in second if isinstance(row, dict)} - known
    if count > len(first):
        heeded = Finding(fact, counted(len(new), "other row"), Verdict.ASSUMED)
        return heeded if new else Finding(fact, "the same rows: page_no is ignored", Verdict.TOLERATED)
    if new:
        return Finding(fact, f"{counted(len(new), 'row')} more than record_count says", Verdict.TOLERATED)
    return Finding(fact, "the last page again" if second else "no rows", Verdict.ASSUMED)


async def _large_page(ask: Ask, what: str, path: str, usual: int) -> Finding:
    fact, large = f"{what}: a page of {LARGE_PAGE}", await _rows_of(ask, what, path, _query(1, LARGE_PAGE))
    if large is None:
        return Finding(fact, "is refused", Verdict.TOLERATED)
    if len(large) <= usual:
        return Finding(fact, f"cut to {len(large)}", Verdict.TOLERATED)
    return Finding(fact, counted(len(large), "row"), Verdict.ASSUMED)


async def _narrowed(ask: Ask, shown: Sequence[Any]) -> Finding:
    fact = "licences: client_id"
    client_id = next((row["client_id"] for row in shown if isinstance(row, dict) and row.get("client_id")), None)
    if client_id is None:
        return Finding(fact, "no licence shows its client", Verdict.NEW)
    found = await _rows_of(ask, "licences", LICENCES_PATH, {**_query(1, PAGE), "client_id": client_id})
    if not found:
        return Finding(fact, "shows nothing", Verdict.NEW)
    others = sum(str(row.get("client_id")) != str(client_id) for row in found)
    return Finding(
        fact,
        f"shows {counted(others, 'licence')} of others" if others else "heeded",
        Verdict.NEW if others else Verdict.ASSUMED,
    )
