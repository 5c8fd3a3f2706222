"""What became of a request to Halo that did not succeed (architecture section "When something fails")."""

from http import HTTPStatus

from halosync.domain.retry import FailureClass


class HaloFailure(Exception):
    """A request to Halo did not succeed.

    Attributes:
        failure: what that means for the next step.
        status: Halo's status; None if there was no answer.
        words: Halo's own words, or what happened on the way.
        retry_after_s: how long Halo asks to wait, in seconds, if it says.
        sent: whether Halo may have counted the request.
        named_rows: the rows of an array, from 0, that a refusal names as wrong; empty if it names none.
    """

    def __init__(
        self,
        failure: FailureClass,
        words: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        sent: bool = True,
        named_rows: frozenset[int] = frozenset(),
    ) -> None:
        super().__init__(words)
        self.failure = failure
        self.words = words
        self.status = status
        self.retry_after_s = retry_after_s
        self.sent = sent
        self.named_rows = named_rows

    @property
    def is_refusal(self) -> bool:
        """Whether Halo does not permit it, to this token: another one may be permitted it."""
        return self.failure is FailureClass.UNAUTHORIZED or self.status == HTTPStatus.FORBIDDEN


class UnreadableRowError(HaloFailure):
    """A row of a list cannot be understood; asking again would not help, a person corrects it in Halo.

    `words` name the row and the field.
    """

    def __init__(self, words: str) -> None:
        super().__init__(FailureClass.REJECTED, words, status=HTTPStatus.OK)
