"""The guards of docs/actions.md as switches: what the world would be without each. They exist in the simulation only.

A guard that can be taken away without any seed turning red guards nothing. `tests/simulation` takes each away.
"""

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Guards:
    """True: as in the product. False: taken away.

    Attributes:
        mark: the mark is committed before the first byte is sent.
        settle: a look-up waits until Halo can no longer be applying the write.
        deadline: a request that comes too long after its mark is not sent.
        fence: a result counts only for the mark it belongs to.
        sweeper: what has been silent for too long is asked for again.
        belief: a list that hides what is known, or shows nothing, is not taken at its word.
        shield: a request in flight survives the cancellation of its handler.
        confirm: a message counts as published when the broker has confirmed it.
        at_least_once: a delay tier keeps a message until its queue has taken it.
        foreign: a licence with the mark of another integration is left alone.
        review: until a person has approved it, nothing that others wrote is removed or repriced.
        verified: a write counts as done when Halo shows what was asked.
        sight: a client's own list that shows none of what was shown or known of it is not taken at its word.
        names: a licence that was written is known by its id, whatever Halo calls it.
    """

    mark: bool = True
    settle: bool = True
    deadline: bool = True
    fence: bool = True
    sweeper: bool = True
    belief: bool = True
    shield: bool = True
    confirm: bool = True
    at_least_once: bool = True
    foreign: bool = True
    review: bool = True
    verified: bool = True
    sight: bool = True
    names: bool = True

    def without(self, name: str) -> "Guards":
        """Return the same without one guard.

        Raises:
            ValueError: there is no guard of this name.
        """
        if name not in NAMES:
            raise ValueError(f"there is no guard {name!r}; there are {', '.join(NAMES)}")
        return replace(self, **{name: False})


NAMES = tuple(field.name for field in fields(Guards))
ALL = Guards()
