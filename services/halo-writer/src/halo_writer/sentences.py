"""Why an item failed in writing, in words for a billing administrator, with what to do."""


def rejected(words: str) -> str:
    """Halo refused this one write."""
    return f"Halo refused this: {words} Correct it on the invoice or in Halo, then press Sync."


def permission_denied(words: str) -> str:
    """Halo does not let us write."""
    return (
        "Halo does not permit this. Give the Halo application and the agent who connected it the permission to edit "
        f"software licensing, connect again, then press Sync. Halo said: {words}"
    )


def unavailable(words: str) -> str:
    """Halo was away for too long."""
    return f"Halo could not be reached in many attempts. Press Sync to try again. The last problem: {words}"


def vanished(licence_id: int | None) -> str:
    """The licence that was to be updated is no longer there."""
    return f"Licence #{licence_id} was removed in Halo while the run was going on. Press Sync to create it again."


def never_looked_up(words: str) -> str:
    """Halo did not answer a write, and what became of it could not be looked up. `words` say why and what to do."""
    return f"Halo did not say whether it took this, and it could not be looked up: sync again to find out. {words}"


def shows_too_little(missing: int) -> str:
    """A list that was to say what became of a write lacks licences that are known to be there."""
    return (
        f"Halo's list lacks licences that were there before (at least {missing}). Look whether the agent who connected "
        "Halo still sees all clients and licences"
    )
