"""Composition of auth: settings, adapters, use cases, handlers."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import httpx
from halosync.halo.oauth import OAuthClient
from halosync.runtime.loops import every
from halosync.runtime.process import Composition, Parts, run
from halosync.runtime.settings import load
from halosync.store.connections import ConnectionStore

from auth.access_tokens import AccessTokens
from auth.app import build
from auth.connection_service import ConnectionService
from auth.settings import AuthSettings
from auth.vault import Vault


def main() -> None:
    """Run auth until it is told to stop."""
    settings = load(AuthSettings)

    def compose(parts: Parts) -> Composition:
        http = httpx.AsyncClient()
        halo = OAuthClient(
            http,
            halo_url=settings.halo_url,
            redirect_url=settings.redirect_url,
            timeout_s=settings.token_timeout_s,
        )
        connections, vault = ConnectionStore(parts.pool), Vault(settings.token_keys)
        tokens = AccessTokens(connections, halo, vault)
        service = ConnectionService(connections, halo, vault, scope=settings.oauth_scope)
        build(parts.broker, parts.publisher, service=service, tokens=tokens)

        def keep_fresh(stop: asyncio.Event) -> Coroutine[Any, Any, None]:
            return every(
                "refresh ahead", settings.token_refresh_interval_s, lambda: tokens.refresh_expiring(stop), stop
            )

        # Closed in reverse: the refreshes under way need the client.
        return Composition(background=[keep_fresh], close=[http.aclose, tokens.close])

    run("auth", settings, compose)


if __name__ == "__main__":
    main()
