"""``sesreport demo``."""

from __future__ import annotations

from datetime import datetime

import click

from sesreport.cli import given
from sesreport.cli.commands.run import run
from sesreport.cli.group import cli


@cli.command("demo")
@click.option("--serve", is_flag=True, help="Keep the endpoint up to explore it; Ctrl-C ends it.")
@click.option("--port", default=5000, show_default=True, help="Port of the endpoint.")
@click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]), help="The demonstration's day; default is the one it was written for."
)
@click.pass_context
def demo_command(context: click.Context, serve: bool, port: int, today: datetime | None) -> int:
    """Make the demonstration organization's pack, or serve its AWS endpoint (--serve)."""
    if not serve:
        return int(context.invoke(run, demo=True, today=today, period="last-month", parameters=()))
    from sesreport.demo import serve as endpoint

    with endpoint(today=given.day_of(True, today), port=port) as server:
        for name, value in server.environment().items():
            click.echo(f"export {name}={value}")
        click.echo(f"\nThe demonstration organization answers at {server.url}. Ctrl-C ends it.", err=True)
        server.wait()
    return 0
