"""Small organizations in which a rule fires, or does not: the examples every rule carries.

The cast is always the same: 210000000001 (production) owns the identity, 210000000002 is a development account and
210000000003 a suspended one of the organization o-exampleorg1; 310000000001 is an approved vendor, 310000000002 one
whose approval has expired; 420000000001 nobody knows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from sesreport.analysis import Analysis, analyze
from sesreport.analysis.joins import records
from sesreport.analysis.reviews import answerable
from sesreport.core.quarter import Quarter
from sesreport.settings.attestations import ABOUT, attestation_id
from sesreport.settings.attestations import FRAME as ATTESTATIONS
from sesreport.settings.config import Config
from sesreport.settings.register import register_from_rows
from sesreport.snapshot.collected import frames
from sesreport.snapshot.store import load, write_snapshot

OWN, DEVELOPMENT, SUSPENDED = "210000000001", "210000000002", "210000000003"
VENDOR, FORMER_VENDOR, UNKNOWN = "310000000001", "310000000002", "420000000001"
ORGANIZATION, REGION = "o-exampleorg1", "eu-west-1"
NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
MONTH = timedelta(days=31)
OWNED = {"owner": "shop", "ticket": "SHOP-1"}


def allow(principal: str | Mapping[str, Any], *actions: str, **elements: Any) -> dict[str, Any]:
    """A policy with one Allow; ``principal`` is an account id, an ARN, ``*`` or a Principal object."""
    return _policy("Allow", principal, actions, elements)


def deny(principal: str | Mapping[str, Any], *actions: str, **elements: Any) -> dict[str, Any]:
    """A policy with one Deny."""
    return _policy("Deny", principal, actions, elements)


def event(name: str, days: int, **fields: Any) -> dict[str, Any]:
    """An event of so many days ago in the owning account; ``fields`` are columns of ``changes`` that differ."""
    return {
        "event_id": f"{name} {days}",
        "account_id": OWN,
        "region": REGION,
        "at": timedelta(days=days),
        "event_name": name,
        "principal_arn": f"arn:aws:iam::{OWN}:role/deploy",
        "source_ip": "203.0.113.7",
        **fields,
    }


def answered(answer: str, days: int, *, due: int | None = None, **fields: Any) -> dict[str, Any]:
    """An answer of so many days ago; ``due`` are days from the answer, ``fields`` columns of ``attestations``."""
    late = {} if due is None else {"due": days - due}
    return {"answer": answer, "answered_at": days, **late, **fields}


def attestation(row: Mapping[str, Any], *, answered_at: datetime, **fields: Any) -> dict[str, Any]:
    """A row of ``attestations`` about a grant that has to be answered for, with ``fields`` such as ``answer``."""
    about = {name: row[name] for name in (*ABOUT, "statement", "facts")}
    given = {"reviewer": "Ada", "file_sha256": "0", "snapshot": "0", "quarter": str(Quarter.of(answered_at))}
    made = {**about, **given, "answered_at": answered_at, **fields}
    return {**made, "attestation_id": f"{attestation_id(made)} {answered_at.date()}"}


def _policy(
    effect: str, principal: str | Mapping[str, Any], actions: Sequence[str], elements: Mapping[str, Any]
) -> dict[str, Any]:
    statement = {
        "Effect": effect,
        "Principal": principal if principal == "*" or not isinstance(principal, str) else {"AWS": principal},
        "Action": list(actions) or ["ses:SendEmail", "ses:SendRawEmail"],
        "Resource": f"arn:aws:ses:{REGION}:{OWN}:identity/example.com",
        **elements,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


@dataclass(frozen=True)
class Example:
    """One identity, ``example.com``, in the cast's organization."""

    policies: Mapping[str, Any] = field(default_factory=dict)
    """Policy name → document, as an object or as text."""
    tags: Mapping[str, str] = field(default_factory=lambda: OWNED)
    identity_fields: Mapping[str, Any] = field(default_factory=dict)
    """Columns of ``identities`` that differ."""
    sending_fields: Mapping[str, Any] = field(default_factory=dict)
    """Columns of ``sending_accounts`` that differ."""
    approved_identities: Sequence[str] = ()
    """Identities the vendor is approved for; empty means any."""
    approved_under: str | None = "SEC-1041"
    """Ticket of its approval."""
    owners: Sequence[str] | None = None
    """Names in the directory of owners; None without one."""
    beside: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Verified identities of the same account and Region, by name, with their policies."""
    elsewhere: Sequence[tuple[str, str]] = ()
    """account × Region of further identities."""
    sent: Sequence[float] = ()
    """Messages a day in CloudWatch, up to the day before the snapshot."""
    bounces: Sequence[float] = ()
    """Bounces a day, likewise."""
    changes: Sequence[Mapping[str, Any]] = ()
    """CloudTrail's events, see :func:`event`."""
    answers: Sequence[Mapping[str, Any]] = ()
    """Answers of reviewers about every grant that has to be answered for, see :func:`answered`."""
    earlier: Example | None = None
    """The organization a month earlier; None where there is no earlier snapshot."""

    def analysis(self, folder: Path, *, now: datetime = NOW) -> Analysis:
        """The example as an analysis of a snapshot written to ``folder``."""
        previous = None if self.earlier is None else self.earlier.analysis(folder / "earlier", now=now - MONTH)
        rows = self._rows(now)
        declared = frames()
        path = write_snapshot(
            folder,
            {name: frame.from_rows(rows.get(name, [])) for name, frame in declared.items()},
            started_at=now,
            finished_at=now,
            about={},
        )
        register, nothing = register_from_rows(self._register()), ATTESTATIONS.empty()
        found = analyze(load(path), Config(), register=register, attestations=nothing, previous=previous)
        found.owners = None if self.owners is None else frozenset(name.casefold() for name in self.owners)
        return replace(found, attestations=self.attestations_about(found, now)) if self.answers else found

    def attestations_about(self, analysis: Analysis, now: datetime) -> pd.DataFrame:
        """The example's answers, about the grants of an analysis."""
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        rows = []
        for answer in self.answers:
            days = {name: midnight - timedelta(days=answer[name]) for name in ("answered_at", "due") if name in answer}
            rows += [attestation(row, **{**answer, **days}) for row in records(answerable(analysis))]
        return ATTESTATIONS.from_rows(rows)

    def _rows(self, now: datetime) -> dict[str, list[dict[str, Any]]]:
        place = {"account_id": OWN, "region": REGION, "identity": "example.com"}
        texts = {n: p if isinstance(p, str) else json.dumps(p) for n, p in self.policies.items()}
        identities = [
            {
                **_identity(**place),
                "tags": json.dumps(self.tags),
                "policies": len(texts),
                **self.identity_fields,
            }
        ]
        identities += [
            {**_identity(account, region, "example.org"), "tags": json.dumps(OWNED), "policies": 0}
            for account, region in self.elsewhere
        ]
        documents = {"example.com": texts}
        for name, policies in self.beside.items():
            documents[name] = {n: json.dumps(p) for n, p in policies.items()}
            identities.append(
                {**_identity(OWN, REGION, name), "tags": json.dumps(OWNED), "policies": len(policies),
                 "identity_type": "EMAIL_ADDRESS", "verification_status": "SUCCESS"}
            )  # fmt: skip
        places = {(row["account_id"], row["region"]) for row in identities}
        return {
            "accounts": [
                _account(OWN, "shop-prod", "ACTIVE", "prod", management_account=True),
                _account(DEVELOPMENT, "shop-dev", "ACTIVE", "dev"),
                _account(SUSPENDED, "old-shop", "SUSPENDED", "prod"),
            ],
            "identities": identities,
            "policies": [
                {**place, "identity": identity, "policy_name": n, "document": t,
                 "sha256": hashlib.sha256(t.encode()).hexdigest()}
                for identity, named in documents.items()
                for n, t in named.items()
            ],
            "sending_accounts": [
                {"account_id": OWN, "region": REGION, "enforcement_status": "HEALTHY", **self.sending_fields}
            ],
            "metrics": [*_metric("Send", self.sent, now), *_metric("Bounce", self.bounces, now)],
            "changes": [{**change, "at": now - change["at"]} for change in self.changes],
            "coverage": [
                {"account_id": account, "region": region, "dataset": name, "status": "ok", "calls": 1, "retries": 0,
                 "rows": 1, "seconds": 0.1}
                for account, region in sorted(places)
                for name in ("identities", "policies", "metrics", "changes", "sending_accounts")
            ],
        }  # fmt: skip

    def _register(self) -> list[dict[str, Any]]:
        return [
            {"account_id": VENDOR, "name": "Mailwise", "owner": "crm", "ticket": self.approved_under,
             "status": "valid", "identities": list(self.approved_identities)},
            {"account_id": FORMER_VENDOR, "name": "Brightside", "identities": [], "status": "expired"},
        ]  # fmt: skip


def _identity(account_id: str, region: str, identity: str) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "region": region,
        "identity": identity,
        "arn": f"arn:aws:ses:{region}:{account_id}:identity/{identity}",
        "identity_type": "DOMAIN",
    }


def _metric(name: str, values: Sequence[float], now: datetime) -> list[dict[str, Any]]:
    """CloudWatch's points of a count; a day on which nothing was counted has none."""
    midnight = now.replace(hour=0)
    days = [midnight - timedelta(days=ago) for ago in range(len(values), 0, -1)]
    place = {"account_id": OWN, "region": REGION, "dimension": "account", "metric": name}
    return [{**place, "at": day, "value": value} for day, value in zip(days, values, strict=True) if value]


def _account(account_id: str, name: str, status: str, environment: str, **fields: Any) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "name": name,
        "status": status,
        "tags": json.dumps({"environment": environment, "owner": "shop"}),
        "organization_id": ORGANIZATION,
        "management_account": False,
        "in_organization": True,
        **fields,
    }
