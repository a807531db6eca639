"""A single identity policy as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sesreport.core.errors import ConfigError
from sesreport.governance.check.planned import (
    GIVEN,
    Asked,
    Planned,
    PlannedPolicy,
    Where,
    identity_arns,
    identity_at,
    only,
    plan_format,
)


def is_policy(content: Any) -> bool:
    """Whether parsed JSON looks like a policy document."""
    return isinstance(content, dict) and "Statement" in content and not {"Resources", "planned_values"} & set(content)


@plan_format(name="identity policy", recognize=is_policy)
def read_policy_file(path: Path, content: Any, asked: Asked) -> Planned:
    """The policy of the identity that the command names, else of the only one that its resources name."""
    text = json.dumps(content)
    identity = asked.identity
    if identity is None:
        named = sorted({found[0] for found in identity_arns(text)})
        if len(named) != 1:
            what = f"names {len(named)} identities" if named else "names no identity"
            raise ConfigError(f"{path}: {what} as its resource; say whose policy it is with --identity ARN")
        partition = only([found["partition"] for found in identity_arns(text)]) or "aws"
        identity = identity_at(
            named[0], partition=partition, account=asked.account, region=asked.region, address=str(path)
        )
    policy = PlannedPolicy(str(path), path.stem, identity, GIVEN, text=text, where=Where(str(path), 1))
    return Planned(path, "identity policy", (policy,))
