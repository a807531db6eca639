"""Frames of a made-up organization, with everything hostile that outsiders can write into them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
from money_sample import empty_money, money_frames

from sesreport.analysis.anomalies import ANOMALIES
from sesreport.analysis.forecasts import FORECASTS
from sesreport.analysis.reviews import REVIEWS, STANDINGS
from sesreport.core import schema
from sesreport.core.period import Period
from sesreport.findings.actions import ACTIONS

PERIOD = Period(2026, 10)
FINISHED = datetime(2026, 11, 1, 5, 12, 33, tzinfo=UTC)
HOSTILE = (
    '=HYPERLINK("http://evil.example","click")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "<script>alert(1)</script>",
    "safe\u202etxt.exe",
    "bell\x07 and null\x00 and escape\x1b",
    "a" * 40_000,
    "line one\r\nline two",
    "Ünïcödé 株式会社 🚀",
)
_KINDS = {
    "t": schema.text,
    "a": schema.account_id,
    "i": schema.integer,
    "r": schema.real,
    "f": schema.flag,
    "at": schema.at,
    "ts": schema.texts,
}
SHAPES = {
    "accounts": "account_id:a name:t status:t environment:t ou_path:t owner:t tags:t in_organization:f email:t",
    "identities": "account_id:a region:t identity:t arn:t identity_type:t verification_status:t dkim_status:t "
    "mail_from_status:t mail_from_domain:t sending_enabled:f configuration_set:t feedback_forwarding:f bounce_topic:t "
    "complaint_topic:t delivery_topic:t tags:t owner:t ticket:t environment:t policies:i",
    "sending_accounts": "account_id:a region:t sending_enabled:f enforcement_status:t production_access:f "
    "max_24_hour_send:r sent_last_24_hours:r bounce_rate:r complaint_rate:r",
    "coverage": "account_id:a region:t dataset:t status:t reason:t calls:i rows:i seconds:r",
    "approvals": "approval_id:t grants:i gone:f",
    "register": "approval_id:t account_id:a name:t vendor:t owner:t justification:t ticket:t approved_by:t "
    "approved_at:at expires_at:at identities:ts from_patterns:ts status:t",
    "grants": "account_id:a region:t identity:t policy_name:t statement:i grantee:t sid:t effect:t grantee_kind:t "
    "grantee_account_id:a grantee_name:t scope:t actions:ts can_send:f can_manage:f from_patterns:ts "
    "any_from_address:f "
    "conditions:ts registered:f register_status:t grantee_environment:t identity_environment:t grantee_status:t why:t",
    "exposures": "account_id:a region:t identity:t identity_type:t owner:t environment:t exposure:t needs_review:f "
    "public:f any_from_address:f external_accounts:ts services:ts guarded:f reasons:ts policies:i",
    "findings": "fingerprint:t rule:t title:t severity:t account_id:a account_name:t region:t identity:t policy_name:t "
    "grantee:t evidence:t recommendation:t owner:t environment:t first_seen:at opened_at:at days_open:r age:t "
    "resolved_at:at status:t",
    "lives": "fingerprint:t episode:i rule:t title:t severity:t account_id:a account_name:t region:t identity:t "
    "policy_name:t grantee:t owner:t environment:t status:t first_seen:at last_seen:at opened_at:at opened_after:at "
    "opened_by:at opened_basis:t resolved_at:at resolved_after:at resolved_by:at resolved_basis:t resolved_in:t "
    "reopened:i days_low:r days_high:r days:r age:t reason:t",
    "monthly": "period:t account_id:a account_name:t environment:t sent:i delivered:i bounces:i complaints:i rejects:i "
    "bounce_rate:r complaint_rate:r complete:f",
    "changes_since": "what:t change:t account_id:a region:t identity:t subject:t before:t after:t severity:t",
    "kpi_unknown_accounts": "grantee_account_id:a name:t register_status:t identities:i grants:i unknown:f",
    "kpi_breakdown": "kpi:t dimension:t group:t value:r numerator:r denominator:r unknown:i places_read:i "
    "places_expected:i status:t reason:t prior:r",
}
TRENDS = (ANOMALIES, FORECASTS)
REGIONS = ("eu-central-1", "us-east-1", "eu-west-1", "ap-southeast-2")
BUSINESS = ("retail", "billing", "loyalty", "newsroom", "claims", "support", "shared-services", "marketing")
VENDORS = ("Northwind Mailers", "Agency Blau", "Contoso CRM", "Fabrikam Survey", "Tailspin Events")


def frames() -> dict[str, pd.DataFrame]:
    """All frames; the same on every call."""
    made = _rows(random.Random(20261101))
    return {
        **{name: _frame(name, rows) for name, rows in made.items()},
        **{f.name: f.from_rows(f.samples) for f in TRENDS},
        ACTIONS.name: _actions(),
        REVIEWS.name: _reviews(),
        **money_frames(made["accounts"]),
    }


def _actions() -> pd.DataFrame:
    """Some of each kind, and asks about what outsiders may call themselves."""
    about = [
        {"fingerprint": f"{number:032x}", "episode": 1, "identity": name, "asked_of": name, "ask": f"Close {name}"}
        for number, name in enumerate(HOSTILE)
    ]
    return ACTIONS.from_rows([*ACTIONS.samples, *({**ACTIONS.samples[0], **each} for each in about)])


def _reviews() -> pd.DataFrame:
    """One of each standing, and grantees that outsiders named."""
    kinds = [{"grantee": f"{number:012d}", "standing": standing} for number, standing in enumerate(STANDINGS)]
    named = [{"grantee": name, "grantee_name": name, "identity": name} for name in HOSTILE]
    return REVIEWS.from_rows([{**REVIEWS.samples[1], **each} for each in (*kinds, *named)])


def empty_frames() -> dict[str, pd.DataFrame]:
    return {
        **{name: _frame(name, []) for name in SHAPES},
        **{frame.name: frame.empty() for frame in (*TRENDS, ACTIONS, REVIEWS)},
        **empty_money(),
    }


def _frame(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    columns = {column: _KINDS[kind](column) for column, kind in (part.split(":") for part in SHAPES[name].split())}
    return schema.Frame(name, name, {}, columns, unique=False).from_rows(rows)


def _rows(rng: random.Random) -> dict[str, list[dict[str, Any]]]:
    accounts = [
        {
            "account_id": f"{(i + 1) * 1_111_111:012d}",
            "name": f"{BUSINESS[i // 2]}-{'prod' if i % 2 == 0 else 'dev'}",
            "status": "SUSPENDED" if i == 13 else "ACTIVE",
            "environment": "prod" if i % 2 == 0 else "dev",
            "ou_path": f"Root/{BUSINESS[i // 2].title()}",
            "owner": None if i == 5 else f"{BUSINESS[i // 2]}-team@corp.example",
            "in_organization": True,
        }
        for i in range(16)
    ]
    identities, exposures, grants = [], [], []
    outside = [f"9{i:011d}" for i in range(1, 15)]
    for i in range(70):
        account = accounts[rng.randrange(16)]
        owner = None if rng.random() < 0.27 else f"{BUSINESS[i % 8]}-mail@corp.example"
        identity = HOSTILE[i] if i < 6 else f"{('news', 'billing', 'alerts', 'care')[i % 4]}{i}.corp.example"
        base = {
            "account_id": account["account_id"],
            "region": rng.choice(REGIONS),
            "identity": identity,
            "identity_type": "DOMAIN",
            "owner": owner,
            "environment": account["environment"],
        }
        policies = rng.choice((0, 1, 1, 2, 3))
        identities.append(
            base
            | {
                "verification_status": "SUCCESS",
                "dkim_status": "SUCCESS",
                "tags": "{}",
                "sending_enabled": None if i == 8 else True,
                "policies": policies,
                "ticket": f"CHG-{1000 + i}" if i % 3 else None,
            }
        )
        widest = rng.choices(
            ("public", "external", "vendor", "organization", "service", "own", "none", None),
            (3, 12, 14, 16, 4, 8, 12, 1),
        )[0]
        exposures.append(
            base
            | {
                "exposure": widest,
                "needs_review": widest is None,
                "public": widest == "public" if widest else None,
                "any_from_address": rng.random() < 0.3,
                "guarded": rng.choice((True, False, None)),
                "policies": policies,
                "external_accounts": outside[i % 9 : i % 9 + 2] if widest == "external" else [],
                "services": ["ses.amazonaws.com"] if widest == "service" else [],
                "reasons": [f"statement {j} allows ses:SendEmail to {widest}" for j in range(2)],
            }
        )
    for i in range(120):
        place = identities[i % 70]
        scope = rng.choices(
            ("public", "needs review", "external", "vendor", "organization", "service"), (4, 3, 40, 30, 35, 6)
        )[0]
        number = min(int(rng.expovariate(0.3)), 13)
        grantee = {
            "public": "*",
            "service": "ses.amazonaws.com",
            "organization": accounts[i % 16]["account_id"],
        }.get(scope, outside[number])
        grants.append(
            {key: place[key] for key in ("account_id", "region", "identity")}
            | {
                "policy_name": HOSTILE[i % 10][:60] if i < 10 else f"AllowSend{i}",
                "statement": i % 3,
                "grantee": grantee,
                "sid": HOSTILE[i] if i < 10 else None,
                "effect": "Deny" if i % 29 == 0 else "Allow",
                "grantee_kind": "account",
                "grantee_account_id": grantee if grantee.isdigit() else None,
                "grantee_name": VENDORS[number] if scope == "vendor" and number < 5 else None,
                "scope": scope,
                "actions": ["ses:SendEmail", "ses:SendRawEmail"],
                "can_send": True if scope != "needs review" else None,
                "can_manage": False,
                "from_patterns": [] if i % 4 else ["*@corp.example"],
                "any_from_address": bool(i % 4),
                "conditions": ["StringEquals aws:SourceOrgID o-corp123456"] if i % 5 == 0 else [],
                "registered": scope == "vendor",
                "register_status": "valid" if scope == "vendor" else None,
                "why": "An account outside the organization may send from any address of this identity."
                if scope == "external"
                else "Allowed by the statement.",
            }
        )
    return {
        "accounts": accounts,
        "identities": identities,
        "exposures": exposures,
        "grants": grants,
        "coverage": _coverage(accounts),
        "register": _register(outside),
        "approvals": [{"approval_id": f"A-{i}", "grants": i, "gone": i == 3} for i in range(7)],
        "kpi_unknown_accounts": _unknown_accounts(grants),
        "findings": (findings := _findings(rng, grants, accounts)),
        "lives": [_life(finding, number) for number, finding in enumerate(findings)],
        "monthly": _monthly(rng, accounts),
        "sending_accounts": [
            {
                "account_id": a["account_id"],
                "region": "eu-central-1",
                "enforcement_status": "PROBATION" if i == 2 else "HEALTHY",
                "bounce_rate": (0.012, 0.034, 0.0712, 0.115, 0.004)[i % 5] if i < 9 else None,
                "complaint_rate": (0.0002, 0.0009, 0.0015, 0.0061, 0.0001)[i % 5] if i < 9 else None,
            }
            for i, a in enumerate(accounts)
        ],
        "kpi_breakdown": [
            {
                "kpi": "owned_identities",
                "dimension": dimension,
                "group": group,
                "value": None if i % 5 == 4 else (i % 5) / 4,
                "numerator": None if i % 5 == 4 else i % 5,
                "denominator": None if i % 5 == 4 else 4,
                "unknown": i % 3,
                "places_read": 0 if i % 5 == 4 else 3,
                "places_expected": 4,
                "status": ("off target", "off target", "watch", "watch", "not measurable")[i % 5],
                "reason": "Not read: 4 denied." if i % 5 == 4 else None,
                "prior": None if i % 2 else 0.5,
            }
            for i, (dimension, group) in enumerate(
                [
                    ("overall", "overall"),
                    ("environment", "prod"),
                    ("environment", "dev"),
                    ("owner", HOSTILE[0]),
                    ("owner", "(no owner)"),
                    ("ou", "Root/Retail"),
                    *(("account", a["account_id"]) for a in accounts),
                ]
            )
        ],
        "changes_since": [
            {
                "what": ("grant", "identity", "owner", "exposure")[i % 4],
                "change": ("added", "added", "removed", "changed")[i % 4],
                "account_id": accounts[i % 16]["account_id"],
                "region": REGIONS[i % 4],
                "identity": identities[i]["identity"],
                "subject": grants[i]["grantee"],
                "before": None if i % 4 < 2 else "was",
                "after": "is" if i % 4 != 2 else None,
                "severity": ("critical", "high", "medium", "low")[i % 4],
            }
            for i in range(18)
        ],
    }


def _coverage(accounts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for account in accounts:
        for region in REGIONS:
            for dataset in ("identities", "policies", "sending"):
                status = "ok"
                if account["account_id"] == accounts[13]["account_id"]:
                    status = "denied"
                elif account is accounts[7] and region == "ap-southeast-2":
                    status = "region_disabled"
                rows.append(
                    {
                        "account_id": account["account_id"],
                        "region": region,
                        "dataset": dataset,
                        "status": status,
                        "reason": None if status == "ok" else "AccessDenied: not authorized to perform sts:AssumeRole",
                        "calls": 4,
                        "rows": 9 if status == "ok" else 0,
                        "seconds": 0.31,
                    }
                )
    return rows


def _register(outside: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "approval_id": f"A-{i}",
            "account_id": outside[i],
            "name": VENDORS[i] if i < 5 else f"Vendor {i}",
            "vendor": VENDORS[i % 5],
            "owner": None if i == 2 else f"{BUSINESS[i % 8]}-team@corp.example",
            "justification": "Sends the monthly newsletter for the loyalty program",
            "ticket": f"SEC-{400 + i}",
            "approved_by": "ciso@corp.example",
            "approved_at": datetime(2025, 3, 1, tzinfo=UTC) + timedelta(days=20 * i),
            "expires_at": datetime(2026, 9, 1, tzinfo=UTC) + timedelta(days=40 * i) if i != 4 else None,
            "identities": [f"news{i}.corp.example"],
            "from_patterns": [],
            "status": ("expired", "expired", "expiring", "valid", "valid")[min(i, 4)],
        }
        for i in range(7)
    ]


def _unknown_accounts(grants: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The evidence of the KPI: one row per outside account that can send."""
    rows: dict[str, dict[str, Any]] = {}
    for grant in grants:
        if grant["scope"] in ("external", "vendor") and grant["effect"] == "Allow":
            account = rows.setdefault(
                grant["grantee"],
                {"grantee_account_id": grant["grantee"], "identities": 0, "grants": 0, "unknown": False},
            )
            account |= {
                "name": grant["grantee_name"] or account.get("name"),
                "register_status": grant["register_status"] or account.get("register_status"),
                "identities": account["identities"] + 1,
                "grants": account["grants"] + 1,
                "unknown": account["unknown"] or grant["scope"] == "external",
            }
    return list(rows.values())


