"""`python -m devstack`: halosync on one machine, with nothing to install or configure first."""

import typer

from devstack.demo import demo
from devstack.faults.command import faults
from devstack.mutants import mutants
from devstack.rabbitmq_root import rabbitmq_root
from devstack.schema_snapshot import schema
from devstack.up import up

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


app.command()(demo)
app.command()(up)
app.command()(faults)
app.command()(rabbitmq_root)
app.command()(schema)
app.command()(mutants)

if __name__ == "__main__":
    app()
