"""What the layers around the application have in common."""

from abc import ABC, abstractmethod

from starlette.types import ASGIApp, Receive, Scope, Send


class HttpLayer(ABC):
    """A layer around an application. What is not HTTP, such as the start of the server, goes past it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        await (self._request if scope["type"] == "http" else self._app)(scope, receive, send)

    @abstractmethod
    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None: ...
