"""What each guard is against: worlds that go wrong soon without it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from simulation.fault_rates import NONE, FaultRates
from simulation.scenario import Scenario
from simulation.story import Chapter


@dataclass(frozen=True)
class Hazard:
    """A kind of world.

    Attributes:
        rates: what breaks in it.
        invariant: how its broken invariant begins when the guard is away (`invariants`).
        scenario: its size; None draws one from the seed.
        first: the seed at which the search begins: at the last look it was the first that went wrong.
    """

    rates: FaultRates
    invariant: str
    scenario: Scenario | None = None
    first: int = 0


_CROWDED = Scenario(writers=4, products=24, known=0, stale=0, batch_size=1, max_attempts=50)
"""Many short batches and many hands: what one does late meets what others do meanwhile."""

HAZARDS: Mapping[str, Hazard] = MappingProxyType(
    {
        "mark": Hazard(FaultRates(kill=0.02, unanswered=0.1, applied=1.0), "I2"),
        "settle": Hazard(FaultRates(unanswered=0.3, applied=1.0, late=0.9), "I2"),
        "deadline": Hazard(FaultRates(freeze=0.05, freeze_s=(200.0, 600.0)), "I2", _CROWDED, first=24),
        "fence": Hazard(
            FaultRates(
                freeze=0.03,
                freeze_s=(105.0, 300.0),
                refused_connection=0.6,
                slow=1.0,
                double=1.0,
                drop_per_s=0.05,
            ),
            "I2",
            replace(_CROWDED, writers=6, products=60, clients=6),
            first=616,
        ),
        "belief": Hazard(FaultRates(unanswered=0.3, applied=1.0, empty_list=0.3), "I2"),
        "sweeper": Hazard(FaultRates(lose=0.5), "liveness"),
        "shield": Hazard(FaultRates(drop_per_s=0.1, slow=0.7), "shield"),
        "confirm": Hazard(FaultRates(unconfirmed=0.5), "I6"),
        "at_least_once": Hazard(FaultRates(database=0.2, hop=0.3), "I6", first=15),
        "foreign": Hazard(NONE, "I10", Scenario(theirs=2)),
        "review": Hazard(NONE, "I10", Scenario(reviews=True)),
        "verified": Hazard(NONE, "I4", Scenario(keeps="no_prices")),
        "sight": Hazard(
            FaultRates(blind_per_s=0.01),
            "I2",
            Scenario(known=4, clients=6, limit=3, window_s=30.0, ignores_page_no=True, chapters=(Chapter.SYNC,) * 4),
            first=37,
        ),
        "names": Hazard(NONE, "I10", Scenario(keeps="cut")),
    }
)
