"""Accounts with the environment and owner their tags and OU path give."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from sesreport.analysis.registry import Analysis, derived
from sesreport.core.schema import Frame, text
from sesreport.settings.config import OrganizationSettings
from sesreport.snapshot.frames.accounts import ACCOUNTS as COLLECTED

ENVIRONMENTS = ("prod", "staging", "dev", "sandbox")

ACCOUNTS = Frame(
    "accounts",
    COLLECTED.doc,
    keys=COLLECTED.keys,
    columns={
        **COLLECTED.columns,
        "environment": text("prod, staging, dev or sandbox, by tag, else by OU; NA when neither says."),
        "owner": text("Owner by the account's tags."),
    },
    samples=[{**row, "environment": "prod", "owner": "shop"} for row in COLLECTED.samples],
)


@derived(ACCOUNTS)
def accounts(analysis: Analysis) -> pd.DataFrame:
    """The collected accounts with two columns more."""
    frame = analysis.snapshot.accounts
    tags = [parse_tags(value) for value in frame["tags"]]
    organization = analysis.config.organization
    return frame.assign(
        environment=pd.array(
            [_environment(t, path, organization) for t, path in zip(tags, frame["ou_path"], strict=True)],
            dtype="string",
        ),
        owner=pd.array([first_tag(t, analysis.config.tags.owner) for t in tags], dtype="string"),
    )


def parse_tags(value: Any) -> dict[str, str]:
    """The tags of a JSON object; none where they are NA."""
    if not isinstance(value, str):
        return {}
    tags = {str(key): str(tag) for key, tag in dict(json.loads(value)).items()}
    return {key: tag.encode("utf-8", "backslashreplace").decode() for key, tag in tags.items()}  # lone surrogates


def first_tag(tags: dict[str, str], keys: list[str]) -> str | None:
    """The first non-blank value among the keys, in their order."""
    for key in keys:
        if tags.get(key, "").strip():
            return tags[key].strip()
    return None


def _environment(tags: dict[str, str], ou_path: Any, organization: OrganizationSettings) -> str | None:
    words = [tags.get(organization.environment_tag, "")]
    if isinstance(ou_path, str):
        words += reversed(ou_path.split("/"))
    for word in words:
        name = word.strip().lower()
        if name in ENVIRONMENTS:
            return name
        if name in organization.environment_values:
            return organization.environment_values[name]
    return None
