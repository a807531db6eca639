"""Commands of the AWS CLI: to apply a fix, and to go back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from shlex import quote

from sesreport.core.text import one_line
from sesreport.governance.fix.proposal import Proposal, fix_format

_HEAD = """#!/bin/sh
# {what}
# Account {account}, Region {region}: run it with credentials of that account.
set -eu
cd "$(dirname "$0")"
if [ "$(aws sts get-caller-identity --query Account --output text)" != {account} ]; then
  echo "These are not credentials of account {account}; nothing was changed." >&2
  exit 1
fi
"""
_UNCHANGED = """live=$(aws sesv2 get-email-identity-policies {identity} --query {query} --output text)
if [ "$live" != "$(cat before.json)" ]; then
  echo "The policy is not as it was read; collect again and make the fix anew. Nothing was changed." >&2
  exit 1
fi
"""


@fix_format
def aws_cli(fix: Proposal) -> Mapping[str, str]:
    """``apply.sh`` and ``roll_back.sh``; the latter puts the saved text back, as a deletion cannot be undone.

    Both stop in another account, and the first where the policy is no longer as it was read: somebody may have
    narrowed it meanwhile.
    """
    identity = f"--region {quote(fix.region)} --email-identity={quote(fix.identity)}"
    where = f"{identity} --policy-name={quote(fix.policy_name)}"
    named = one_line(f"policy {fix.policy_name} of {fix.identity}")
    query = quote(f"Policies.{json.dumps(fix.policy_name)}")
    verb = "delete" if fix.deletes else "update"
    put = "" if fix.deletes else " --policy file://policy.json"
    back = "create" if fix.deletes else "update"
    about = {"account": fix.account_id, "region": one_line(fix.region)}
    return {
        "apply.sh": _HEAD.format(what=f"{'Deletes' if fix.deletes else 'Narrows'} {named}", **about)
        + _UNCHANGED.format(identity=identity, query=query)
        + f"aws sesv2 {verb}-email-identity-policy {where}{put}\n",
        "roll_back.sh": _HEAD.format(what=f"Puts back {named} as it was read", **about)
        + f"aws sesv2 {back}-email-identity-policy {where} --policy file://before.json\n",
    }
