"""What keeps a use case from asking Halo, or what came of it (architecture section "When something fails")."""

from halosync.domain.retry import FailureClass


class HaloFailure(Exception):
    """A request to Halo did not succeed.

    Attributes:
        failure: what that means for the next step.
        status: Halo's status; None if there was no answer.
        words: Halo's own words, or what happened on the way.
        retry_after_s: how long Halo asks to wait, in seconds, if it says.
        sent: whether Halo may have counted the request.
        body: the answer's text, for whoever can read more in it.
    """

    def __init__(
        self,
        failure: FailureClass,
        words: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        sent: bool = True,
        body: str = "",
    ) -> None:
        super().__init__(words)
        self.failure = failure
        self.words = words
        self.status = status
        self.retry_after_s = retry_after_s
        self.sent = sent
        self.body = body


class TokenUnavailableError(Exception):
    """No token for now; it is worth asking again later."""


class ConnectionLostError(Exception):
    """The partner's connection is gone; a person must connect Halo again. `code` and `detail` say why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
