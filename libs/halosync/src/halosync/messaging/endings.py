"""How a handler ended (architecture section "When something fails").

A handler that returns has done its work and the message is acknowledged. A handler that raises

* `Later` puts a copy of the message into a delay tier; it costs an attempt only if it says so;
* `Poison`, or anything unforeseen, makes it a dead letter that says why;
* `TryAgain`, a passing failure of somebody else, is tried again through the tiers, each time charged;
* a failure of our own parts (the database is away) is tried again through the tiers for as long as it lasts.
"""

import json

import asyncpg
from fast_depends.exceptions import ValidationError as DependsValidationError
from pydantic import ValidationError

from halosync.contracts.complaints import complaint
from halosync.domain.delivery import Ending, Outage, PassingFailure, Postponed, Unprocessable
from halosync.messaging.publisher import NotPublishedError
from halosync.postgres_failures import PASSING


class Later(Exception):
    """Deliver this message again in about `wait_s` seconds; `charged` counts it as an attempt."""

    def __init__(self, wait_s: float, *, charged: bool = False) -> None:
        super().__init__(f"again in {wait_s:.1f} s")
        self.wait_s = wait_s
        self.charged = charged


class TryAgain(Exception):
    """Somebody else failed in a way that passes; the text says who and how. Each time costs an attempt."""


class Poison(Exception):
    """Nobody can process this message; `reason` names what is wrong with it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


EXPECTED = (Poison, ValidationError, DependsValidationError, json.JSONDecodeError, UnicodeDecodeError)
"""What says of a message that nobody can process it. Any other failure that does not pass is a fault of ours."""


def ending_of(error: Exception) -> Ending:
    """Say how a handler ended that raised `error`."""
    match error:
        case Later():
            return Postponed(error.wait_s, charged=error.charged)
        case NotPublishedError():
            return Outage()
        case Poison():
            reason = error.reason
        case ValidationError() | DependsValidationError():
            reason = describe(error)
        case json.JSONDecodeError() | UnicodeDecodeError():
            reason = f"not JSON: {error}"
        case TryAgain():
            return PassingFailure(str(error))
        case _:
            if is_outage(error):
                return Outage()
            if isinstance(error, asyncpg.QueryCanceledError):  # a statement that took too long may do so every time
                return PassingFailure(f"{type(error).__name__}: {error}")
            reason = f"{type(error).__name__}: {error}"
    return Unprocessable(reason)


def is_outage(error: Exception) -> bool:
    """Tell whether a failure is of our own parts, and says nothing of the message that met it."""
    # A value that the driver cannot encode is an `InterfaceError` too, and comes with the message every time.
    return isinstance(error, PASSING) and not isinstance(error, ValueError)


def describe(error: Exception) -> str:
    """Say in one line which fields are wrong and why, without the values (they could be secrets)."""
    if isinstance(error, DependsValidationError):
        error = error.original_error
    if not isinstance(error, ValidationError):
        return type(error).__name__
    problems = [(problem["loc"], complaint(problem)) for problem in error.errors(include_input=False)]
    return "; ".join(f"{'.'.join(map(str, where)) or 'message'}: {what}" for where, what in problems)
