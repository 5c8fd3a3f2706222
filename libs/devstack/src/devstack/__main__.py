"""`python -m devstack`: halosync on one machine, with nothing to install or configure first."""

import typer

from devstack.up import up

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.callback()
def devstack() -> None:
    """Keep `up` a subcommand while it is the only one."""


app.command()(up)

if __name__ == "__main__":
    app()
