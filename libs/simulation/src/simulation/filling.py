"""What others have left in a Halo before halosync comes (spec section 9), and what the first invoice bills."""

from decimal import Decimal

from halo_sandbox.model import NO_CLIENT

from simulation.book import BELOW_ZERO, LOOK_ALIKE, ONLY_ASLEEP, Key, Wish
from simulation.expected import Expected
from simulation.halo import UNLISTED, Halo, product_name
from simulation.scenario import Scenario

OTHER_PRICE = 40.0
"""What others have written as the price of a licence that the invoice bills with another one."""


def fill(halo: Halo, scenario: Scenario, expected: Expected) -> dict[Key, Wish]:
    """Fill a Halo, write down what is expected of it, and return what the first invoice bills."""
    billed: dict[Key, Wish] = {}
    for n in range(scenario.products):
        client, code = n % scenario.clients + 1, product_name(n)
        billed[client, code] = wish = _wish(n, fractions=scenario.fractions)
        expected.names |= {code: code, halo.kept_name(code): code}
        if 0 < n <= scenario.known:
            price = OTHER_PRICE if scenario.reviews else 10.0
            expected.of_others[halo.add(client, code, float(wish.quantity) + 1, price=price)] = price
    # Only clients that the invoice names are cleaned up.
    matched = min(scenario.clients, scenario.products)
    for n in range(scenario.stale):
        expected.stale.add(halo.add(n % matched + 1, f"STALE-{n}", 1))
    expected.of_others |= dict.fromkeys(expected.stale, 10.0)
    _add_what_stays(halo, scenario, expected, matched)
    return billed


def _wish(number: int, *, fractions: bool) -> Wish:
    quantity, price = Decimal(number % 7 + 1), Decimal("10.00")
    if fractions and number % 3 == 1:
        return Wish(quantity + Decimal("0.5"), Decimal("10.126"))
    return Wish(quantity, price)


def _add_what_stays(halo: Halo, scenario: Scenario, expected: Expected, matched: int) -> None:
    """Add what no Sync may touch: of another program or partner, or of clients that no line is of."""
    stays = [(n % matched + 1, f"THEIRS-{n}", {"snowid": "7"}) for n in range(scenario.theirs)]
    if scenario.misfits:
        halo.add_nearly_customers()
        stays += [(client, f"NEARLY-{client}", {}) for client in (LOOK_ALIKE, ONLY_ASLEEP)]
    if scenario.asleep:
        stays += [(halo.add_inactive_twin(client), "SLEEPS", {}) for client in range(1, matched + 1)]
    if scenario.nobodys:
        halo.add_nameless_client()
        stays += [(NO_CLIENT, f"NOBODYS-{n}", {}) for n in range(scenario.nobodys)]
    stays += [(1, BELOW_ZERO, {})] if scenario.below_zero else []
    stays += [(UNLISTED, f"UNLISTED-{n}", {}) for n in range(scenario.unlisted)]
    for client, name, more in stays:
        halo.add(client, name, 3, **more)
        expected.staying[client, name] = 3.0
    for n in range(scenario.rivals):
        client, name = n % matched + 1, f"RIVALS-{n}"
        expected.of_rivals.add(halo.add(client, name, 3))
        expected.staying[client, name] = 3.0
