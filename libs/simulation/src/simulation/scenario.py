"""How large a world is, and what its Halo is like."""

from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from halosync.domain.model import OnDrift, Removal

from simulation.story import ODDITIES, THOUGHTS, Chapter

GoodRows = Literal["none", "good"]
_GOOD_ROWS: tuple[GoodRows, ...] = ("none", "good")
Keeps = Literal[
    "all", "escaped", "cut", "cents", "whole", "other_case", "other_cycle", "no_prices", "no_deletes", "no_activity"
]
_KEEPS: tuple[Keeps, ...] = (
    *("all", "all", "all", "all", "escaped", "escaped", "cents", "whole", "other_case", "other_cycle", "no_prices"),
    "no_deletes",
)
_DISTRIBUTORS = [chapter for chapter in Chapter if chapter not in {*THOUGHTS, *ODDITIES}]


OddTokens = Literal["none", "no_lifetime", "lifetime_0", "lifetime_as_words", "no_scope", "scope_as_number"]
_ODD_TOKENS: tuple[OddTokens, ...] = (
    *("none", "none", "none", "no_lifetime", "lifetime_0", "lifetime_as_words", "no_scope", "scope_as_number"),
)


@dataclass(frozen=True)
class Scenario:
    """The size of a world.

    Attributes:
        writers, planners: how many of each process.
        products: lines of the invoice.
        known: how many of them Halo has already, with another quantity.
        stale: licences that are to be removed.
        clients: over how many clients they are spread.
        batch_size, most_batch: creates and updates in one request, at first and at most.
        page_size, most_rows: rows that a page of Halo's lists is asked to have, at first and at most.
        counts_page: whether `record_count` counts the rows of the page.
        ignores_page_no: whether the list of licences ignores the number of the page.
        odd_rows: whether numbers and flags of lists are text, and what is unset is left out.
        page_cap: to how many rows Halo cuts pages; None does not.
        limit, window_s: the budget.
        sliding: whether Halo's window slides.
        max_attempts: after so many an item fails.
        refuses: whether Halo refuses one of the products.
        good_rows: what Halo does with the good rows of a refused array.
        names_rows: whether its refusals name the bad rows.
        sinks: whether it does so by a 500 for the whole array, nothing of which is written.
        as_200: whether such a failure is a success with an error object.
        keeps: what Halo keeps of what it is sent: all of it; names only escaped, or cut; prices only to the cent; whole
            quantities; cycles in another case, or as another word; no prices; or it ignores deletes, or that a licence
            is to be active or not.
        warns: whether it says so.
        fractions: whether some quantities and prices have more decimals than a Halo may keep.
        largest_array: how many rows of an array it takes; None: any number.
        row_delay_s: how long each row of an array takes before the answer comes.
        poison: whether a message that nobody can read is among the orders.
        odd_tokens: what is odd in the answers of the token endpoint.
        token_s: for how long an access token is good, in seconds.
        keeps_refresh_token: whether a refresh brings no new refresh token; else an old one that comes again ends all.
        cancel: whether somebody cancels the first run.
        reviews: whether the first review is switched on, and what others wrote has other prices.
        theirs: licences that another program has marked as its own; they stay.
        unlisted: licences of a client that Halo does not list; they stay.
        rivals: licences that halosync wrote for another partner in the same Halo; they stay.
        asleep: whether each client has an inactive twin of its name, with a licence that stays.
        misfits: whether invoices have lines that set no licence: usage, none at another price, and lines of customers
            that only look like a client or whose client is inactive; the licences of those clients stay.
        removal: what a removal is to do to a licence.
        undeletable: whether Halo refuses for ever to delete one of the licences that are to be removed.
        nobodys: licences without a client, and a client without a name besides; they stay.
        own_domain: whether the Halo is at a domain of the partner's own.
        below_zero: whether every invoice bills a product at a negative price; its licence stays as it is.
        on_drift: what is done with a change that would overwrite what somebody has edited in Halo.
        chapters: what happens after the first invoice, while things break.
    """

    writers: int = 2
    planners: int = 1
    products: int = 12
    known: int = 4
    stale: int = 3
    clients: int = 2
    batch_size: int = 5
    most_batch: int = 0
    page_size: int = 10
    most_rows: int = 40
    counts_page: bool = False
    ignores_page_no: bool = False
    odd_rows: bool = False
    page_cap: int | None = None
    limit: int = 500
    window_s: float = 300.0
    sliding: bool = True
    max_attempts: int = 8
    refuses: bool = False
    good_rows: GoodRows = "none"
    names_rows: bool = True
    sinks: bool = False
    as_200: bool = False
    keeps: Keeps = "all"
    warns: bool = False
    fractions: bool = False
    largest_array: int | None = None
    row_delay_s: float = 0.0
    odd_tokens: OddTokens = "none"
    token_s: float = 3600.0
    keeps_refresh_token: bool = False
    poison: bool = False
    cancel: bool = False
    reviews: bool = False
    theirs: int = 0
    unlisted: int = 0
    rivals: int = 0
    asleep: bool = False
    misfits: bool = False
    removal: Removal = Removal.DELETE
    undeletable: bool = False
    nobodys: int = 0
    below_zero: bool = False
    own_domain: bool = False
    on_drift: OnDrift = OnDrift.OVERWRITE
    chapters: tuple[Chapter, ...] = ()


