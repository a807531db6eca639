"""Every KPI by account, environment, organizational unit and owner, from the contributions of its overall value.

Only places that were read speak for a group: one of whose places none was read is not known, and one read in part
says so. A dimension is one registered function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sesreport.analysis.basis import POLICY_DATASETS, REGIONS, places, read_in
from sesreport.analysis.joins import joined
from sesreport.analysis.registry import Analysis
from sesreport.core.schema import Frame, count, real, text
from sesreport.core.vocabulary import IDENTITY, PLACE
from sesreport.kpis import words
from sesreport.kpis.contributions import COUNT, DISTINCT, SURVIVAL, Contributions, reduced, with_nothing
from sesreport.kpis.judging import statuses
from sesreport.kpis.registry import Definition, Measure
from sesreport.snapshot.coverage import EVERYTHING, GLOBAL, OK

OVERALL = "overall"
NO_OWNER = "(no owner)"
BY_IDENTITY = "owner by identity"
KEYS = ["kpi", "dimension", "group"]
Measures = Sequence[tuple[Definition, Measure]]

KPI_BREAKDOWN = Frame(
    "kpi_breakdown",
    "One row per KPI and group of a dimension: the same reduction as the KPI's overall value, over the group alone.",
    keys={
        "kpi": text("Id of the KPI."),
        "dimension": text("overall, account, environment, ou or owner."),
        "group": text("Account id, environment, OU path or owner; in parentheses where there is none."),
    },
    columns={
        "value": real("The KPI's value for the group; NA when it is not known."),
        "numerator": real("Of the value, or what was counted; without a value, what was found all the same."),
        "denominator": real("Of the value, or what there was to count; NA when nothing was read."),
        "unknown": count("Contributions that could not be judged and are in no sum."),
        "places_read": count("Places (account × Region) of the group that were read.", required=True),
        "places_expected": count("Places of the group that should have been.", required=True),
        "status": text("on target, watch, off target or not measurable.", required=True),
        "reason": text("Why the value is not known, or what it leaves out; NA when it is whole."),
        "prior": real("The value a month before; NA when it is not known."),
    },
    samples=(
        {"kpi": "public_identities", "dimension": "account", "group": "210000000001", "value": 1.0, "numerator": 1.0,
         "denominator": 8.0, "unknown": 0, "places_read": 3, "places_expected": 3, "status": "off target",
         "prior": 2.0},
        {"kpi": "owned_identities", "dimension": "environment", "group": "prod", "value": 0.8, "numerator": 24.0,
         "denominator": 30.0, "unknown": 1, "places_read": 40, "places_expected": 42, "status": "watch",
         "reason": "40 of 42 places were read. 1 could not be judged."},
        {"kpi": "public_identities", "dimension": "account", "group": "210000000014", "unknown": 0, "places_read": 0,
         "places_expected": 3, "status": "not measurable", "reason": "Not read: 3 denied."},
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Dimension:
    """How contributions, and the places they rest on, fall into groups."""

    group: Callable[[Analysis, pd.DataFrame], pd.Series]
    """The group of every contribution."""
    members: Callable[[Analysis, pd.DataFrame], pd.DataFrame]
    """Places (with their columns) by ``group``, for KPIs that count identities: a place may be of several groups."""


def _by_account(column: str, missing: str) -> Dimension:
    def group(analysis: Analysis, rows: pd.DataFrame) -> pd.Series:
        if column == "account_id":
            return rows["account_id"]
        values = analysis.accounts.set_index("account_id")[column]
        return rows["account_id"].map(values).astype("string").fillna(missing)

    return Dimension(group, lambda analysis, rows: rows.assign(group=group(analysis, rows)))


def _owner(analysis: Analysis, rows: pd.DataFrame) -> pd.Series:
    """The identity's owner where there is an identity, whether it is known or not; else the account's."""
    identity = IDENTITY
    owners = analysis.identities[[*identity, "owner"]]
    own = joined(rows[identity].reset_index(drop=True), owners, on=identity)["owner"].set_axis(rows.index)
    account = ACCOUNT_OWNER.group(analysis, rows)
    return own.fillna(NO_OWNER).where(rows["identity"].notna(), account)


def _owned(analysis: Analysis, rows: pd.DataFrame) -> pd.DataFrame:
    """An owner's places: those of the accounts it answers for, and those in which an identity is its own."""
    identities = analysis.identities
    theirs = identities[PLACE].assign(group=identities["owner"].fillna(NO_OWNER)).drop_duplicates()
    both = [ACCOUNT_OWNER.members(analysis, rows), joined(rows, theirs, how="inner", on=PLACE)]
    return pd.concat(both, ignore_index=True).drop_duplicates(["datasets", *PLACE, "group"])


ACCOUNT_OWNER = _by_account("owner", NO_OWNER)
DIMENSIONS = {
    "account": _by_account("account_id", ""),
    "environment": _by_account("environment", "(no environment)"),
    "ou": _by_account("ou_path", "(no OU)"),
    "owner": Dimension(_owner, _owned),
}


