"""A site of one page with headers like the portal's, to try the checks of the browser tests on."""

from urllib.parse import urlsplit

from playwright.async_api import Page, Route

URL = "http://site.test"

_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src *"
_COLOURS = """
body { color: #111; background: #fff }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #111 } a { color: #9cf } }
"""
_PAGE = """<!doctype html>
<html lang=en>
<head>
<title>Site</title>
<meta name=viewport content="width=device-width, initial-scale=1">
<meta name=color-scheme content="light dark">
<link rel=icon href=/icon>
<link rel=stylesheet href=/style.css>
<script src=/script.js defer></script>
</head>
<body><main><h1>Site</h1>{body}</main></body>
</html>"""


async def show(page: Page, body: str, *, style: str = "", script: str = "") -> None:
    """Open a page of the site; its requests are answered here, so that no server is needed."""

    async def answer(route: Route) -> None:
        match urlsplit(route.request.url).path:
            case "/":
                headers = {"Content-Security-Policy": _POLICY}
                await route.fulfill(body=_PAGE.format(body=body), content_type="text/html", headers=headers)
            case "/style.css":
                await route.fulfill(body=_COLOURS + style, content_type="text/css")
            case "/script.js":
                await route.fulfill(body=script, content_type="text/javascript")
            case "/icon":
                await route.fulfill(status=204)
            case _:
                await route.fulfill(status=404, body="missing")

    await page.route(f"{URL}/**", answer)
    await page.goto("/")
