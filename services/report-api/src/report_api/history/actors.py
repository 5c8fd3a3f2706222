"""What people who did something are called."""

from halosync.domain.acts import AUTO_SYNC, COMMAND_LINE, UNNAMED, Actor
from halosync.domain.audit_sentences import short_id

_NOT_KEYS = {AUTO_SYNC: "Automatic Sync", COMMAND_LINE: "Command line", UNNAMED: "Unknown"}


def actor_name(actor: Actor) -> str:
    """Return what an actor is called; a key without a name by the first part of its id."""
    if actor.key_id is not None and actor.name == str(actor.key_id):
        return f"Key {short_id(actor.name)}"
    return _NOT_KEYS.get(actor, actor.name)
