"""What one pack knows: its results.json and the frames in its data folder, counted anew for the tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import pandas as pd

from sesreport.core.period import Period
from sesreport.findings.registry import rules
from sesreport.kpis.results import Basis, Kpi, Results
from sesreport.report.stored import StoredFrames

POLICIES, METRICS = ("identities", "policies"), ("metrics",)
OUTSIDE = ("vendor", "external", "public", "service", "needs review")
SEVERITIES = ("critical", "high", "medium", "low")
LINES = {"bounce_rate": (0.05, 0.10), "complaint_rate": (0.001, 0.005)}
"""Where AWS reviews, and where it may pause (SES Developer Guide)."""
BUDGET = 2650.0
"""Of a month, in dollars (data/demo/sesreport.toml)."""
PLACE, IDENTITY = ["account_id", "region"], ["account_id", "region", "identity"]


class Facts:
    """Numbers that outputs may name, each counted in one way from results and frames."""

    def __init__(self, pack: Path) -> None:
        self.pack = pack
        self.results = Results.read(pack / "results.json")
        self.frames = StoredFrames(pack / "data")
        self.month = Period.of(self.results.period)

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.frames[name]

    def kpi(self, kpi_id: str) -> Kpi:
        return self.results.kpi(kpi_id)

    def value(self, kpi_id: str) -> float:
        """A KPI's value, which must be known."""
        found = self.kpi(kpi_id).value
        assert found is not None, kpi_id
        return found

    def count(self, kpi_id: str) -> int:
        return int(self.value(kpi_id))

    @cached_property
    def names(self) -> dict[str, str]:
        accounts = self["accounts"].dropna(subset=["name"])
        return dict(zip(accounts["account_id"], accounts["name"], strict=True))

    @cached_property
    def expected(self) -> pd.DataFrame:
        """Places that should have been read."""
        regional = self["coverage"].query("region != 'global'")
        off = regional["dataset"].eq("everything") & regional["status"].isin(["region_disabled", "not_offered"])
        return regional.loc[~off, PLACE].drop_duplicates(ignore_index=True)

    def read(self, datasets: tuple[str, ...]) -> pd.DataFrame:
        """Places in which all of the datasets were read."""
        ok = self["coverage"].query("region != 'global' and status == 'ok'")
        counts = ok[ok["dataset"].isin(list(datasets))].groupby(PLACE).size()
        return counts[counts == len(datasets)].reset_index()[PLACE]

    def basis(self, datasets: tuple[str, ...]) -> Basis:
        return Basis(len(self.read(datasets)), len(self.expected))

    def unread(self, datasets: tuple[str, ...]) -> pd.DataFrame:
        """Expected places that were not read, with the status that says why."""
        told = self["coverage"].query("status != 'ok'")
        told = told[told["dataset"].isin([*datasets, "everything"])].drop_duplicates(PLACE)
        missing = self.expected.merge(self.read(datasets), how="left", on=PLACE, indicator=True)
        return missing[missing["_merge"] == "left_only"][PLACE].merge(told[[*PLACE, "status"]], how="left", on=PLACE)

    @cached_property
    def partly(self) -> int:
        """Places that count as read, and of which some dataset was not."""
        gaps = self["coverage"].query("status != 'ok'")[PLACE].drop_duplicates()
        return len(self.read(POLICIES).merge(gaps, on=PLACE))

    @cached_property
    def places_with_gaps(self) -> int:
        coverage = self["coverage"]
        off = coverage["dataset"].eq("everything") & coverage["status"].eq("region_disabled")
        return len(coverage[coverage["status"].ne("ok") & ~off].drop_duplicates(PLACE))

    @cached_property
    def sending_grants(self) -> pd.DataFrame:
        """Grants that let somebody send."""
        grants = self["grants"]
        return grants[grants["effect"].eq("Allow") & grants["scope"].ne("none") & grants["can_send"].fillna(False)]

    @cached_property
    def outside_grants(self) -> pd.DataFrame:
        """Those to outside accounts."""
        grants = self.sending_grants
        ours = grants["register_status"].isin(["own", "organization"])
        return grants[grants["grantee_account_id"].notna() & ~ours]

    @cached_property
    def grants_beyond(self) -> pd.DataFrame:
        """Those that reach beyond the organization, or may do so."""
        grants = self["grants"]
        unjudged = grants["scope"].eq("needs review") & grants["effect"].ne("Deny").fillna(True)
        reach = self.sending_grants[self.sending_grants["scope"].isin(OUTSIDE)].index
        return grants.loc[reach.union(grants[unjudged].index)]

    @cached_property
    def accounts_over(self) -> list[str]:
        """Accounts with a place that has reached one of AWS's lines."""
        places = self["sending_accounts"]
        over = [places[rate].ge(review).fillna(False) for rate, (review, _) in LINES.items()]
        return sorted(set(places.loc[over[0] | over[1], "account_id"]))

    @cached_property
    def asks(self) -> pd.DataFrame:
        """What is still asked, by rank."""
        return self["actions"].query("outcome in ['open', 'overdue']").sort_values("rank", ignore_index=True)

    @cached_property
    def ask_lines(self) -> list[pd.DataFrame]:
        """The asks that are one line: of one rule or one place's incidents, one team, and the same day; the worst line
        first, the rules of a line by their numbers.
        """
        asks = self.asks
        what = asks["rule"].where(~asks["incident"], asks["account_id"] + asks["region"])
        alike = list(zip(what, asks["asked_of"].fillna(""), asks["due"], strict=True))
        number = asks["rule"].map({slug: rule.id for slug, rule in rules().items()})
        lines = [asks[[each == key for each in alike]] for key in dict.fromkeys(alike)]
        return [rows.loc[number[rows.index].sort_values(kind="stable").index] for rows in lines]

    def more_asks(self, shown: int) -> str:
        """How many asks are in no line that is shown."""
        left = len(self.asks) - sum(map(len, self.ask_lines[:shown]))
        return f"+ {left} more {'ask' if left == 1 else 'asks'}" if left else ""

    @cached_property
    def open_findings(self) -> pd.DataFrame:
        return self["findings"].query("status == 'open'")

    @cached_property
    def grave(self) -> pd.DataFrame:
        """Critical and high anomalies of the month."""
        found = self["anomalies"]
        return found[found["in_period"].fillna(False) & found["severity"].isin(["critical", "high"])]

    @cached_property
    def register(self) -> pd.DataFrame:
        """Registered accounts, and unregistered ones that can send, with what each can send from."""
        able = self["kpi_unknown_accounts"].rename(columns={"grantee_account_id": "account_id"})
        able = able[["account_id", "identities", "grants"]].rename(columns={"identities": "live"})
        both = self["register"].merge(able, how="outer", on="account_id")
        used = self["approvals"][["approval_id", "grants"]].rename(columns={"grants": "used_by"})
        return both.merge(used, how="left", on="approval_id").assign(
            live=both["live"].fillna(0),
            grants=both["grants"].fillna(0),
            reviewed=both["review_every"].fillna("3 months").where(both["approval_id"].notna()),
        )

    @cached_property
    def costs_of_month(self) -> pd.DataFrame:
        """The month's charges by account, owner and so on."""
        return self["unit_costs"].query("period == @self.results.period and dimension != 'organization'")

    @cached_property
    def cost_by_month(self) -> list[float]:
        """The organization's, oldest first."""
        costs = self["costs"].assign(cost=self["costs"]["billed_cost"].astype("float64"))
        return [float(costs.loc[costs["period"].eq(str(month)), "cost"].sum()) for month in self.month.back(13)]

    @cached_property
    def waste_by_kind(self) -> dict[str, float]:
        """Kinds of waste that cost something, the dearest first."""
        waste = self["waste"].assign(amount=self["waste"]["amount"].astype("float64"))
        sums = waste.groupby("kind")["amount"].sum()
        return {str(kind): float(cost) for kind, cost in sums.sort_values(ascending=False).items() if cost}

    def showback(self, by: str) -> pd.DataFrame:
        """Cost, share, avoidable cost and exposed identities by owner or account, the dearest first."""
        costs = self["costs"].query("period == @self.results.period")
        column = {"owner": "owner", "account": "sub_account_id"}[by]
        group = costs[column].fillna("(no owner)")
        made = costs["billed_cost"].astype("float64").groupby(group).sum().rename("cost").to_frame()
        made["share"] = made["cost"] / made["cost"].sum()
        waste = self["waste"]
        wasted = waste[{"owner": "owner", "account": "account_id"}[by]].fillna("(no owner)")
        made["avoidable"] = waste["amount"].astype("float64").groupby(wasted).sum()
        stakes = self["stakes"][self["stakes"]["exposure"].isin(["external", "public"]).fillna(False)]
        owners = self["accounts"].set_index("account_id")["owner"]
        of = stakes["account_id"] if by == "account" else stakes["owner"].fillna(stakes["account_id"].map(owners))
        made["exposed"] = of.fillna("(no owner)").value_counts().astype("float64")
        made = made.fillna({"avoidable": 0.0, "exposed": 0.0})
        told = self["kpi_breakdown"].query("dimension == @by and places_read == 0 and places_expected > 0")
        for name, kpi in (("avoidable", "avoidable_cost"), ("exposed", "public_identities")):
            unread = made.index.isin(told.loc[told["kpi"].eq(kpi), "group"])
            made[name] = made[name].astype("Float64").mask(unread & ~(made[name] > 0))
        return made.rename_axis("group").reset_index().sort_values(["cost", "group"], ascending=[False, True])

    @cached_property
    def sending_places(self) -> pd.DataFrame:
        """Sending places with what the KPIs' evidence says of each."""
        parts = {
            "kpi_bounce_rate": ["sent", "bounces"], "kpi_complaint_rate": ["complaints"],
            "kpi_quota_use": ["busiest_day", "quota_use"],
        }  # fmt: skip
        made = self["sending_accounts"]
        for name, columns in parts.items():
            made = made.merge(self[name][[*PLACE, *columns]], how="outer", on=PLACE)
        return made


