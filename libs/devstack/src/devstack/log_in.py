"""Connecting a partner as a program does: begin, log in to Halo, and complete with the same key (spec section 10)."""

import ssl
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

MOST_REDIRECTS = 10


async def log_in(
    api: httpx.AsyncClient,
    partner_id: str,
    tenant: str,
    client_id: str,
    *,
    halo_tenant: str | None = None,
    trust: ssl.SSLContext | None = None,
) -> httpx.Response:
    """Connect a partner with the key that `api` sends; return the answer of the call that completes it.

    `halo_tenant` is what Halo calls the tenant, where that differs; `trust`: the certificates to trust, if it is not
    those of everybody.

    Raises:
        httpx.HTTPStatusError: the connection could not be begun, or Halo showed an error instead of sending back.
    """
    path = f"/v1/partners/{partner_id}/connection"
    begun = await api.post(path, json={"tenant": tenant, "client_id": client_id, "halo_tenant": halo_tenant})
    begun.raise_for_status()
    return await api.post(f"{path}/complete", json=await through_halo(begun.json()["authorize_url"], trust))


async def through_halo(authorize_url: str, trust: ssl.SSLContext | None = None) -> dict[str, str]:
    """Visit Halo's log-in as a browser does; return what its redirect to `/accounts/` brings, without going there."""
    url = authorize_url
    async with httpx.AsyncClient(verify=trust or True, trust_env=False, timeout=30) as browser:
        for _ in range(MOST_REDIRECTS):
            answer = await browser.get(url)
            if not answer.is_redirect:
                answer.raise_for_status()
                raise ValueError("Halo shows a page for a person instead of sending the browser back")
            url = urljoin(url, answer.headers["location"])
            if urlsplit(url).path.endswith("/accounts/"):
                query = parse_qs(urlsplit(url).query)
                return {name: query[name][0] for name in ("state", "code", "iss") if name in query}
    raise ValueError("Halo redirects in a circle")
