"""What goes wrong in a browser without anybody seeing it: errors on the console, failed and foreign requests."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, Response, WebError

# Chromium says on the console what the answer says already; `Watch` judges the answer.
_SAID_BY_THE_ANSWER = "Failed to load resource: the server responded with a status of"
# A page that is left in the middle of something ends it: live progress, a picture that was still loading.
_LEFT = "net::ERR_ABORTED"


def origin(url: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@dataclass
class Watch:
    """Watches all pages of a context and collects what should not have happened.

    Attributes:
        origins: whom a page may talk to.
        problems: what should not have happened, in words.
        pages: those that were opened, for pictures of them.
    """

    origins: frozenset[str]
    problems: list[str] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    _expected: set[tuple[int, str]] = field(default_factory=set)
    _seen: set[tuple[int, str]] = field(default_factory=set)

    def expect(self, status: int, path: str) -> None:
        """Say that an answer of 400 or more is what the test wants, such as 401 to a wrong key.

        It must come then: an expectation that is not met is a problem too.
        """
        self._expected.add((status, path))

    def expect_said(self, words: str) -> None:
        """Say that the console error with these words is what the test wants; it must have been said already."""
        said = [problem for problem in self.problems if words in problem]
        assert said, f"nobody said {words!r}, only {self.problems}"
        self.problems = [problem for problem in self.problems if words not in problem]

    def everything_said(self) -> list[str]:
        """Return the problems and the expectations that were not met."""
        missing = sorted(self._expected - self._seen)
        return [*self.problems, *(f"expected {status} from {path}, and it never came" for status, path in missing)]

    def attach(self, context: BrowserContext) -> None:
        """Begin to watch."""
        context.on("page", self._on_page)
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("request", self._on_request)
        context.on("requestfailed", self._on_failed)
        context.on("response", self._on_response)

    def _on_page(self, page: Page) -> None:
        self.pages.append(page)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_SAID_BY_THE_ANSWER):
            self.problems.append(f"{message.type} on the console: {message.text}")

    def _on_error(self, error: WebError) -> None:
        self.problems.append(f"a script failed: {error.error}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")) and origin(request.url) not in self.origins:
            self.problems.append(f"a request to a stranger: {request.method} {request.url}")

    def _on_failed(self, request: Request) -> None:
        if request.failure != _LEFT and origin(request.url) in self.origins:
            self.problems.append(f"no answer: {request.method} {request.url}: {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status < 400:
            return
        answer = (response.status, urlsplit(response.url).path)
        self._seen.add(answer)
        if answer not in self._expected:
            self.problems.append(f"answered {response.status}: {response.request.method} {response.url}")
