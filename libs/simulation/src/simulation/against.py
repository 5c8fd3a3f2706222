"""What each guard is against: worlds that go wrong soon without it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from simulation.rates import Rates
from simulation.shape import Shape


@dataclass(frozen=True)
class Against:
    """A kind of world.

    Attributes:
        rates: what breaks in it.
        sign: how its broken invariant begins when the guard is away (`invariants`).
        shape: its size; None draws one from the seed.
    """

    rates: Rates
    sign: str
    shape: Shape | None = None


_CROWDED = Shape(writers=4, products=24, known=0, stale=0, batch_size=1, max_attempts=50)
"""Many short batches and many hands: what one does late meets what others do meanwhile."""

AGAINST: Mapping[str, Against] = MappingProxyType(
    {
        "mark": Against(Rates(kill=0.02, unanswered=0.1, applied=1.0), "I2"),
        "settle": Against(Rates(unanswered=0.3, applied=1.0, late=0.9), "I2"),
        "deadline": Against(Rates(freeze=0.05, freeze_s=(200.0, 600.0)), "I2", _CROWDED),
        "fence": Against(
            Rates(
                freeze=0.03,
                freeze_s=(105.0, 300.0),
                refused_connection=0.6,
                slow=1.0,
                double=1.0,
                drop_per_s=0.05,
            ),
            "I2",
            replace(_CROWDED, writers=6, products=60),
        ),
        "belief": Against(Rates(unanswered=0.3, applied=1.0, empty_list=0.3), "I2"),
        "sweeper": Against(Rates(lose=0.5), "liveness"),
        "shield": Against(Rates(drop_per_s=0.1, slow=0.7), "shield"),
        "confirm": Against(Rates(unconfirmed=0.5), "I6"),
        "at_least_once": Against(Rates(database=0.2, hop=0.3), "I6"),
    }
)