def by_group(analysis: Analysis, measures: Measures, basis: pd.DataFrame, month: str | None = None) -> pd.DataFrame:
    """Every KPI with contributions by every group: ``kpi``, ``dimension``, ``group``, numbers, places.

    A group none of whose places was read has no value and no denominator, whatever was found on the way; what it found
    stays its numerator. ``basis`` is :func:`bases` of the analysis; ``month`` an earlier one the data reach back to.
    """
    given = {d.id: (d, m.contributions) for d, m in measures if m.contributions is not None}
    if not given:
        return KPI_BREAKDOWN.empty()
    rows = _rows(given, month)
    parts = [rows.assign(dimension=name, group=each.group(analysis, rows)) for name, each in DIMENSIONS.items()]
    found = reduced(pd.concat(parts, ignore_index=True), KEYS)
    about = pd.DataFrame(
        {
            "kpi": list(given),
            "reduction": [c.reduction for _, c in given.values()],
            "by_identity": [c.by_identity for _, c in given.values()],
            "datasets": ["+".join(d.datasets) for d, _ in given.values()],
        }
    ).astype({"kpi": "string", "reduction": "string", "datasets": "string"})
    rested = about.merge(basis, on=["datasets", "by_identity"]).drop(columns=["by_identity", "reduction"])
    found = found.drop(columns="reduction").merge(rested, how="outer", on=KEYS)
    found = with_nothing(found.merge(about[["kpi", "reduction"]], on="kpi"))
    found = found.fillna({"read": 0, "expected": 0})
    unread = (found["read"] == 0) & (found["datasets"].fillna("-") != "")
    counts = found["reduction"].isin([COUNT, DISTINCT])
    return found.assign(
        value=found["value"].mask(unread),
        numerator=found["numerator"].mask(unread & ((found["numerator"] == 0) | ~counts)),
        denominator=found["denominator"].mask(unread),
    )


def _rows(given: Mapping[str, tuple[Definition, Contributions]], month: str | None) -> pd.DataFrame:
    """The contributions of all KPIs to one month."""
    of = [c for _, c in given.values()]
    numbers = [len(c.rows) for c in of]
    rows = pd.concat([c.rows for c in of], ignore_index=True).assign(
        kpi=pd.array(np.repeat(np.array(list(given), object), numbers), dtype="string"),
        reduction=pd.array(np.repeat(np.array([c.reduction for c in of], object), numbers), dtype="string"),
    )
    wanted = np.repeat(np.array([month or c.period for c in of], object), numbers)
    of_month: pd.DataFrame = rows[rows["period"].to_numpy(object) == wanted].reset_index(drop=True)
    return of_month


def bases(analysis: Analysis, wanted: Iterable[tuple[str, ...]]) -> pd.DataFrame:
    """``read`` and ``expected`` places and ``gaps`` (why not, in words) by datasets, dimension and group.

    ``by_identity`` tells the groups of KPIs that count identities from those of KPIs that count accounts and places.
    """
    coverage = analysis.coverage
    expected = places(coverage).assign(expected=1)
    accounts = pd.concat([analysis.accounts["account_id"], coverage["account_id"]]).drop_duplicates()
    silent = accounts[~accounts.isin(expected["account_id"])].to_frame().assign(region=GLOBAL, expected=0)
    every = pd.concat([expected, silent], ignore_index=True).astype({"region": "string"}).assign(places=1)
    asked, read, gaps = [], [], []
    for datasets in sorted(wanted):
        of, name = datasets or POLICY_DATASETS, "+".join(datasets)
        asked.append(every.assign(datasets=name))
        read.append(analysis.once(read_in, of).assign(datasets=name, read=1))
        gaps.append(_gaps(coverage, of).assign(datasets=name))
    found = _with_datasets(asked)
    for known in (read, gaps):
        found = joined(found, _with_datasets(known), on=["datasets", *PLACE])
    return _summed(analysis, found.fillna({"read": 0}))


def _with_datasets(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True).astype({"datasets": "string"})


def _summed(analysis: Analysis, found: pd.DataFrame) -> pd.DataFrame:
    """Places by datasets, dimension and group; by account first, where the Region does not matter."""
    sums = ["read", "expected", "places"]
    accounts = found.groupby(["datasets", "account_id", "gap"], as_index=False, dropna=False)[sums].sum()
    members = [
        (ACCOUNT_OWNER if name == "owner" else each).members(analysis, accounts).assign(dimension=name)
        for name, each in DIMENSIONS.items()
    ]
    members.append(DIMENSIONS["owner"].members(analysis, found).assign(dimension=BY_IDENTITY))
    keys = ["datasets", "dimension", "group"]
    whole = pd.concat(members, ignore_index=True).astype({"dimension": "string"})
    summed = whole.groupby(keys)[["read", "expected"]].sum().astype("Int64").reset_index()
    summed = summed.merge(_told(whole, keys), how="left", on=keys)
    places_alone = summed[summed["dimension"] != BY_IDENTITY].assign(by_identity=False)
    identities = (
        summed[summed["dimension"] != "owner"].assign(by_identity=True).replace({"dimension": {BY_IDENTITY: "owner"}})
    )
    return pd.concat([places_alone, identities], ignore_index=True)


