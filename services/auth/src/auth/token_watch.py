"""Whether the stored tokens can be read: seen at once, not when the next run needs one (spec section 12)."""

import structlog
from halosync.domain.connection_sentences import LOG_IN_UNREADABLE
from halosync.domain.listing import counted
from halosync.ports.connections import EncryptedTokens
from halosync.runtime.vault import UnreadableError, Vault

from auth.ports import TokensAtRest

log = structlog.get_logger(__name__)


class UnreadableTokensError(Exception):
    """Stored tokens cannot be decrypted; the text says what to do."""


class TokenWatch:
    """Decrypts each generation of tokens once, and tells of those that it cannot decrypt."""

    def __init__(self, tokens: TokensAtRest, vault: Vault) -> None:
        self._tokens = tokens
        self._vault = vault
        self._readable: dict[str, int] = {}
        self._unreadable: list[EncryptedTokens] = []

    async def look(self) -> None:
        """Look at what is new since the last time, and at what could not be read then; the first time at all."""
        now = await self._tokens.generations()
        self._readable = {one: known for one, known in self._readable.items() if now.get(one) == known}
        unknown = [partner_id for partner_id in now if partner_id not in self._readable]
        before, self._unreadable = self._unreadable, []
        for tokens in await self._tokens.tokens(unknown):
            if self._reads(tokens):
                self._readable[tokens.partner_id] = tokens.generation
            else:
                self._unreadable.append(tokens)
        await self._tokens.note(self._unreadable, LOG_IN_UNREADABLE)
        if len(before) != len(self._unreadable):
            log.warning("stored tokens that cannot be read", number=len(self._unreadable), before=len(before))

    async def check(self) -> None:
        """Return if all that was looked at can be read; for the readiness.

        Raises:
            UnreadableTokensError: some cannot.
        """
        if self._unreadable:
            raise UnreadableTokensError(
                f"token_unreadable: the tokens of {counted(len(self._unreadable), 'partner')} were encrypted with a key"
                " that is not in HALOSYNC_TOKEN_KEYS: put it back, behind the first one, or have them connect again"
            )

    def _reads(self, tokens: EncryptedTokens) -> bool:
        try:
            self._vault.decrypt(tokens.access_token)
            self._vault.decrypt(tokens.refresh_token)
        except UnreadableError:
            return False
        return True
