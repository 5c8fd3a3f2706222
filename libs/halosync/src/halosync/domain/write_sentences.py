"""What became of a write, and what to do: the sentence of each reason (spec section 4, `detail`)."""

from collections.abc import Sequence

from halosync.domain.listing import ended, ids
from halosync.domain.verification import Difference, KeptField

RUN_CANCELLED = "The run was stopped before this was sent. Press Sync to do it."


def rejected(words: str) -> str:
    """Halo refused this one write."""
    return f"Halo refused this: {ended(words)} Correct it on the invoice or in Halo, then press Sync."


def permission_denied(words: str) -> str:
    """Halo does not let us write."""
    return (
        "Halo does not permit this. Give the Halo application and the agent who connected it the permission to edit "
        f"software licensing, connect again, then press Sync. Halo said: {ended(words)}"
    )


def unavailable(words: str) -> str:
    """Halo was away for too long."""
    return f"After many tries Converge could not reach Halo. Press Sync to try again. The last problem: {ended(words)}"


def answered(status: int, words: str) -> str:
    """Halo answered every attempt, and did not do it."""
    return (
        f"Halo did not do this, although Converge tried several times. Its last answer was {status}: {ended(words)} "
        "Correct it in Halo or on the invoice, then press Sync."
    )


def no_access(words: str) -> str:
    """Nobody could say with which token Halo is to be asked."""
    last = ended(words)
    return f"After many tries Converge got no access to Halo. Press Sync to try again. The last problem: {last}"


def vanished(licence_id: int | None) -> str:
    """The licence that was to be updated is no longer there."""
    return f"Licence #{licence_id} was removed in Halo while the run was going on. Press Sync to create it again."


def not_kept(found: Sequence[Difference], warning: str | None) -> str:
    """Halo took a write and keeps something else. `found` are the fields that differ, at least one."""
    said = f" Halo's warning: {ended(warning)}" if warning else ""
    if found[0].field is KeptField.LICENCE:
        return (
            f"Halo said that it removed this licence, but the licence is still there.{said} Remove it in Halo by hand, "
            "or find out there why it stays. As long as Halo shows it unchanged, Sync does not ask for it again."
        )
    fields = "; ".join(f"{each.field}: asked for {each.asked}, Halo keeps {each.kept}" for each in found)
    return (
        f"Halo took this but did not keep it. {fields}.{said} Set it in Halo by hand, or find out there why Halo "
        "changes it. As long as the invoice asks for the same and Halo shows the same, Sync does not send it again."
    )


def kept_under_another_name(asked: str, kept: str) -> str:
    """Halo calls a licence otherwise than it was asked to."""
    return (
        f'Halo keeps this licence under the name "{kept}" and not "{asked}". Converge knows it by its number, so it is '
        "not created again. Nothing to do."
    )


def never_looked_up(words: str) -> str:
    """Halo did not answer a write, and what became of it could not be looked up. `words` say why and what to do."""
    return (
        f"Halo did not say whether it took this, and it could not be looked up. Press Sync again to find out. {words}"
    )


def perhaps_created(licence_ids: Sequence[int]) -> str:
    """An earlier create was never found out, and its client has these licences since; one of them may be it."""
    many = len(licence_ids) > 1
    return (
        "Converge sent this to Halo and could not find out what became of it. Since then the "
        f"{'licences' if many else 'licence'} {ids(licence_ids)} came to this client and may be it, under another "
        "name. It is not sent again, so that nothing is there twice. If it is this product, link the product to that "
        f"licence's name on the License tab; if not, keep {'those licences' if many else 'that licence'}. Then Sync."
    )


def another_shown(licence_id: int) -> str:
    """Halo said that it made a licence, and shows instead of it one as wanted that others have made."""
    return (
        "Halo said that it created this licence, but does not show it. It shows licence "
        f"#{licence_id} of this name, which was not made by this run. Nothing is sent again, so that nothing is there "
        "twice. Check in Halo whether there are two. If so, keep only one of them, then press Sync."
    )


def not_reviewed(licence_id: int) -> str:
    """A create was looked up, and a licence of its name has a price that others may have written."""
    return (
        "Converge sent this to Halo and could not find out what became of it. The client has licence "
        f"#{licence_id} of this name with another selling price, and this Halo had not been reviewed before this run. "
        "So the licence was left as it was. Press Sync: it looks again. If the first review is still to be done, it "
        "holds that price until you have approved it."
    )


def connection_lost(why: str) -> str:
    """The run has lost its connection. `why` is the run's own sentence, which says how to connect again."""
    return f"{why} After that press Sync: it does what is still to be done."


def shows_too_little(missing: int) -> str:
    """A list that was to say what became of a write lacks licences that are known to be there."""
    return (
        f"Halo's list lacks licences that were there before (at least {missing}). Look whether the agent who connected "
        "Halo still sees all clients and licences"
    )
