"""A snapshot made of policies that are given, not collected: those of a file, of a plan, or of a question."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pandas as pd

from sesreport.analysis import Analysis, analyze
from sesreport.core.vocabulary import IDENTITY
from sesreport.policy import Identity
from sesreport.settings.config import Config
from sesreport.snapshot.collected import frames
from sesreport.snapshot.store import Snapshot, load, write_snapshot

GivenPolicies = Mapping[Identity, Mapping[str, str]]
"""Texts of policies by name, by identity."""


@contextmanager
def analysis_of(
    given: GivenPolicies, config: Config, register: pd.DataFrame, *, today: date, evidence: Snapshot | None = None
) -> Iterator[Analysis]:
    """The analysis of the policies given, as if they were all of their identities'.

    With ``evidence`` its organization counts, and the address identities beside those given, whose policies come
    before their domains'; without it ``[organization]`` of the settings does.
    """
    moment = datetime.combine(today, time(12), UTC)
    with tempfile.TemporaryDirectory() as folder:
        rows = _rows(given, config, evidence)
        path = write_snapshot(Path(folder), rows, started_at=moment, finished_at=moment, about={})
        yield analyze(load(path), config, register=register)


def _rows(given: GivenPolicies, config: Config, evidence: Snapshot | None) -> dict[str, pd.DataFrame]:
    """A snapshot of the identities alone, in the organization that is known."""
    declared = frames()
    identities, policies = [], []
    for identity, named in given.items():
        place = {"account_id": identity.account, "region": identity.region, "identity": identity.name}
        kind = "DOMAIN" if identity.is_domain else "EMAIL_ADDRESS"
        identities.append(
            {
                **place, "arn": identity.arn, "identity_type": kind, "verification_status": "SUCCESS",
                "policies": len(named), "tags": "{}",
            }
        )  # fmt: skip
        for name, text in named.items():
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
            policies.append({**place, "policy_name": name, "document": text, "sha256": digest})
    rows = {frame: declared[frame].empty() for frame in declared}
    rows["identities"] = declared["identities"].from_rows(identities)
    rows["policies"] = declared["policies"].from_rows(policies)
    own = sorted({identity.account for identity in given})
    if evidence is None:
        rows["accounts"] = declared["accounts"].from_rows(list(_accounts(own, config)))
        return rows
    accounts = evidence.accounts
    missing = [account for account in own if account not in set(accounts["account_id"])]
    rows["accounts"] = pd.concat(
        [accounts, declared["accounts"].from_rows(list(_strangers(missing)))], ignore_index=True
    )
    near = evidence.identities.merge(rows["identities"][IDENTITY[:2]].drop_duplicates(), on=IDENTITY[:2])
    near = near[near["identity"].str.contains("@", regex=False)]
    near = near.merge(rows["identities"][IDENTITY], on=IDENTITY, how="left", indicator=True)
    near = near[near.pop("_merge").eq("left_only")]
    rows["identities"] = pd.concat([rows["identities"], near[rows["identities"].columns]], ignore_index=True)
    beside = evidence.policies.merge(near[IDENTITY], on=IDENTITY)
    rows["policies"] = pd.concat([rows["policies"], beside], ignore_index=True)
    return rows


def _accounts(own: list[str], config: Config) -> Iterator[dict[str, Any]]:
    """Accounts of the identities, and those that the settings name.

    Where the settings name none, the account of the identities is taken for a member, if it is one.
    """
    known = config.organization
    members = set(known.accounts) if known.accounts or len(own) > 1 else set(own)
    for account in sorted({*own, *members}) if known.id else own:
        yield _account(account, (known.id or None) if account in members else None)


def _strangers(accounts: list[str]) -> Iterator[dict[str, Any]]:
    """Accounts of identities that the evidence does not hold."""
    for account in accounts:
        yield _account(account, None)


def _account(account: str, organization: str | None) -> dict[str, Any]:
    return {
        "account_id": account,
        "name": account,
        "status": "ACTIVE",
        "tags": json.dumps({}),
        "organization_id": organization,
        "management_account": False,
        "in_organization": organization is not None,
    }
