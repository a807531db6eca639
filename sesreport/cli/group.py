"""The group that all commands belong to."""

from __future__ import annotations

import click

from sesreport.core.version import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="sesreport")
def cli() -> None:
    """Who can send e-mail as us, who does, what it costs, and is it getting better."""
