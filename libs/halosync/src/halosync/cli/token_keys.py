"""`halosync keys`: the keys that encrypt tokens in the database."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import typer
from pydantic import SecretStr

from halosync.cli.connections import with_database
from halosync.cli.failures import CommandError, told
from halosync.cli.output import Json, complain, emit_json, say
from halosync.messaging.sealing import new_private_key, public_key
from halosync.runtime.settings import load
from halosync.runtime.token_keys import TokenKeySettings
from halosync.runtime.vault import UnreadableError, Vault
from halosync.store.pool import Pool
from halosync.store.sealing_keys import SealingKeyStore
from halosync.store.token_keys import TokenKeyStore

app = typer.Typer(help="The token keys (HALOSYNC_TOKEN_KEYS).", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep the subcommand's name: a group of one command would else be that command."""


@dataclass(frozen=True)
class Rotated:
    """What was encrypted anew.

    Attributes:
        keys: how many keys HALOSYNC_TOKEN_KEYS has.
        encrypted_anew: how many partners' tokens are encrypted with the first key now, and were not.
        already: how many were.
        unreadable: the partners whose tokens none of the keys decrypts.
        unreadable_webhooks: the partners with a webhook whose secret none of the keys opens.
    """

    keys: int
    encrypted_anew: int
    already: int
    unreadable: Sequence[str]
    unreadable_webhooks: Sequence[str]

    @property
    def old_keys_may_go(self) -> bool:
        """Whether nothing that is stored needs a key but the first."""
        return not self.unreadable and not self.unreadable_webhooks


@app.command("rotate")
def rotate(*, as_json: Json = False) -> None:
    """Encrypt everything anew with the first key of HALOSYNC_TOKEN_KEYS, and say whether the others may go.

    Safe to repeat, and while auth works. Run it with the settings of auth, whose role alone may read tokens, once every
    auth has the new key in front:

    Example: docker compose run --rm auth halosync keys rotate
    """
    keys = load(TokenKeySettings).token_keys
    vault = Vault(keys)

    async def work(pool: Pool) -> Rotated:
        try:
            await _attempts(TokenKeyStore(pool), vault)
            unreadable_webhooks = await _sealing_keys(SealingKeyStore(pool), vault)
            return await _tokens(TokenKeyStore(pool), vault, len(keys), unreadable_webhooks)
        except asyncpg.InsufficientPrivilegeError:
            raise CommandError(
                "the role of HALOSYNC_DATABASE_URL may not read tokens: run it with the settings of auth, as in "
                "`docker compose run --rm auth halosync keys rotate`"
            ) from None

    with told():
        rotated = with_database(work)
    if as_json:
        emit_json({**vars(rotated), "old_keys_may_go": rotated.old_keys_may_go})
    else:
        say(f"Encrypted anew: the tokens of {rotated.encrypted_anew} partners; {rotated.already} were already.")
        if rotated.old_keys_may_go and rotated.keys > 1:
            say(
                "Nothing that is stored needs the other keys. Once every auth runs with this first key, take them out "
                "of HALOSYNC_TOKEN_KEYS and start auth again."
            )
        elif rotated.old_keys_may_go:
            say("There is one key, and everything is encrypted with it.")
    if rotated.unreadable:
        complain(
            f"no key decrypts the tokens of {', '.join(rotated.unreadable)}: put the key that is missing behind the "
            "first one and repeat, or have these partners connect again"
        )
    if rotated.unreadable_webhooks:
        complain(
            f"no key opens the secrets of webhooks of {', '.join(rotated.unreadable_webhooks)}: put the key that is "
            "missing behind the first one and repeat, or have these partners delete the webhooks that cannot be signed "
            "and create them again"
        )
    if not rotated.old_keys_may_go:
        raise typer.Exit(1)


async def _tokens(store: TokenKeyStore, vault: Vault, keys: int, unreadable_webhooks: Sequence[str]) -> Rotated:
    encrypted, already, unreadable = 0, 0, []
    for partner_id in await store.partners():
        try:
            changed = await store.encrypt_anew(partner_id, vault.anew)
        except UnreadableError:
            unreadable.append(partner_id)
            continue
        encrypted, already = encrypted + changed, already + (not changed)
    return Rotated(keys, encrypted, already, unreadable, unreadable_webhooks)


async def _attempts(store: TokenKeyStore, vault: Vault) -> None:
    """Encrypt the log-ins anew that are open; one that cannot be read is begun again by whoever is at it."""
    for state_hash, before in (await store.verifiers()).items():
        try:
            anew = vault.anew(before)
        except UnreadableError:
            continue
        if anew is not None:
            await store.replace_verifier(state_hash, before, anew)


async def _sealing_keys(store: SealingKeyStore, vault: Vault) -> Sequence[str]:
    """Encrypt all sealing keys anew; return the partners with a webhook that needs one that cannot be read.

    All of them, not only those that webhooks need now: what is sealed for an older one may just be on its way. First,
    if the published one is not encrypted with the first key, a new one is published: whoever has the old token key and
    a copy of the database shall not open what comes.
    """
    keys, unreadable = await store.all_encrypted(), set[str]()
    if keys and not vault.is_current(keys[-1].encrypted):  # without any, auth has never run
        private = new_private_key()
        await store.add(public_key(private), vault.encrypt(SecretStr(private.hex())))
    for key in keys:
        try:
            anew = vault.anew(key.encrypted)
        except UnreadableError:
            unreadable.update(key.needed_by)
            continue
        if anew is not None:
            await store.replace(key, anew)
    return sorted(unreadable)
