"""What the token keys are for: the tokens that are stored, whether they can be read, and encrypting them anew."""

from collections.abc import Callable, Mapping, Sequence

from halosync.ports.connections import EncryptedTokens
from halosync.store.connections import LOCK_PATIENCE
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES

Anew = Callable[[bytes], bytes | None]
"""Encrypts with the newest key; None: it is already."""


class TokenKeyStore:
    """Everything in Postgres that is encrypted with the token keys, but for the sealing keys."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def generations(self) -> Mapping[str, int]:
        """Return the generation of each connected partner's tokens."""
        return {row["partner_id"]: row["generation"] async for row in QUERIES.token_generations(self._pool)}

    async def tokens(self, partner_ids: Sequence[str]) -> Sequence[EncryptedTokens]:
        """Return the tokens of these partners as they are stored."""
        rows = QUERIES.tokens_to_look_at(self._pool, partner_ids=list(partner_ids))
        return [EncryptedTokens(**row) async for row in rows]

    async def note(self, unreadable: Sequence[EncryptedTokens], problem: str) -> None:
        """Keep on these partners' connections that their tokens cannot be read, and of all others that they can."""
        partner_ids = [tokens.partner_id for tokens in unreadable]
        generations = [tokens.generation for tokens in unreadable]
        await QUERIES.note_unreadable(self._pool, problem=problem, partner_ids=partner_ids, generations=generations)
        await QUERIES.note_readable(self._pool, unreadable=partner_ids)

    async def partners(self) -> Sequence[str]:
        """Return the partners that have tokens."""
        return [row["partner_id"] async for row in QUERIES.partners_with_tokens(self._pool)]

    async def encrypt_anew(self, partner_id: str, anew: Anew) -> bool:
        """Encrypt a partner's tokens with the newest key; False if they are already, or gone.

        Under the lock that a refresh holds too: what it has just stored is never overwritten.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.wait_for_locks(connection, patience=LOCK_PATIENCE)
            await QUERIES.lock_connection(connection, partner_id=partner_id)
            row = await QUERIES.lock_token(connection, partner_id=partner_id)
            if row is None:
                return False
            access_token, refresh_token = anew(row["access_token"]), anew(row["refresh_token"])
            if access_token is None and refresh_token is None:
                return False
            await QUERIES.encrypt_token_anew(
                connection,
                partner_id=partner_id,
                access_token=access_token or row["access_token"],
                refresh_token=refresh_token or row["refresh_token"],
            )
            return True

    async def verifiers(self) -> Mapping[bytes, bytes]:
        """Return the encrypted verifiers of the attempts to connect that are open, by the hash of their state."""
        return {row["state_hash"]: row["code_verifier"] async for row in QUERIES.open_verifiers(self._pool)}

    async def replace_verifier(self, state_hash: bytes, before: bytes, anew: bytes) -> None:
        """Store a verifier that was encrypted anew."""
        await QUERIES.encrypt_verifier_anew(self._pool, state_hash=state_hash, before=before, anew=anew)
