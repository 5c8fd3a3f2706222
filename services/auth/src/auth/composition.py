"""How the process is put together: settings, adapters, use cases, handlers, run."""

import asyncio
from collections.abc import Coroutine

import httpx
from halosync.halo.oauth import OAuthClient
from halosync.halo.public_network import mounts
from halosync.halo.read import HaloReader
from halosync.halo.transport import LIMITS, HaloTransport
from halosync.runtime.halo_sample import SAMPLE_PAGE_SIZE
from halosync.runtime.loops import every, every_loop
from halosync.runtime.process import Composition, Parts, run
from halosync.runtime.settings import load
from halosync.runtime.vault import Vault
from halosync.store.connections import ConnectionStore
from halosync.store.halo_aliases import HaloAliases
from halosync.store.limiter import RateLimiter
from halosync.store.sealing_keys import SealingKeyStore
from halosync.store.token_keys import TokenKeyStore

from auth.app import build
from auth.assembly import assemble
from auth.environment import AuthSettings
from auth.keyring import Keyring
from auth.ports import Ports
from auth.token_watch import TokenWatch

PUBLISH_KEY_S = 30.0
"""How often auth looks whether the published key is one that it can open; the first time at once."""


LOOK_S = 10.0
"""How often auth looks whether it can read the stored tokens; the first time at once."""


def compose(settings: AuthSettings, parts: Parts) -> Composition:
    """Put auth together on connected servers."""
    http = httpx.AsyncClient(mounts=mounts(settings.halo_hosts.custom_hosts, LIMITS))
    transport = HaloTransport(settings.halo_hosts, settings.halo_timeout_s)
    vault = Vault(settings.token_keys)
    keyring = Keyring(SealingKeyStore(parts.pool), vault)
    ports = Ports(
        connections=ConnectionStore(parts.pool),
        server=OAuthClient(
            http,
            halo_url=settings.halo_hosts.url,
            redirect_url=settings.redirect_url,
            timeout_s=settings.token_timeout_s,
        ),
        lists=HaloReader(transport, SAMPLE_PAGE_SIZE),
        limiter=RateLimiter(parts.pool),
        vault=vault,
    )
    auth = assemble(ports, settings.rules)
    build(parts.broker, parts.publisher, auth, keyring)

    def keep_fresh(stop: asyncio.Event) -> Coroutine[None, None, None]:
        return every(
            "refresh ahead", settings.token_refresh_interval_s, lambda: auth.tokens.refresh_expiring(stop), stop
        )

    # Closed in reverse: the refreshes under way need the client.
    publish = every_loop("publish the sealing key", PUBLISH_KEY_S, keyring.publish)
    watch = TokenWatch(TokenKeyStore(parts.pool), vault)
    look = every_loop("look whether the stored tokens can be read", LOOK_S, watch.look)
    return Composition(
        prepare=[lambda: HaloAliases(parts.pool).keep(settings.halo_hosts.same_as)],
        background=[publish, look, keep_fresh],
        close=[transport.close, http.aclose, auth.tokens.close],
        checks={"tokens": watch.check},
    )


def main() -> None:
    """Run auth until SIGTERM."""
    settings = load(AuthSettings)
    run("auth", settings, lambda parts: compose(settings, parts))
