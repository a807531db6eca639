"""``sesreport fix``."""

from __future__ import annotations

from pathlib import Path

import click

from sesreport.cli import given
from sesreport.cli.group import cli
from sesreport.cli.lines import line
from sesreport.cli.options import common


@cli.command()
@common
@click.argument("fingerprints", nargs=-1, metavar="[FINGERPRINT…]")
@click.option("--all", "every", is_flag=True, help="Every policy that has a finding.")
@click.option("--snapshot", type=click.Path(path_type=Path), help="Snapshot to use; default is the newest.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder to write; it must not be there [fixes].")
@click.option(
    "--export-terraform", "estate", type=click.Path(path_type=Path), metavar="DIR",
    help="Write all policies of the organization as Terraform, with every fix applied.",
)  # fmt: skip
@click.option("--demo", is_flag=True, help="Use the demonstration organization's settings and register.")
def fix(
    config: Path | None, quiet: bool, debug: bool, fingerprints: tuple[str, ...], every: bool, snapshot: Path | None,
    output: Path | None, estate: Path | None, demo: bool,
) -> int:  # fmt: skip
    """Write the narrowest approved policy for findings, proved; nothing is changed in AWS.

    A FINGERPRINT is that of a finding, or its first characters. Example:

        sesreport fix --all --output fixes
    """
    given.begin(debug=debug)
    if bool(fingerprints) == every and estate is None:
        raise click.UsageError("name fingerprints of findings, or give --all")
    from sesreport.analysis import analyze
    from sesreport.findings.findings import found
    from sesreport.governance.explanations import newest_or
    from sesreport.governance.fix import export_terraform, proposals, write_fixes
    from sesreport.governance.fix.proposal import chosen

    settings = given.named(config, demo, None)
    analysis = analyze(newest_or(settings, snapshot), settings)
    known = proposals(analysis.fixes, found(analysis))
    if estate is not None:
        line(f"{export_terraform(analysis, known, estate)}: the policies of the organization, with every fix applied")
    if every or fingerprints:
        wanted = known if every else chosen(known, fingerprints)
        offered = [one for one in wanted if one.offered]
        folder = write_fixes(wanted, output or Path("fixes"))
        line(f"{folder}: {len(offered)} of {len(wanted)} policies with a finding can be narrowed or deleted")
        for one in wanted:
            if not one.offered:
                where = f"{one.identity}, policy {one.policy_name} ({one.account_id} {one.region})"
                line(f"not offered for {where}: {one.reason}")
    return 0
