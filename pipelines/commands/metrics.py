"""`clusterkpi metrics …`: the formulas of clusterkpi on a table of one's own.

Belongs here: arguments, reading the input through `tables`, writing the output. Does not belong
here: any formula (`pipelines.metrics`).
"""

from __future__ import annotations

import typer

from pipelines.commands import regional

app = typer.Typer(name="metrics", help="Our formulas on your own table.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Our formulas on your own table."""


app.command("specialisation")(regional.specialisation)
app.command("aggregate")(regional.aggregate)
app.command("concentration")(regional.concentration)