def _gaps(coverage: pd.DataFrame, datasets: tuple[str, ...]) -> pd.DataFrame:
    """One status per place, or account as a whole, of what was not read there."""
    regional = coverage["region"] != GLOBAL
    speaks = (coverage["dataset"] == EVERYTHING) | (coverage["dataset"].isin(datasets) & regional)
    speaks |= (coverage["dataset"] == REGIONS) & ~regional
    gaps = coverage.loc[speaks & (coverage["status"] != OK), [*PLACE, "status"]]
    return gaps.rename(columns={"status": "gap"}).sort_values([*PLACE, "gap"]).drop_duplicates(PLACE)


def _told(members: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """``gaps``: ``3 denied, 1 throttled`` by group, of the places that were not read."""
    unread = members.loc[members["read"] == 0, [*keys, "gap", "places"]]
    unread = unread.assign(gap=unread["gap"].str.replace("_", " ").fillna("not recorded"))
    counts = unread.groupby([*keys, "gap"], as_index=False)["places"].sum()
    named = counts["places"].astype("string") + " " + counts["gap"]
    told: pd.DataFrame = counts.assign(gaps=named).groupby(keys, as_index=False)["gaps"].agg(", ".join)
    return told.astype({"gaps": "string"})


def breakdown(
    analysis: Analysis,
    measures: Measures,
    lines: pd.DataFrame,
    overall: pd.DataFrame,
    before: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The frame :data:`KPI_BREAKDOWN`.

    ``lines`` has :data:`~sesreport.kpis.judging.LINES` by ``kpi``; ``overall`` the rows of the whole organization, in
    the shape of the frame; ``before`` the values of groups by the snapshot of the month before. A KPI that yields no
    contributions has its overall row alone.
    """
    wanted = {definition.datasets for definition, _ in measures}
    basis = bases(analysis, wanted)
    month = str(analysis.period.shift(-1))
    reaching = [(d, m) for d, m in measures if m.contributions and m.contributions.rows["period"].eq(month).any()]
    priors = [by_group(analysis, reaching, basis, month)]
    if before is not None:
        priors.append(before)
    found = by_group(analysis, measures, basis).merge(lines, on="kpi").merge(_prior(priors), how="left", on=KEYS)
    rows = found.assign(
        status=statuses(found, analysis.config.report.minimum_coverage),
        reason=_reasons(found),
        places_read=found["read"],
        places_expected=found["expected"],
    )
    order = {definition.id: place for place, (definition, _) in enumerate(measures)}
    whole = pd.concat([overall, rows[list(KPI_BREAKDOWN.all_columns)]], ignore_index=True)
    by = {"kpi": order, "dimension": {name: place for place, name in enumerate((OVERALL, *DIMENSIONS))}}
    whole = whole.sort_values(KEYS, key=lambda keys: keys.map(by[keys.name]) if keys.name in by else keys)
    return KPI_BREAKDOWN.conform(whole)


def judgements(rows: pd.DataFrame, targets: Mapping[str, float | None]) -> pd.Series:
    """The status of rows of :data:`KPI_BREAKDOWN` in words; ``no target`` for figures that are only shown."""
    shown = rows["kpi"].map({kpi: target is None for kpi, target in targets.items()}).astype("bool")
    only_shown = shown & rows["value"].notna()
    return rows["status"].map(words.status).mask(only_shown, words.NO_TARGET)


def _prior(months: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """``prior`` by group, of the first that knows it: the data's own history, else the snapshot of the month before."""
    known = pd.concat(months, ignore_index=True).dropna(subset=["value"])
    return known.drop_duplicates(KEYS)[[*KEYS, "value"]].rename(columns={"value": "prior"})


def _reasons(found: pd.DataFrame) -> pd.Series:
    """Why a value is not known, or what it leaves out; NA where it is whole."""
    n = {name: found[name].astype("Int64").astype("string") for name in ("read", "expected", "unknown", "numerator")}
    unread = "Not read: " + found["gaps"] + "."
    unread = unread.fillna("No place was to be read.")
    unread = unread + (" " + n["numerator"] + " found all the same.").where(found["numerator"] > 0, "")
    hidden = ("None of " + n["unknown"] + " could be judged.").where(found["unknown"] > 0, "Nothing to measure.")
    partly = (n["read"] + " of " + n["expected"] + " places were read.").where(found["read"] < found["expected"], "")
    word = pd.Series(" could not be judged.", index=found.index)
    word = word.mask(found["reduction"].eq(SURVIVAL), " last on, so it is at least that.")
    partly = partly + (" " + n["unknown"] + word).where(found["unknown"] > 0, "")
    told = partly.mask(found["value"].isna(), unread.where(found["read"] == 0, hidden)).str.strip()
    return told.astype("string").mask(told == "")
