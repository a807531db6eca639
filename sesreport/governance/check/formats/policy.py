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
    place_of_text,
    plan_format,
    relative,
)
from sesreport.governance.check.policy_json import resources


def is_policy(content: Any) -> bool:
    """Whether parsed JSON looks like a policy document."""
    return isinstance(content, dict) and "Statement" in content and not {"Resources", "planned_values"} & set(content)


@plan_format(name="identity policy", recognize=is_policy)
def read_policy_file(path: Path, content: Any, asked: Asked) -> Planned:
    """The policy of the identity that the command names, else of the only one that its resources name."""
    text = json.dumps(content, ensure_ascii=False)
    identity = asked.identity or place_of_text(text)
    if identity is None:
        named = {found[0] for found in identity_arns(text)}
        whole = only([str(each) for each in resources(content)]) if None not in resources(content) else ""
        if len(named) != 1 or whole not in named:
            what = "names no identity" if not named else "does not name one identity, and that in every statement,"
            raise ConfigError(f"{path}: {what} as its resource; say whose policy it is with --identity ARN")
        identity = identity_at(
            whole, partition="aws", account=asked.account, region=asked.region, address=str(path)
        )  # its ARN lacks the account or the Region
    place = relative(path)
    policy = PlannedPolicy(place, path.stem, identity, GIVEN, text=text, where=Where(place, 1))
    return Planned(path, "identity policy", (policy,))
