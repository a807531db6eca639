"""Commands of the AWS CLI: to apply a fix, and to go back."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote

from sesreport.core.text import one_line
from sesreport.governance.fix.proposal import Proposal, fix_format

_HEAD = """#!/bin/sh
# {what}
# Account {account}, Region {region}. Run it in this folder, with credentials of that account.
set -eu
cd "$(dirname "$0")"
"""


@fix_format
def aws_cli(fix: Proposal) -> Mapping[str, str]:
    """``apply.sh`` and ``roll_back.sh``; the latter puts the saved text back, as a deletion cannot be undone."""
    where = (
        f"--region {quote(fix.region)} --email-identity={quote(fix.identity)} --policy-name={quote(fix.policy_name)}"
    )
    named = one_line(f"policy {fix.policy_name} of {fix.identity}")
    if fix.deletes:
        apply = f"aws sesv2 delete-email-identity-policy {where}\n"
        back = f"aws sesv2 create-email-identity-policy {where} --policy file://before.json\n"
    else:
        apply = f"aws sesv2 update-email-identity-policy {where} --policy file://policy.json\n"
        back = f"aws sesv2 update-email-identity-policy {where} --policy file://before.json\n"
    about = {"account": fix.account_id, "region": one_line(fix.region)}
    return {
        "apply.sh": _HEAD.format(what=f"{'Deletes' if fix.deletes else 'Narrows'} {named}", **about) + apply,
        "roll_back.sh": _HEAD.format(what=f"Puts back {named} as it was read", **about) + back,
    }