def drawn_scenario(dice: Random) -> Scenario:
    """Draw a world's size."""
    products = dice.randint(1, 24)
    return Scenario(
        writers=dice.randint(1, 4),
        planners=dice.randint(1, 2),
        products=products,
        known=dice.randint(0, products),
        stale=dice.randint(0, 6),
        clients=dice.randint(1, 3),
        batch_size=dice.choice([1, 3, 5, 10, 50]),
        page_size=dice.choice([3, 10, 100]),
        most_rows=dice.choice([40, 100, 1000]),
        counts_page=dice.random() < 0.2,
        ignores_page_no=(ignores_page_no := dice.random() < 0.2),
        odd_rows=dice.random() < 0.3,
        page_cap=None if ignores_page_no else dice.choice([None, None, 7, 50]),  # with both, nobody can read it
        limit=dice.choice([5, 20, 500]),
        window_s=dice.choice([30.0, 300.0]),
        sliding=dice.random() < 0.5,
        max_attempts=dice.choice([3, 8, 8, 50]),
        refuses=dice.random() < 0.2,
        good_rows=dice.choice(_GOOD_ROWS),
        names_rows=dice.random() < 0.5,
        poison=dice.random() < 0.3,
        cancel=dice.random() < 0.1,
        most_batch=dice.choice([0, 0, 50]),
        sinks=dice.random() < 0.5,
        as_200=dice.random() < 0.3,
        keeps=dice.choice(_KEEPS),
        largest_array=dice.choice([None, None, 4]),
    )


def with_others(scenario: Scenario, dice: Random) -> Scenario:
    """Draw what others have left in a world's Halo (spec section 9)."""
    return replace(
        scenario,
        reviews=dice.random() < 0.4,
        theirs=dice.choice([0, 0, 1, 3]),
        asleep=dice.random() < 0.3,
        warns=dice.random() < 0.5,
        fractions=dice.random() < 0.5,
        row_delay_s=dice.choice([0.0, 0.0, 0.2, 2.0]),
        chapters=tuple(dice.choices(_DISTRIBUTORS, k=dice.choice([0, 0, 1, 2, 3]))),
    )


def with_thoughts(scenario: Scenario, dice: Random) -> Scenario:
    """Draw what people think of what halosync has done: they undo it, release it in parts, or edit it in Halo."""
    chapters = list(scenario.chapters)
    for thought in dice.choices(THOUGHTS, k=dice.choice([0, 0, 2, 4, 6])):
        chapters.insert(dice.randint(0, len(chapters)), thought)
    return replace(scenario, on_drift=dice.choice(tuple(OnDrift)), chapters=tuple(chapters))


def with_oddities(scenario: Scenario, dice: Random) -> Scenario:
    """Draw odd tokens, names that are cut, what is of nobody or another partner, and misfits; the draws before stay."""
    odd = dice.choice(_ODD_TOKENS)
    untold = odd in {"no_lifetime", "lifetime_as_words"}  # then it is the usual lifetime (halo-api section 1)
    return replace(
        scenario,
        odd_tokens=odd,
        token_s=3600.0 if untold else dice.choice([60.0, 600.0, 3600.0]),
        keeps_refresh_token=dice.random() < 0.3,
        keeps="cut" if scenario.keeps == "all" and dice.random() < 0.2 else scenario.keeps,
        unlisted=dice.choice([0, 0, 0, 2, 15]),
        rivals=dice.choice([0, 0, 1, 3]),
        misfits=dice.random() < 0.5,
    )


def with_odd_billing(scenario: Scenario, dice: Random) -> Scenario:
    """Draw where Halo is, how licences are removed, what it refuses of that, rows of nobody, and oddities of invoices.

    The draws before stay.
    """
    chapters = list(scenario.chapters)
    for oddity in dice.choices(ODDITIES, k=dice.choice([0, 0, 1, 2])):
        chapters.insert(dice.randint(0, len(chapters)), oddity)
    removal = dice.choice([*[Removal.DELETE] * 3, Removal.DEACTIVATE, Removal.ZERO])
    ignored = removal is Removal.DEACTIVATE and scenario.keeps == "all" and dice.random() < 0.5
    return replace(
        scenario,
        removal=removal,
        keeps="no_activity" if ignored else scenario.keeps,
        undeletable=dice.random() < 0.2,
        nobodys=dice.choice([0, 0, 0, 2]),
        below_zero=dice.random() < 0.3,
        own_domain=dice.random() < 0.3,
        chapters=tuple(chapters),
    )