def _findings(rng: random.Random, grants: list[dict[str, Any]], accounts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = {account["account_id"]: account["name"] for account in accounts}
    rows = []
    for i in range(64):
        grant = grants[i]
        rows.append(
            {key: grant[key] for key in ("account_id", "region", "identity", "policy_name", "grantee")}
            | {
                "fingerprint": f"{i * 7919:016x}",
                "rule": ("public-grant", "unregistered-account", "expired-approval", "no-owner")[i % 4],
                "title": ("Anyone may send", "Outside account not registered", "Approval has expired", "No owner")[
                    i % 4
                ],
                "severity": rng.choices(("critical", "high", "medium", "low"), (1, 3, 5, 4))[0],
                "account_name": names[grant["account_id"]],
                "evidence": HOSTILE[i]
                if i < 10
                else f'{{"Effect":"Allow","Principal":{{"AWS":"{grant["grantee"]}"}}}}',
                "recommendation": "Replace the wildcard by the accounts that need it, and add aws:SourceOrgID.",
                "owner": None if i % 3 == 0 else "retail-team@corp.example",
                "environment": "prod",
                "opened_at": None if i % 11 == 0 else FINISHED - timedelta(days=rng.randrange(1, 220), hours=3),
                "resolved_at": FINISHED - timedelta(hours=20) if i % 9 == 8 else None,
                "status": "resolved" if i % 9 == 8 else "excepted" if i % 13 == 12 else "open",
            }
        )
        rows[-1] |= _age(rows[-1])
    return rows


def _age(finding: dict[str, Any]) -> dict[str, Any]:
    """How long it has been open; at least, where nobody knows when it was opened."""
    if finding["opened_at"] is None:
        return {"days_open": 240.0, "age": "over 90 days"}
    days = (FINISHED - finding["opened_at"]).total_seconds() / 86_400
    return {
        "days_open": days,
        "age": "over 90 days" if days > 90 else "31 to 90 days" if days > 30 else "new this month",
    }


def _life(finding: dict[str, Any], number: int) -> dict[str, Any]:
    """Exact where its opening is known; every seventh open one could not be looked at again."""
    told = {
        key: value
        for key, value in finding.items()
        if key not in ("evidence", "recommendation", "opened_at", "days_open")
    }
    opened, resolved = finding["opened_at"], finding["resolved_at"]
    first = opened or FINISHED - timedelta(days=240)
    unseen = finding["status"] == "open" and number % 7 == 0
    days = ((resolved or FINISHED) - first).total_seconds() / 86_400
    return told | {
        "episode": 1,
        "status": "not observed" if unseen else finding["status"],
        "first_seen": first,
        "last_seen": resolved or FINISHED - timedelta(days=31 if unseen else 0),
        "opened_at": opened,
        "opened_after": opened,
        "opened_by": first,
        "opened_basis": "event" if opened else "interval",
        "resolved_after": resolved,
        "resolved_by": resolved,
        "resolved_basis": "event" if resolved else None,
        "resolved_in": str(PERIOD) if resolved else None,
        "reopened": int(number % 10 == 3),
        "days_low": days,
        "days_high": days if opened else None,
        "days": days,
        "reason": "everything: denied" if unseen else None,
    }


def _monthly(rng: random.Random, accounts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for number, period in enumerate(PERIOD.back(13)):
        for i, account in enumerate(accounts[:9]):
            sent = None if i == 8 else int((900_000 >> i) * (1 + 0.03 * number) * rng.uniform(0.9, 1.1))
            bounce = 0.11 if i == 3 and number == 12 else 0.01 + 0.004 * i
            complaint = 0.0002 + 0.0002 * i
            rows.append(
                {
                    "period": str(period),
                    "account_id": account["account_id"],
                    "account_name": account["name"],
                    "environment": account["environment"],
                    "sent": sent,
                    "complete": number != 4,
                }
                | (
                    {}
                    if sent is None
                    else {
                        "delivered": int(sent * (1 - bounce)),
                        "bounces": int(sent * bounce),
                        "rejects": 3,
                        "complaints": int(sent * complaint),
                        "bounce_rate": bounce,
                        "complaint_rate": complaint,
                    }
                )
            )
    return rows
