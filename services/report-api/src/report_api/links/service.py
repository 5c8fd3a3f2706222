"""Linking customers and products, for the API and the portal alike."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic

from halosync.domain.acts import Actor
from halosync.ports.links import Link, LinkChange, LinkPicture, Target

from report_api.links.changes import judge_ticks
from report_api.links.kind import LinkKind, LinkRow
from report_api.stores.halo import Links


class UnknownRowError(LookupError):
    """Neither the newest invoice nor a stored link has this customer, or product."""


@dataclass(frozen=True, slots=True)
class LinkingResult(Generic[Link, Target]):
    """What became of a request: the changes that were made, and a sentence for each row that stays as it is.

    `picture` is as the changes have left it.
    """

    made: Sequence[LinkChange[Link]]
    refusals: Sequence[str]
    picture: LinkPicture[Link, Target]


class Linking(Generic[Link, Target]):
    """The use cases of one kind of links. The picture is read once; the store judges each change by what it holds."""

    def __init__(self, kind: LinkKind[Link, Target], store: Links[Link, Target]) -> None:
        self._kind = kind
        self._store = store

    async def replace(self, partner_id: str, key: str, link: Link, by: Actor) -> LinkPicture[Link, Target]:
        """Store a link, whatever it was before, and return the picture then: for a program, which was shown no page.

        Raises:
            UnknownRowError: there is no such row.
            NotInHaloError: the link leads to a new client, which the last read of Halo does not have.
        """
        picture = await self._store.picture(partner_id)
        change = LinkChange(key, picture.links.get(key, self._kind.no_link), link)
        _require([change], picture)
        await self._store.replace(partner_id, key, link, by=by, name=dict(picture.names).get(key))
        return picture.changed([change], self._kind.no_link)

    async def apply(
        self, partner_id: str, changes: Sequence[LinkChange[Link]], by: Actor
    ) -> LinkingResult[Link, Target]:
        """Make changes that a person was shown, all of them or none.

        Raises:
            UnknownRowError: there is no such row.
        """
        picture = await self._store.picture(partner_id)
        _require(changes, picture)
        return await self._apply(partner_id, changes, picture, by, together=True)

    async def accept(self, partner_id: str, ticked: Sequence[str], by: Actor) -> LinkingResult[Link, Target]:
        """Link exactly the ticked pairs that still hold.

        Raises:
            NotOursError: no page of ours has sent this.
        """
        picture = await self._store.picture(partner_id)
        judged = await asyncio.to_thread(judge_ticks, self._kind, ticked, picture)
        applied = await self._apply(partner_id, judged.changes, picture, by, together=False)
        return LinkingResult(applied.made, [*judged.refusals, *applied.refusals], applied.picture)

    async def _apply(
        self,
        partner_id: str,
        changes: Sequence[LinkChange[Link]],
        picture: LinkPicture[Link, Target],
        by: Actor,
        *,
        together: bool,
    ) -> LinkingResult[Link, Target]:
        if not changes:
            return LinkingResult((), (), picture)
        names = dict(picture.names)
        changed = await self._store.change(partner_id, changes, by=by, names=names, together=together)
        called = {row.key: row.called for row in self._kind.rows(picture)} if changed.refused else {}
        return LinkingResult(
            changed.made,
            [self._kind.refused(each, called[each.change.key]) for each in changed.refused],
            picture.changed(changed.made, self._kind.no_link),
        )


def row_of(kind: LinkKind[Link, Target], key: str, picture: LinkPicture[Link, Target]) -> LinkRow[Link]:
    """Return the row of that key; one of which nothing is known if only a link remembered it that is gone now."""
    unknown = LinkRow(key, None, key, kind.no_link, matched_by=None, target_name=None)
    return next((row for row in kind.rows(picture) if row.key == key), unknown)


def _require(changes: Sequence[LinkChange[Link]], picture: LinkPicture[Link, Target]) -> None:
    unknown = {change.key for change in changes} - picture.keys
    if unknown:
        raise UnknownRowError(min(unknown))
