"""Every KPI once more as plain SQL over a pack's Parquet files.

The SQL shares no code with the KPI: it reads the collected frames where it can (metrics, coverage, identities,
accounts, sending_accounts, register) and the judged ones (grants, exposures) where the question is what to count.

A query of :data:`ROWS` yields the counted things: ``account_id``, ``identity`` and ``region`` (NULL where it counts
accounts or places), ``hit`` (1, 0, or NULL when it could not be judged; or a number), ``whole`` (what it is a part of,
or NULL) and ``id`` (what is counted once). :data:`VALUES` says how they make the value. ``$from`` and ``$to`` bound the
month.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

JUDGED = (
    "SELECT account_id, region, identity, CASE WHEN NOT needs_review THEN 0 END AS hit, NULL AS whole, NULL AS id "
    "FROM exposures"
)
SENDING = "effect = 'Allow' AND can_send AND scope <> 'none'"
TO_ACCOUNT = (
    f"{SENDING} AND grantee_account_id IS NOT NULL AND coalesce(register_status, '') NOT IN ('own', 'organization')"
)
BEYOND = f"{SENDING} AND scope IN ('vendor', 'external', 'public', 'service', 'needs review')"
MONTH = '"at" >= $from AND "at" < $to AND dimension = ' + "'account'"
KEPT = """
    FROM reviews r JOIN grants alike USING (account_id, region, identity, policy_name, statement, grantee)
    WHERE r.answer = 'keep' AND r.answered_at >= $to - INTERVAL 92 DAY AND r.answered_at < $to
      AND (r.account_id, r.region, r.identity, r.policy_name, r.grantee)
          = (g.account_id, g.region, g.identity, g.policy_name, g.grantee)
      AND (alike.scope, list_sort(alike.actions), list_sort(alike.conditions))
          = (g.scope, list_sort(g.actions), list_sort(g.conditions))"""
BILLED = "period = strftime($from::TIMESTAMP, '%Y-%m')"
CHARGE = "SELECT sub_account_id AS account_id, region_id AS region, NULL::VARCHAR AS identity"
PLACE = "SELECT account_id, region, NULL::VARCHAR AS identity"


def _grants(flag: str, where: str) -> str:
    return (
        f"SELECT account_id, region, identity, ({flag})::DOUBLE AS hit, 1 AS whole, NULL AS id FROM grants g "
        f"WHERE {where} UNION ALL {JUDGED}"
    )


def _identities(flag: str) -> str:
    return (
        f"SELECT account_id, region, identity, CASE WHEN {flag} THEN 1 WHEN needs_review THEN NULL ELSE 0 END AS hit, "
        "1 AS whole, NULL AS id FROM exposures"
    )


def _metric(name: str, value: str = "value") -> str:
    return f"{PLACE}, {value} AS hit, NULL AS whole, NULL AS id FROM metrics WHERE metric = '{name}' AND {MONTH}"


def _shares(name: str) -> str:
    return f"""
        WITH sums AS (
            SELECT account_id, region, sum(value) FILTER (metric = '{name}') AS hit,
                   sum(value) FILTER (metric = 'Send') AS whole
            FROM metrics WHERE {MONTH} GROUP BY ALL)
        {PLACE}, hit, whole, NULL AS id FROM sums WHERE hit IS NOT NULL AND whole IS NOT NULL"""


ROWS = {
    "wildcard_policies": """
        WITH wild AS (
            SELECT account_id, region, identity, policy_name,
                   max((scope IN ('public', 'external', 'needs review'))::INT) AS opened
            FROM grants WHERE grantee_kind = 'anyone' AND effect = 'Allow' AND can_send GROUP BY ALL),
        broken AS (SELECT DISTINCT account_id, region, identity, policy_name FROM grants
                   WHERE grantee_kind = 'unreadable'),
        unread AS (SELECT account_id, region, identity FROM exposures WHERE exposure IS NULL)
        SELECT p.account_id, p.region, p.identity,
               CASE WHEN w.opened = 1 THEN 1
                    WHEN EXISTS (FROM broken b WHERE (b.account_id, b.region, b.identity, b.policy_name)
                                 = (p.account_id, p.region, p.identity, p.policy_name)) THEN NULL
                    WHEN EXISTS (FROM unread u WHERE (u.account_id, u.region, u.identity)
                                 = (p.account_id, p.region, p.identity)) THEN NULL
                    ELSE 0 END AS hit, 1 AS whole, NULL AS id
        FROM policies p LEFT JOIN wild w USING (account_id, region, identity, policy_name)
        UNION ALL
        SELECT account_id, region, identity, CASE WHEN exposure IS NOT NULL THEN 0 END, NULL, NULL FROM exposures u
        WHERE NOT EXISTS (FROM policies p WHERE (u.account_id, u.region, u.identity)
                          = (p.account_id, p.region, p.identity))""",
    "unknown_accounts": f"""
        WITH named AS (
            SELECT account_id, region, identity, grantee_account_id AS other FROM grants
            WHERE {TO_ACCOUNT} AND scope IN ('vendor', 'external', 'needs review')
            UNION SELECT account_id, region, identity, unnest(external_accounts) FROM exposures
            UNION SELECT account_id, region, identity, unnest(service_accounts) FROM exposures)
        SELECT account_id, region, identity,
               (other NOT IN (SELECT account_id FROM register WHERE status IN ('valid', 'expiring')))::INT AS hit,
               1 AS whole, other AS id FROM named
        UNION ALL {JUDGED}""",
    "owned_identities": """
        SELECT account_id, region, identity,
               CASE WHEN tags IS NULL THEN NULL
                    WHEN trim(coalesce(tags->>'owner', '')) <> '' OR trim(coalesce(tags->>'Owner', '')) <> ''
                         OR trim(coalesce(tags->>'team', '')) <> '' THEN 1 ELSE 0 END AS hit,
               1 AS whole, NULL AS id FROM identities""",
    "public_identities": _identities("exposure = 'public'"),
    "unguarded_services": _identities("guarded = false"),
    "unregistered_grants": _grants("register_status IS NULL", TO_ACCOUNT),
    "expired_grants": _grants("coalesce(register_status, '') = 'expired'", TO_ACCOUNT),
    "attested_grants": _grants(
        "registered AND approval IN ('approved', 'no ticket') AND approval_id IN "
        "(SELECT approval_id FROM register WHERE status <> 'expired' "
        f"AND approved_at >= $to - INTERVAL 92 DAY AND approved_at < $to) OR EXISTS ({KEPT})",
        TO_ACCOUNT,
    ),
    "reviews_overdue": f"""
        SELECT account_id, region, identity, (standing = 'overdue')::INT AS hit, 1 AS whole, NULL AS id FROM reviews
        UNION ALL {JUDGED}""",
    "share_answered_keep": """
        SELECT account_id, region, identity, (answer = 'keep')::INT AS hit, 1 AS whole, NULL AS id
        FROM (SELECT *, row_number() OVER () AS place FROM attestations)
        WHERE answered_at >= $to - INTERVAL 92 DAY AND answered_at < $to
        QUALIFY row_number() OVER (PARTITION BY account_id, region, identity, policy_name, grantee, facts_sha256
                                   ORDER BY place DESC) = 1""",
    "oldest_unreviewed_grant": """
        SELECT account_id, region, identity, NULL AS whole, NULL AS id,
               CASE WHEN never_reviewed THEN greatest(0, epoch($to - since) / 86400) ELSE 0 END AS hit FROM reviews""",
    "nonproduction_on_production": f"""
        SELECT g.account_id, g.region, g.identity,
               CASE WHEN ours.environment = 'prod' AND theirs.environment <> 'prod' THEN 1
                    WHEN ours.environment <> 'prod' OR theirs.environment = 'prod' THEN 0 END AS hit,
               1 AS whole, NULL AS id
        FROM grants g LEFT JOIN accounts ours ON ours.account_id = g.account_id
             LEFT JOIN accounts theirs ON theirs.account_id = g.grantee_account_id
        WHERE {SENDING} AND g.register_status = 'organization'
        UNION ALL {JUDGED}""",
    "unconditional_grants": _grants("len(conditions) = 0", BEYOND),
    "any_address_grants": _grants("any_from_address", BEYOND),
    "bounce_rate": _metric("Reputation.BounceRate"),
    "bounce_margin": _metric("Reputation.BounceRate", "round(0.05 - value, 9)"),
    "own_bounce_rate": _shares("Bounce"),
    "complaint_rate": _metric("Reputation.ComplaintRate"),
    "complaint_margin": _metric("Reputation.ComplaintRate", "round(0.001 - value, 9)"),
    "own_complaint_rate": _shares("Complaint"),
    "accounts_under_review": f"""
        {PLACE}, (enforcement_status <> 'HEALTHY')::INT AS hit, 1 AS whole, account_id AS id FROM sending_accounts""",
    "quota_use": f"""
        {PLACE}, m.value / q.max_24_hour_send AS hit, NULL AS whole, NULL AS id
        FROM metrics m JOIN sending_accounts q USING (account_id, region)
        WHERE m.metric = 'Send' AND {MONTH} AND q.max_24_hour_send > 0""",
    "sent_volume": _metric("Send"),
    "delivered_volume": _metric("Delivery"),
    "coverage": f"""
        WITH places AS (
            SELECT DISTINCT account_id, region FROM coverage WHERE region <> 'global'
            AND NOT (dataset = 'everything' AND status IN ('region_disabled', 'not_offered')))
        {PLACE}, (2 = (SELECT count(DISTINCT dataset) FROM coverage c
                       WHERE (c.account_id, c.region) = (p.account_id, p.region)
                       AND dataset IN ('identities', 'policies') AND status = 'ok'))::INT AS hit,
               1 AS whole, NULL AS id FROM places p""",
    "mean_time_to_remediate": """
        SELECT account_id, region, nullif(identity, '(whole account)') AS identity, days AS hit, 1 AS whole, NULL AS id
        FROM lives WHERE resolved_in = strftime($from::TIMESTAMP, '%Y-%m')""",
    "median_time_to_remediate": """
        SELECT account_id, region, nullif(identity, '(whole account)') AS identity, NULL AS id,
               (status = 'resolved' AND days_high IS NOT NULL)::INT AS whole,
               CASE WHEN status = 'resolved' AND days_high IS NOT NULL THEN days_high
                    WHEN status = 'not observed' THEN greatest(0, epoch(last_seen - opened_by) / 86400)
                    ELSE days_low END AS hit
        FROM lives WHERE status <> 'excepted'""",
    **{
        f"findings_{what}": f"""
        SELECT account_id, region, nullif(identity, '(whole account)') AS identity, 1 AS hit, NULL AS whole, NULL AS id
        FROM lives WHERE {what}_in = strftime($from::TIMESTAMP, '%Y-%m')"""
        for what in ("opened", "resolved")
    },
    "billed_cost": f"{CHARGE}, billed_cost::DOUBLE AS hit, NULL AS whole, NULL AS id FROM costs WHERE {BILLED}",
    "cost_per_thousand_delivered": f"""
        WITH cost AS (SELECT sub_account_id AS account_id, sum(billed_cost)::DOUBLE * 1000 AS hit
                      FROM costs WHERE {BILLED} GROUP BY ALL),
        mail AS (SELECT account_id, sum(value) AS whole FROM metrics WHERE metric = 'Delivery' AND {MONTH} GROUP BY ALL)
        SELECT account_id, NULL::VARCHAR AS region, NULL::VARCHAR AS identity, hit, NULL AS id,
               coalesce(whole, CASE WHEN account_id IN (SELECT account_id FROM coverage WHERE dataset = 'metrics'
                                                        AND status = 'ok') THEN 0 END) AS whole
        FROM cost LEFT JOIN mail USING (account_id)""",
    "avoidable_cost": f"{PLACE}, amount::DOUBLE AS hit, NULL AS whole, NULL AS id FROM waste",
    "cost_with_owner": f"""
        {CHARGE}, CASE WHEN a.owner IS NULL THEN 0 ELSE billed_cost::DOUBLE END AS hit, billed_cost::DOUBLE AS whole,
        NULL AS id FROM costs c LEFT JOIN accounts a ON a.account_id = c.sub_account_id
        WHERE {BILLED} AND billed_cost > 0""",
    "budget_used": f"""
        {CHARGE}, billed_cost::DOUBLE / $budget::DOUBLE AS hit, NULL AS whole, NULL AS id FROM costs WHERE {BILLED}""",
    "findings_open": """
        SELECT account_id, region, nullif(identity, '(whole account)') AS identity, 1 AS hit, NULL AS whole, NULL AS id
        FROM lives WHERE status IN ('open', 'not observed')""",
}
"""By KPI: what it counts."""

COUNT = "CASE WHEN count(*) = 0 THEN 0 WHEN count(hit) = 0 THEN NULL ELSE sum(hit) END"
DISTINCT = "CASE WHEN count(*) > 0 AND count(hit) = 0 THEN NULL ELSE count(DISTINCT id) FILTER (hit > 0) END"
RATIO = "sum(hit) FILTER (whole IS NOT NULL) / nullif(sum(whole) FILTER (hit IS NOT NULL), 0)"
ENDS = "list_distinct(list(hit) FILTER (whole = 1))"
STEP = """1 - len(list_filter(list({'hit': hit, 'whole': whole}), lambda row: row.hit = day AND row.whole = 1))
            / len(list_filter(list(hit), lambda lasted: lasted >= day))"""
LEFT = f"list_aggregate(list_transform(list_filter({ENDS}, lambda day: day <= last), lambda day: {STEP}), 'product')"
REACHED = f"list_filter(list_sort({ENDS}), lambda last: {LEFT} <= 0.5 + 1e-12)[1]"
SURVIVAL = f"coalesce({REACHED}, nullif(max(hit), 0))"
VALUES = {
    "median_time_to_remediate": SURVIVAL,
    "unknown_accounts": DISTINCT,
    "accounts_under_review": DISTINCT,
    "bounce_rate": "max(hit)",
    "bounce_margin": "min(hit)",
    "complaint_rate": "max(hit)",
    "complaint_margin": "min(hit)",
    "quota_use": "max(hit)",
    "oldest_unreviewed_grant": "max(hit)",
    "reviews_overdue": f"CASE WHEN EXISTS (FROM attestations) THEN {COUNT} END",
    "sent_volume": "sum(hit)",
    "billed_cost": "sum(hit)",
    "budget_used": "sum(hit)",
    "avoidable_cost": f"CASE WHEN EXISTS (FROM costs WHERE {BILLED}) THEN coalesce(sum(hit), 0) END",
    "delivered_volume": "sum(hit)",
    **dict.fromkeys(
        ("owned_identities", "attested_grants", "own_bounce_rate", "own_complaint_rate", "coverage",
         "mean_time_to_remediate", "cost_per_thousand_delivered", "cost_with_owner", "share_answered_keep"),
        RATIO,
    ),
}  # fmt: skip
"""By KPI: the value of its rows; the count of hits where nothing is said."""

DATASETS = {
    **dict.fromkeys(("coverage", "share_answered_keep", "billed_cost", "cost_with_owner", "budget_used"), ()),
    "avoidable_cost": ("metrics", "sending_accounts"),
    "accounts_under_review": ("sending_accounts",),
    "quota_use": ("metrics", "sending_accounts"),
    **dict.fromkeys(
        ("bounce_rate", "bounce_margin", "own_bounce_rate", "complaint_rate", "complaint_margin",
         "own_complaint_rate", "sent_volume", "delivered_volume", "cost_per_thousand_delivered"),
        ("metrics",),
    ),
}  # fmt: skip
"""By KPI: what must have been read in a place for it to speak; identities and policies where nothing is said."""

GROUPS = {
    "account": "r.account_id",
    "environment": "coalesce(a.environment, '(no environment)')",
    "ou": "coalesce(a.ou_path, '(no OU)')",
    "owner": "coalesce(CASE WHEN r.identity IS NULL THEN a.owner ELSE i.owner END, '(no owner)')",
}


class PackSql:
    """Views over ``<folder>/data/*.parquet``."""

    def __init__(self, folder: Path, start: datetime, end: datetime, budget: Decimal | None = None) -> None:
        self.base = duckdb.connect()
        self.base.execute("SET TimeZone = 'UTC'")
        for file in sorted((folder / "data").glob("*.parquet")):
            name = file.stem
            self.base.execute(f"CREATE VIEW {name} AS FROM read_parquet('{file}')")
        self.month = {"from": start, "to": end, "budget": budget}

    def value(self, kpi: str) -> float | None:
        """The KPI's overall value; None where nothing was read that it rests on."""
        if not self._read(kpi):
            return None
        return self._ask(f"SELECT {VALUES.get(kpi, COUNT)} FROM ({ROWS[kpi]})")[0][0]

    def groups(self, kpi: str, dimension: str) -> dict[str, float | None]:
        """Its value by the groups that have rows of their own."""
        return dict(
            self._ask(
                f"""SELECT {GROUPS[dimension]} AS place, {VALUES.get(kpi, COUNT)} FROM ({ROWS[kpi]}) r
                    LEFT JOIN accounts a ON a.account_id = r.account_id
                    LEFT JOIN identities i ON i.account_id = r.account_id AND i.region = r.region
                         AND i.identity = r.identity
                    GROUP BY place"""
            )
        )

    def read_places(self, kpi: str, dimension: str) -> dict[str, tuple[int, int]]:
        """Places read and expected by group, of dimensions that belong to accounts."""
        return {
            group: (read, expected)
            for group, read, expected in self._ask(
                f"""SELECT {GROUPS[dimension]} AS place, count(*) FILTER (read), count(*)
                    FROM ({self._places(kpi)}) r LEFT JOIN accounts a USING (account_id) GROUP BY place"""
            )
        }

    def _read(self, kpi: str) -> bool:
        if DATASETS.get(kpi) == ():
            return True
        return bool(self._ask(f"SELECT count(*) FROM ({self._places(kpi)}) WHERE read")[0][0])

    def _places(self, kpi: str) -> str:
        datasets = DATASETS.get(kpi) or ("identities", "policies")
        listed = ", ".join(f"'{name}'" for name in datasets)
        return f"""
            SELECT account_id, region, count(DISTINCT dataset) FILTER (dataset IN ({listed}) AND status = 'ok')
                   = {len(datasets)} AS read FROM coverage
            WHERE region <> 'global' GROUP BY ALL
            HAVING bool_or(NOT (dataset = 'everything' AND status IN ('region_disabled', 'not_offered')))"""

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        used = {name: moment for name, moment in self.month.items() if f"${name}" in query}
        return self.base.execute(query, used).fetchall()
