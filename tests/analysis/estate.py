"""A small organization written by hand: a few lines make a sealed snapshot and its analysis."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from sesreport.analysis import Analysis, analyze
from sesreport.analysis.joins import records
from sesreport.analysis.reviews import answerable
from sesreport.core.period import Period
from sesreport.findings.examples import attestation
from sesreport.settings.attestations import FRAME as ATTESTATIONS
from sesreport.settings.config import Config
from sesreport.settings.register import register_from_rows
from sesreport.snapshot.collected import frames
from sesreport.snapshot.store import load, write_snapshot

SHOP, DEV, THIRD = "210000000001", "210000000002", "210000000003"
VENDOR, FORMER, STRANGER = "310000000001", "310000000002", "420000000001"
EU, US = "eu-west-1", "us-east-1"
ORGANIZATION = "o-exampleorg1"
NOVEMBER = datetime(2026, 11, 3, 6, tzinfo=UTC)
OCTOBER = Period(2026, 10)
DATASETS = ("identities", "policies", "sending_accounts", "metrics", "changes")


def policy(principal: Any, *actions: str, effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    """A policy of one statement; a text principal that is no ``*`` is an AWS one."""
    if isinstance(principal, str) and principal != "*":
        principal = {"AWS": principal}
    return {"Version": "2012-10-17", "Statement": [statement(principal, *actions, effect=effect, **elements)]}


def statement(principal: Any, *actions: str, effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    return {
        "Effect": effect,
        "Principal": principal,
        "Action": list(actions) or ["ses:SendEmail", "ses:SendRawEmail"],
        "Resource": "*",
        **elements,
    }


class Estate:
    """Rows of every frame; places are covered unless said otherwise."""

    def __init__(self, now: datetime = NOVEMBER, *, organization: str = ORGANIZATION) -> None:
        self.now, self.organization = now, organization
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in frames()}
        self.gaps: dict[tuple[str, str, str], str] = {}
        self.answers: list[tuple[str, str, str]] = []
        self.places: set[tuple[str, str]] = set()
        self.register: list[dict[str, Any]] = [
            {"account_id": VENDOR, "name": "Mailwise", "ticket": "SEC-1", "identities": [], "status": "valid"},
            {"account_id": FORMER, "name": "Brightside", "identities": [], "status": "expired"},
        ]
        self.account(SHOP, "shop-prod", "prod", management=True)
        self.account(DEV, "shop-dev", "dev")
        self.account(THIRD, "crm-prod", "prod")

    def account(
        self, account: str, name: str | None, environment: str | None, *, status: str = "ACTIVE",
        management: bool = False,
    ) -> Estate:  # fmt: skip
        tags = {"owner": "platform"} | ({"environment": environment} if environment else {})
        self.rows["accounts"].append(
            {
                "account_id": account,
                "name": name,
                "status": status,
                "tags": json.dumps(tags),
                "organization_id": self.organization,
                "management_account": management,
                "in_organization": True,
            }
        )
        return self

    def identity(
        self, name: str = "example.com", policies: Mapping[str, Any] | None = None, *, account: str = SHOP,
        region: str = EU, tags: Mapping[str, str] | None = None, read: bool = True,
        verification: str | None = "SUCCESS",
    ) -> Estate:  # fmt: skip
        """``read=False``: GetEmailIdentity did not answer, so tags and policies are not known."""
        place = {"account_id": account, "region": region, "identity": name}
        known = {"tags": json.dumps(dict(tags or {})), "policies": len(policies or {})} if read else {}
        self.rows["identities"].append(
            {
                **place,
                "arn": f"arn:aws:ses:{region}:{account}:identity/{name}",
                "identity_type": "EMAIL_ADDRESS" if "@" in name else "DOMAIN",
                "verification_status": verification,
                **known,
            }
        )
        for title, document in (policies or {}).items():
            text = document if isinstance(document, str) else json.dumps(document)
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
            self.rows["policies"].append({**place, "policy_name": title, "document": text, "sha256": digest})
        self.places.add((account, region))
        if not read:
            self.gap(account, region, "policies")
        return self

    def days(self, metric: str, values: Mapping[str, float], *, account: str = SHOP, region: str = EU) -> Estate:
        """Values of a CloudWatch metric by day (``2026-10-01``)."""
        self.rows["metrics"] += [
            {"account_id": account, "region": region, "dimension": "account", "metric": metric,
             "at": datetime.fromisoformat(f"{day}T00:00+00:00"), "value": value}
            for day, value in values.items()
        ]  # fmt: skip
        self.places.add((account, region))
        return self

    def quota(self, maximum: float | None, *, account: str = SHOP, region: str = EU, **fields: Any) -> Estate:
        self.rows["sending_accounts"].append(
            {"account_id": account, "region": region, "max_24_hour_send": maximum, "enforcement_status": "HEALTHY",
             **fields}
        )  # fmt: skip
        self.places.add((account, region))
        return self

    def change(
        self, at: str, event: str, name: str | None = "p", document: Any = None, *, identity: str = "example.com",
        error: str | None = None, account: str = SHOP, region: str = EU,
    ) -> Estate:  # fmt: skip
        self.rows["changes"].append(
            {"event_id": f"e{len(self.rows['changes'])}", "account_id": account, "region": region,
             "at": datetime.fromisoformat(at).replace(tzinfo=UTC), "event_name": event, "identity": identity,
             "policy_name": name, "policy": json.dumps(document) if document is not None else None,
             "principal_arn": "arn:aws:iam::210000000001:role/deploy", "error_code": error}
        )  # fmt: skip
        return self

    def gap(self, account: str, region: str, dataset: str, status: str = "denied") -> Estate:
        """A dataset that was not read there; ``everything`` speaks of the whole place."""
        self.gaps[account, region, dataset] = status
        if region != "global":
            self.places.add((account, region))
        return self

    def answered(self, answer: str, day: str, identity: str) -> Estate:
        """A reviewer's answer, imported on a day, about what has to be answered for on an identity."""
        self.answers.append((answer, day, identity))
        return self

    def place(self, account: str = SHOP, region: str = EU) -> Estate:
        """A place that was read, and in which there is nothing."""
        self.places.add((account, region))
        return self

    def write(self, folder: Path) -> Path:
        rows = {**self.rows, "coverage": self._coverage()}
        return write_snapshot(
            folder,
            {name: frame.from_rows(rows[name]) for name, frame in frames().items()},
            started_at=self.now,
            finished_at=self.now,
            about={"datasets_skipped": []},
        )

    def analysis(
        self, folder: Path, config: Config | None = None, *, period: Period | None = None,
        previous: Analysis | None = None,
    ) -> Analysis:  # fmt: skip
        register: pd.DataFrame = register_from_rows(self.register)
        nothing = ATTESTATIONS.empty()
        made = analyze(
            load(self.write(folder)), config, register=register, attestations=nothing, period=period, previous=previous
        )
        return replace(made, attestations=self._attestations(made)) if self.answers else made

    def _attestations(self, analysis: Analysis) -> pd.DataFrame:
        return ATTESTATIONS.from_rows(
            attestation(
                row,
                answer=answer,
                answered_at=(at := datetime.fromisoformat(f"{day}T00:00Z")),
                due=None if answer == "keep" else at + timedelta(days=30),
            )
            for answer, day, identity in self.answers
            for row in records(answerable(analysis))
            if row["identity"] == identity
        )

    def _coverage(self) -> list[dict[str, Any]]:
        told = dict(self.gaps)
        for account, region in self.places:
            if (account, region, "everything") not in told:
                for dataset in DATASETS:
                    told.setdefault((account, region, dataset), "ok")
        return [
            {"account_id": account, "region": region, "dataset": dataset, "status": status,
             "reason": None if status == "ok" else f"{dataset}: {status}", "calls": 1, "retries": 0, "rows": 0,
             "seconds": 0.1}
            for (account, region, dataset), status in sorted(told.items())
        ]  # fmt: skip
