"""The pages a person sees: log-in and error."""

from collections.abc import Mapping
from html import escape
from string import Template

_FRAME = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark;
  --ink: #16233a; --soft: #51607a; --ground: #eef2f7; --card: #fff; --line: #7b8aa5; --act: #0b5a6b; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eaf0f8; --soft: #b3c0d4; --ground: #10161f; --card: #1a2330; --line: #7f8da6; --act: #7fd6e6; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 26rem; padding: 2rem; background: var(--card); border-radius: .75rem;
  box-shadow: 0 1rem 3rem rgb(0 0 0 / .15); }
h1 { margin: 0 0 .5rem; font-size: 1.4rem; line-height: 1.25; }
p, ul { color: var(--soft); margin: 0 0 1rem; }
label { display: block; margin: 0 0 1rem; font-weight: 600; }
input { display: block; width: 100%; margin-top: .25rem; padding: .6rem .75rem; border: 1px solid var(--line);
  border-radius: .4rem; background: transparent; color: inherit; font: inherit; }
.choices { display: flex; gap: .75rem; margin-top: 1.5rem; }
button { flex: 1; padding: .7rem; border: 2px solid var(--act); border-radius: .4rem; background: transparent;
  color: var(--act); font: inherit; font-weight: 600; cursor: pointer; }
button[value=approve] { background: var(--act); color: var(--card); }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
</style>
</head>
<body><main>$content</main></body>
</html>
""")

_LOG_IN = Template("""
<h1>Log in to $tenant</h1>
<p>This is the Halo sandbox: any agent name will do.</p>
<form method="post">
$hidden
<label>Agent name <input name="agent" autocomplete="username" value="admin" required></label>
<label>Password <input name="password" type="password" autocomplete="off"></label>
<p id="asked"><strong>$application</strong> asks for permission to use:</p>
<ul aria-labelledby="asked">$scopes</ul>
<div class="choices">
<button name="decision" value="approve">Approve</button>
<button name="decision" value="deny" formnovalidate>Deny</button>
</div>
</form>
""")

_ERROR = Template("""<h1>This log-in cannot go on</h1><p role="alert">$reason</p>""")


def log_in(tenant: str, application: str, scope: str, carried: Mapping[str, str]) -> bytes:
    """The log-in page.

    Args:
        tenant: Whose Halo it is.
        application: The name of the application that asks.
        scope: The scopes it asks for, separated by spaces.
        carried: The parameters of the request, sent again with the decision.
    """
    content = _LOG_IN.substitute(
        tenant=escape(tenant),
        application=escape(application),
        scopes="".join(f"<li>{escape(name)}</li>" for name in scope.split()),
        hidden="\n".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in carried.items()
        ),
    )
    return _FRAME.substitute(title=f"Log in to {escape(tenant)}", content=content).encode()


def error(reason: str) -> bytes:
    """The page for a request that cannot be answered by a redirect."""
    return _FRAME.substitute(title="Log-in error", content=_ERROR.substitute(reason=escape(reason))).encode()
