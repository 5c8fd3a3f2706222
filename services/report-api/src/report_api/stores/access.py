"""Who may do what, and the partners themselves, as the API needs them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from halosync.contracts.settings import PartnerSettings
from halosync.domain.acts import Actor
from halosync.domain.roles import Principal, Role
from halosync.ports.audit import EVERY_ENTRY, Entry, EntryChoice
from halosync.ports.keys import CreatedKey, KeyRecord
from halosync.ports.partners import Partner, SettingsChanges
from halosync.ports.people import MOST_PEOPLE, Person
from halosync.ports.sessions import Notice, PartnerHeader, Session


class AuditLog(Protocol):
    """The audit log of a partner; see `AuditStore`."""

    async def page(
        self, partner_id: str, choice: EntryChoice = EVERY_ENTRY, *, after: int | None = None, most: int = 100
    ) -> Sequence[Entry]:
        """Return a partner's entries in the order of the choice, at most `most`.

        Args:
            partner_id: whose log.
            choice: which entries, and in which order.
            after: the `audit_id` of the entry behind which to begin; None begins with the first.
            most: how many at most.
        """
        ...

    async def actors(self, partner_id: str) -> Sequence[Actor]:
        """Return everybody who is in a partner's log, by name."""
        ...


class Keys(Protocol):
    """API keys; see `KeyStore`."""

    async def create(
        self, partner_id: str | None, name: str, *, by: Actor, role: Role = Role.ADMIN, key_id: UUID | None = None
    ) -> CreatedKey:
        """Create a key of a partner, or an operator's when `partner_id` is None.

        Args:
            partner_id: whose key.
            name: what it is for.
            by: who creates it.
            role: what it may do.
            key_id: the id it is to have, so that who asks twice gets one key; None for a new one.

        Raises:
            UnknownPartnerError: there is no such partner.
            KeyExistsError: there is a key of that id.
            TooManyKeysError: the partner has `MOST_IN_USE` keys in use.
        """
        ...

    async def authenticate(self, api_key: str) -> Principal | None:
        """Return who the key stands for; None if it is unknown or revoked."""
        ...

    async def in_use(self, key_id: UUID | None) -> bool:
        """Tell whether a key still serves, for who goes on answering it; None is no key."""
        ...

    async def page(
        self, partner_id: str, *, after: tuple[datetime, UUID] | None = None, most: int = 100
    ) -> Sequence[KeyRecord]:
        """Return a partner's keys, oldest first, revoked ones too, at most `most`.

        `after` is what the key behind which to begin is sorted by: when it was created, and its id.
        """
        ...

    async def list(self, partner_id: str | None = None) -> Sequence[KeyRecord]:
        """Return the keys of a partner, or all of them with the operators', revoked ones too."""
        ...

    async def number_in_use(self, partner_id: str) -> int:
        """Count the keys of a partner that are in use."""
        ...

    async def get(self, key_id: UUID, partner_id: str) -> KeyRecord | None:
        """Return a key of a partner, also a revoked one; None if there is none of that id."""
        ...

    async def revoke(self, key_id: UUID, *, by: Actor, owner: str | None = None) -> bool:
        """End the use of a key at once; False if there is no such key in use.

        Args:
            key_id: which key.
            by: who revokes it.
            owner: the partner whose key it must be; None for any key, operators' too.
        """
        ...


class Partners(Protocol):
    """Partners and their settings; see `PartnerStore`."""

    async def exists(self, partner_id: str) -> bool:
        """Tell whether there is such a partner."""
        ...

    async def list(self) -> Sequence[Partner]:
        """Return every partner, by id."""
        ...

    async def allow_shared_tenant(self, partner_id: str, *, allowed: bool = True, by: Actor) -> bool:
        """Let a partner connect a Halo that is connected for another one too, or no longer; False: it was so already.

        What is connected stays connected.

        Raises:
            UnknownPartnerError: there is no such partner.
        """
        ...

    async def settings(self, partner_id: str) -> PartnerSettings | None:
        """Return the settings of a partner; None if there is no such partner."""
        ...

    async def save_settings(
        self, partner_id: str, settings: PartnerSettings, *, by: Actor, seen: PartnerSettings | None = None
    ) -> SettingsChanges:
        """Replace all settings of a partner. A run that has planned already keeps those it planned with.

        It waits while an invoice of the partner is being stored, for as long as the pool lets a lock be waited for.

        Args:
            partner_id: whose.
            settings: all of them, as they shall be.
            by: who changes them.
            seen: what that person saw; None to replace whatever there is.

        Returns:
            What was changed; nothing when the settings were so already.

        Raises:
            UnknownPartnerError: there is no such partner.
            SettingsChangedError: they are not as `seen` any more; nothing was changed.
        """
        ...


class People(Protocol):
    """Who may sign in, and their roles; see `PeopleStore`."""

    async def access(self, email: str) -> Mapping[str | None, Role]:
        """Return the role of a person at each partner, and at None as an operator; empty: nobody knows the address."""
        ...

    async def get(self, partner_id: str | None, email: str) -> Person | None:
        """Return a person of a partner, or an operator; None if there is none."""
        ...

    async def page(self, partner_id: str | None, *, after: str | None = None, most: int = MOST_PEOPLE) -> list[Person]:
        """Return the people of a partner, or the operators, by address, at most `most` behind the address `after`."""
        ...

    async def put(self, partner_id: str | None, email: str, role: Role, *, by: Actor) -> Person:
        """Give a person a role, which counts from the person's next request on.

        Raises:
            UnknownPartnerError: there is no such partner.
            TooManyPeopleError: the partner has `MOST_PEOPLE` people.
            LastAdminError: it is the last admin, and would be none any more.
        """
        ...

    async def remove(self, partner_id: str | None, email: str, *, by: Actor) -> bool:
        """Take a person out, which ends their sessions here at once; False if there is none.

        Raises:
            LastAdminError: it is the last admin.
        """
        ...


class Sessions(Protocol):
    """The portal's sessions, each known by its token; see `SessionStore`."""

    async def open(self, principal: Principal) -> str:
        """Open a session for the owner of a key, or a person, and return its new token.

        Who may enter one partner alone acts for it at once.
        """
        ...

    async def find(self, token: str, *, in_use: bool = True, at: str | None = None) -> Session | None:
        """Return the session of a token; None if there is none, it has expired, or who opened it may enter no more.

        `in_use` False: asking does not count as use, because a script asks and nobody may sit there. `at`: the partner
        whose page is asked for; the session has what that page shows of it.
        """
        ...

    async def is_open(self, token: str, acts_for: str) -> bool:
        """Tell whether a session is still in use, acts for this partner and may; asking does not count as use."""
        ...

    async def act_for(self, token: str, session: Session, partner_id: str) -> None:
        """Let a session act for a partner from now on; going on for the same one is no change."""

    async def add_notice(self, token: str, notice: Notice) -> None:
        """Keep a notice for the next page of the session; it may quote whatever somebody has typed."""

    async def drop_notices(self, token: str, notices: Sequence[Notice]) -> None:
        """Forget notices that a page has shown."""

    async def close(self, token: str, session: Session) -> None:
        """End a session. Ending one that has ended does nothing."""

    async def header(self, partner_id: str) -> PartnerHeader | None:
        """Return what every page of a partner shows; None if there is no such partner."""
        ...
