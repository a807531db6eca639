"""Terraform: the narrowed policy as a resource of either generation, with the block that imports it.

Facts: Terraform AWS provider, "aws_sesv2_email_identity_policy" and "aws_ses_identity_policy", both imported by
``<identity>|<policy name>``; import blocks need Terraform 1.5.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from sesreport.governance.fix.proposal import Proposal, fix_format


@fix_format
def terraform(fix: Proposal) -> Mapping[str, str]:
    """``terraform/sesv2/main.tf`` and ``terraform/ses/main.tf``; nothing for a policy that is to be deleted."""
    if fix.after is None:
        return {}
    return {
        f"terraform/{generation}/main.tf": resource(fix.identity, fix.policy_name, fix.terraform_name, kind, policy)
        for generation, kind in (("sesv2", "aws_sesv2_email_identity_policy"), ("ses", "aws_ses_identity_policy"))
        for policy in ("../../policy.json",)
    }


def resource(identity: str, policy_name: str, name: str, kind: str, policy: str, provider: str = "") -> str:
    """An import block and the resource; the policy's text stays in a file of its own."""
    arguments = ("email_identity", "policy_name") if kind == "aws_sesv2_email_identity_policy" else ("identity", "name")
    alias = f"  provider = {provider}\n" if provider else ""
    width = max(map(len, (*arguments, "policy")))
    lines = [
        f"  {arguments[0]:<{width}} = {_string(identity)}",
        f"  {arguments[1]:<{width}} = {_string(policy_name)}",
        f"  {'policy':<{width}} = file({_string('${path.module}/', escape=False)[:-1]}{_string(policy)[1:]})",
    ]
    return (
        f"import {{\n{alias}  to = {kind}.{name}\n  id = {_string(f'{identity}|{policy_name}')}\n}}\n\n"
        f'resource "{kind}" "{name}" {{\n{alias}' + "\n".join(lines) + "\n}\n"
    )


def _string(value: str, *, escape: bool = True) -> str:
    """A quoted string of HCL, in which ``${`` and ``%{`` begin templates."""
    plain = value.translate({8: "\N{REPLACEMENT CHARACTER}", 12: "\N{REPLACEMENT CHARACTER}"})  # HCL has no \\b and \\f
    quoted = json.dumps(plain, ensure_ascii=False)
    return quoted.replace("${", "$${").replace("%{", "%%{") if escape else quoted
