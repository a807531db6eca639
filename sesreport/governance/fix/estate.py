"""The whole estate as Terraform, with every fix applied: what a team takes over to manage its policies as code."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

from sesreport.analysis import Analysis
from sesreport.analysis.joins import rows
from sesreport.core.files import whole_folder
from sesreport.core.text import one_line
from sesreport.core.vocabulary import IDENTITY
from sesreport.governance.fix.formats.aws_cli import aws_cli
from sesreport.governance.fix.formats.terraform import resource
from sesreport.governance.fix.proposal import Proposal

KIND = "aws_sesv2_email_identity_policy"


def export_terraform(analysis: Analysis, fixes: Collection[Proposal], folder: Path) -> Path:
    """Writes every identity policy of the snapshot, narrowed where a fix is offered, without those to be deleted.

    One root module for each account and Region, as its state and credentials are its own. Terraform leaves alone what
    it does not manage, so that each module has a ``delete.sh`` for the policies that go. ``not_fixed.md`` lists the
    policies that stand as they are although there is a finding, and identities whose policies were not read. The
    folder must not be there. Raises WriteError.
    """
    by_policy = {(fix.account_id, fix.region, fix.identity, fix.policy_name): fix for fix in fixes}
    modules: Mapping[tuple[str, str], list[Proposal]] = defaultdict(list)
    gone: Mapping[tuple[str, str], list[Proposal]] = defaultdict(list)
    for key in rows(analysis.snapshot.policies, (*IDENTITY, "policy_name", "document")):
        fix = by_policy.get((key[0], key[1], key[2], key[3]))
        stands = Proposal(key[0], key[1], key[2], key[3], "", "", (), key[4], key[4], "", ())
        if fix is None or not fix.offered:
            modules[key[0], key[1]].append(stands)
        else:
            (gone if fix.after is None else modules)[key[0], key[1]].append(fix)
    with whole_folder(folder) as temporary:
        for account, region in sorted({*modules, *gone}):
            module = temporary / f"{account}-{region}"
            _module(module, account, region, modules[account, region])
            _deletions(module, gone[account, region])
        open_ones = [fix for fix in fixes if not fix.offered]
        lines = [
            one_line(f"- {fix.identity}, {fix.policy_name} ({fix.account_id} {fix.region}): {fix.reason}")
            for fix in open_ones
        ]
        unread = analysis.identities[analysis.identities["policies"].isna()]
        lines += [
            one_line(f"- {identity} ({account} {region}): its policies were not read")
            for account, region, identity in rows(unread, IDENTITY)
        ]
        text = "\n".join(["# Policies that stand as they are, or are not known", "", *lines, ""])
        (temporary / "not_fixed.md").write_text(text, encoding="utf-8")
    return folder


def _deletions(folder: Path, policies: Collection[Proposal]) -> None:
    """``delete.sh`` and the texts that it goes back to; nothing where no policy goes."""
    scripts = []
    for policy in policies:
        name = f"deleted/{policy.name}"
        for file, text in aws_cli(policy).items():
            _write(folder / name / file, text)
        _write(folder / name / "before.json", policy.before)
        scripts.append(f"sh {name}/apply.sh")
    if scripts:
        _write(folder / "delete.sh", "\n".join(["#!/bin/sh", "set -eu", 'cd "$(dirname "$0")"', *scripts, ""]))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))


def _module(folder: Path, account: str, region: str, policies: Collection[Proposal]) -> None:
    folder.mkdir(parents=True)
    blocks = []
    for policy in policies:
        _write(folder / "policies" / f"{policy.name}.json", policy.after or "")
        name = f"policies/{policy.name}.json"
        blocks.append(resource(policy.identity, policy.policy_name, policy.terraform_name, KIND, name))
    provider = (
        'terraform {\n  required_version = ">= 1.5"\n  required_providers {\n'
        '    aws = {\n      source  = "hashicorp/aws"\n      version = ">= 5.0"\n    }\n  }\n}\n\n'
        f'provider "aws" {{\n  region              = {json.dumps(region)}\n'
        f"  allowed_account_ids = [{json.dumps(account)}]\n}}\n"
    )
    (folder / "providers.tf").write_text(provider, encoding="utf-8")
    (folder / "main.tf").write_text("\n".join(blocks), encoding="utf-8")