def _distinct(frame: pd.DataFrame, flag: str) -> int:
    return int(frame[flag].fillna(True).sum())


def _days(frame: pd.DataFrame) -> float | None:
    return float(frame["days"].mean()) if len(frame) else None


def _lasting(frame: pd.DataFrame) -> float | None:
    """The Kaplan-Meier median, step by step; where it is not reached, the longest time known."""
    left = 1.0
    for day in sorted(frame.loc[frame["ended"], "known_days"].unique()):
        left *= 1 - (frame["ended"] & frame["known_days"].eq(day)).sum() / frame["known_days"].ge(day).sum()
        if left <= 0.5 + 1e-12:
            return float(day)
    return (float(frame["known_days"].max()) or None) if len(frame) else None


def _each(frame: pd.DataFrame) -> float:
    """Of a thousand messages."""
    return float(frame["billed_cost"].sum()) * 1000 / float(frame["delivered"].sum())


def _highest(frame: pd.DataFrame, column: str) -> float:
    return float(frame[column].max())


RECOUNTED: dict[str, Callable[[Facts, pd.DataFrame], float | None]] = {
    "wildcard_policies": lambda facts, frame: int(frame["open"].sum()),
    "unknown_accounts": lambda facts, frame: _distinct(frame, "unknown"),
    "median_time_to_remediate": lambda facts, frame: _lasting(frame),
    "mean_time_to_remediate": lambda facts, frame: _days(frame),
    "owned_identities": lambda facts, frame: float(frame["owner"].notna().mean()),
    "public_identities": lambda facts, frame: int(frame["exposure"].eq("public").fillna(False).sum()),
    "unguarded_services": lambda facts, frame: int((~frame["guarded"]).fillna(False).sum()),
    "unregistered_grants": lambda facts, frame: int(facts.outside_grants["register_status"].isna().sum()),
    "expired_grants": lambda facts, frame: int(facts.outside_grants["register_status"].eq("expired").sum()),
    "attested_grants": lambda facts, frame: float(frame["attested"].mean()),
    "reviews_overdue": lambda facts, frame: int(facts["reviews"]["standing"].eq("overdue").sum()),
    "share_answered_keep": lambda facts, frame: float(frame["answer"].eq("keep").mean()),
    "oldest_unreviewed_grant": lambda facts, frame: _highest(frame, "days"),
    "nonproduction_on_production": lambda facts, frame: len(frame),
    "unconditional_grants": lambda facts, frame: len(frame),
    "any_address_grants": lambda facts, frame: len(frame),
    "bounce_rate": lambda facts, frame: _highest(facts["sending_accounts"], "bounce_rate"),
    "bounce_margin": lambda facts, frame: 0.05 - _highest(frame, "aws_rate"),
    "own_bounce_rate": lambda facts, frame: float(frame["bounces"].sum() / frame["sent"].sum()),
    "complaint_rate": lambda facts, frame: _highest(facts["sending_accounts"], "complaint_rate"),
    "complaint_margin": lambda facts, frame: 0.001 - _highest(frame, "aws_rate"),
    "own_complaint_rate": lambda facts, frame: float(frame["complaints"].sum() / frame["sent"].sum()),
    "accounts_under_review": lambda facts, frame: frame.dropna(subset=["enforcement_status"])["account_id"].nunique(),
    "quota_use": lambda facts, frame: _highest(frame, "quota_use"),
    "sent_volume": lambda facts, frame: float(frame["sent"].sum()),
    "delivered_volume": lambda facts, frame: float(frame["delivered"].sum()),
    "billed_cost": lambda facts, frame: float(frame["billed_cost"].sum()),
    "cost_per_thousand_delivered": lambda facts, frame: _each(frame.dropna(subset=["delivered"])),
    "avoidable_cost": lambda facts, frame: float(facts["waste"]["amount"].sum()),
    "cost_with_owner": lambda facts, frame: (
        float(frame.loc[frame["owner"].notna(), "billed_cost"].sum()) / float(frame["billed_cost"].sum())
    ),
    "budget_used": lambda facts, frame: float(frame["billed_cost"].sum()) / BUDGET,
    "coverage": lambda facts, frame: facts.basis(POLICIES).share,
    "findings_opened": lambda facts, frame: len(frame),
    "findings_resolved": lambda facts, frame: len(facts["lives"].query("resolved_in == @facts.results.period")),
    "findings_open": lambda facts, frame: len(facts.open_findings) + facts.results.findings.not_observed,
}
"""Each KPI's value as its own evidence, or what other outputs count, has it."""
