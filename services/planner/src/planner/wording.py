"""Why a run failed, in words for a billing administrator, with what to do."""


def read_failed(words: str) -> str:
    """Halo could not be read."""
    return f"Halo could not be read, so nothing was changed. Press Sync to try again. Halo said: {words}"


def read_incomplete(why: str) -> str:
    """Halo's list contradicts itself."""
    return (
        f"Halo's answer was not a complete list ({why}), so nothing was changed. "
        "If somebody is changing licences in Halo right now, wait a little; then press Sync to try again."
    )


def permission_problem(words: str) -> str:
    """Halo does not let us read."""
    return (
        "Halo does not permit this, so nothing was changed. Give the Halo application and the agent who connected it "
        "the permissions to read customers and to read and edit software licensing, then connect again. "
        f"Halo said: {words}"
    )


def internal_error() -> str:
    """Something of ours is wrong; the operator finds the cause with the dead letter."""
    return (
        "Something went wrong in halosync, so nothing was changed. The operator has been told. Press Sync to try again."
    )
