"""Faults on demand: which request is hit, and by what."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

Seconds = Annotated[float, Field(ge=0)]
_STRICT = ConfigDict(extra="forbid", frozen=True)

KINDS = (
    "late_apply_s",
    "status",
    "drop_before",
    "drop_after",
    "reset_before",
    "reset_after",
    "half_body",
    "malformed",
    "html",
    "unauthorized",
    "revoke_tokens",
    "empty_list",
    "short_list",
    "changing_count",
    "shift_pages",
    "refuse_row",
)


class RefusedRow(BaseModel):
    """A row of an array that is refused: by its name, else by its index from 0."""

    model_config = _STRICT

    name: str | None = None
    index: int | None = None
    message: str = "This licence cannot be changed."

    @model_validator(mode="after")
    def _one_way_to_find_it(self) -> "RefusedRow":
        if (self.name is None) == (self.index is None):
            raise ValueError("give either name or index")
        return self


class Action(BaseModel):
    """What happens to a request that is hit: one kind of fault, delays with any of them or alone."""

    model_config = _STRICT

    delay_s: Seconds = 0
    """Wait before anything else; a write is not applied yet."""
    delay_answer_s: Seconds = 0
    """Wait after a write was applied, before the answer or the end of the connection."""

    status: Annotated[int, Field(ge=200, le=599)] | None = None
    body: JsonValue = None
    """The body with `status`: text is sent as it is, None as nothing, everything else as JSON."""
    headers: Mapping[str, str] = {}
    apply: bool = False
    """With `status`, `malformed` and `html`: the request takes effect first."""

    drop_before: bool = False
    """Close the connection; nothing is applied."""
    drop_after: bool = False
    """Apply, then close the connection without an answer."""
    reset_before: bool = False
    """As `drop_before`, by a TCP reset."""
    reset_after: bool = False
    """As `drop_after`, by a TCP reset."""
    half_body: bool = False
    """Apply, then send half of the answer and close."""
    malformed: bool = False
    """200 with broken JSON."""
    html: bool = False
    """200 with a page of HTML."""
    unauthorized: bool = False
    """401."""
    revoke_tokens: bool = False
    """All tokens of the tenant are revoked, then the request is handled: it has no valid token any more."""
    late_apply_s: Seconds | None = None
    """Answer with `status`, or close without an answer; apply so many seconds later."""

    empty_list: bool = False
    """200, no rows, record_count 0."""
    short_list: Annotated[int, Field(ge=0)] = 0
    """So many rows are missing at the end of the page; record_count counts them."""
    changing_count: int = 0
    """record_count is off by this much the first time, by twice as much the second time."""
    shift_pages: Literal["repeat", "omit"] | None = None
    """From page 2 on: the page begins with the last row of the one before, or its own first row is skipped."""
    refuse_row: RefusedRow | None = None
    """This row of an array is bad. By name, only arrays that hold it are hit."""

    @model_validator(mode="after")
    def _one_kind(self) -> "Action":
        kinds = self._kinds()
        if len(kinds) > 1 and kinds != ["late_apply_s", "status"]:
            raise ValueError(f"one kind of fault at a time, not {' and '.join(kinds)}")
        if not kinds and not self.delay_s and not self.delay_answer_s:
            raise ValueError("this action does nothing")
        return self

    def _kinds(self) -> list[str]:
        return [kind for kind in KINDS if getattr(self, kind) not in (None, False) and kind in self.model_fields_set]

    @property
    def kind(self) -> str:
        """The name of the fault; `delay` when it is nothing else."""
        return next(iter(self._kinds()), "delay")


class Match(BaseModel):
    """The requests a rule is about; what is left out matches everything."""

    model_config = _STRICT

    method: str | None = None
    path: str | None = None
    """`SoftwareLicence` (also with an id behind it), `SoftwareLicence/7`, `Client`, `token`, `authorize`."""
    row_name: str | None = None
    """An array that holds a licence of this name."""
    nth: Annotated[int, Field(ge=1)] = 1
    """From the n-th matching request on."""


class Rule(BaseModel):
    """A fault: which requests, how many of them, and what happens."""

    model_config = _STRICT

    match: Match = Match()
    times: Annotated[int, Field(ge=1)] | None = 1
    """How many requests are hit; None: all from then on."""
    action: Action


class Hit(NamedTuple):
    """A request that was hit."""

    action: Action
    time: int
    """1 for the first request that the rule hit."""


NO_FAULT = Hit(Action.model_construct(), 0)


@dataclass(slots=True)
class ActiveRule:
    """A rule and how often it matched and hit."""

    id: int
    rule: Rule
    matched: int = 0
    hits: int = 0

    def concerns(self, method: str, path: str, row_names: Callable[[], Sequence[str]]) -> bool:
        """Whether the request is one that the rule is about."""
        match, refused = self.rule.match, self.rule.action.refuse_row
        if match.method is not None and match.method.upper() != method:
            return False
        if match.path is not None and path != match.path and not path.startswith(f"{match.path}/"):
            return False
        names = {match.row_name, refused.name if refused else None} - {None}
        return not names or names <= set(row_names())


class FaultRules:
    """The rules of a tenant, tried in the order they were added; one fault per request."""

    def __init__(self) -> None:
        self.active: dict[int, ActiveRule] = {}
        self._last_id = 0

    def add(self, rule: Rule) -> ActiveRule:
        """Add a rule; its counting starts now."""
        self._last_id += 1
        self.active[self._last_id] = ActiveRule(self._last_id, rule)
        return self.active[self._last_id]

    def hit(self, method: str, path: str, row_names: Callable[[], Sequence[str]]) -> Hit:
        """The fault that this request meets, else `NO_FAULT`; rules that are used up stay to be looked at."""
        found = NO_FAULT
        for active in self.active.values():
            if not active.concerns(method, path, row_names):
                continue
            active.matched += 1
            left = active.rule.times is None or active.hits < active.rule.times
            if found is NO_FAULT and left and active.matched >= active.rule.match.nth:
                active.hits += 1
                found = Hit(active.rule.action, active.hits)
        return found
