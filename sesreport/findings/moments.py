"""Findings at the moments between two snapshots: the same rules, on the policies as they were then."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from sesreport.analysis.basis import POLICY_DATASETS
from sesreport.analysis.identities import IDENTITIES, with_accounts
from sesreport.analysis.judged import Judged
from sesreport.analysis.judged_identities import IdentityPolicies, judge, texts_of, trusted_accounts
from sesreport.analysis.read_identities import read_lanes
from sesreport.analysis.registry import Analysis
from sesreport.analysis.remembered import remembered_frame
from sesreport.core.schema import Frame, at, count, flag, text
from sesreport.core.vocabulary import IDENTITY, IdentityKey
from sesreport.findings.findings import FOUND, find_in_policies
from sesreport.findings.replay import Event, Moment, replay
from sesreport.policy import within
from sesreport.policy.cache import depends_on_the_day
from sesreport.settings.register import standing_on
from sesreport.snapshot.events import RETENTION, name_of
from sesreport.snapshot.frames.identities import IDENTITIES as COLLECTED

MOMENTS = Frame(
    "moments",
    "Moments between two snapshots at which the policies of an identity, or an approval, changed.",
    keys={"moment": count("Its number.")},
    columns={
        "account_id": text("Account of the identity.", required=True),
        "region": text("Region of the identity.", required=True),
        "identity": text("The identity.", required=True),
        "at": at("When it was.", required=True),
        "before": flag("Just before what happened, not just after.", required=True),
        "whole": flag("Whether all policies of the moment are known.", required=True),
        "basis": text("event or register.", required=True),
        "principal": text("Who did it."),
    },
)
FOUND_AT = Frame(
    "found_at",
    "Findings at each moment.",
    keys={**FOUND.keys, "moment": count("The number of the moment.")},
    columns=FOUND.columns,
)


def moments_between(earlier: Analysis | None, later: Analysis) -> list[Moment]:
    """Every moment between the two snapshots, or up to the first, at which a policy or an approval changed.

    Only of places whose policies and change events were read whole in the later snapshot; the beginning is taken from
    the earlier one where it read the place and CloudTrail's memory reaches back to it.
    """
    places = later.once(read_lanes, ("identities", "policies", "changes"))
    reach = later.snapshot.started_at - RETENTION
    before_known = earlier.once(read_lanes, POLICY_DATASETS) if earlier else set()
    before = earlier.snapshot.started_at if earlier else reach
    whole = before >= reach
    start = max(before, reach)
    events = _events(later, start)
    texts, then = later.once(_texts), earlier.once(_texts) if earlier else {}
    dates = _dates(later, start, [then, texts])
    out: list[Moment] = []
    for place in sorted(events.keys() | dates.keys()):
        lane = place[:2]
        if lane not in places:
            continue
        begun = then.get(place, {}) if whole and lane in before_known else None
        out += replay(place, begun, texts.get(place, {}), events.get(place, []), dates.get(place, ()))
    return out


def moments(analysis: Analysis) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The moments since the previous snapshot as a frame, and the findings at each.

    The first is :data:`MOMENTS`, the second :data:`FOUND_AT`. Those before an imagined snapshot are the real ones.
    """
    if analysis.real is not None:
        return moments(analysis.real)

    def made() -> list[Moment]:
        return analysis.once(_moments_before)

    table = remembered_frame(analysis, MOMENTS, lambda: _table(made()))
    return table, remembered_frame(analysis, FOUND_AT, lambda: findings_at(made(), analysis))


def _moments_before(analysis: Analysis) -> list[Moment]:
    return moments_between(analysis.previous, analysis)


def _table(made: Sequence[Moment]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "moment": range(len(made)),
            **{
                name: pd.array([moment.identity[i] for moment in made], dtype="string")
                for i, name in enumerate(IDENTITY)
            },
            "at": pd.Series([moment.at for moment in made], dtype="datetime64[us, UTC]"),
            "before": pd.Series([moment.before for moment in made], dtype=bool),
            "whole": pd.Series([moment.whole for moment in made], dtype=bool),
            "basis": pd.array([moment.basis for moment in made], dtype="string"),
            "principal": pd.array([moment.principal for moment in made], dtype="string"),
        }
    )


def findings_at(made: Sequence[Moment], later: Analysis) -> pd.DataFrame:
    """What the rules find in each moment's policies, with the moment's number; only what a policy is to blame for.

    Other identities of the place count as they are in the later snapshot (an address takes precedence over its
    domain).
    """
    parts = [FOUND_AT.empty()]
    for (register, today), states in _alike(made, later).items():
        for state in _apart(states):
            judged = _judged({key: policies for key, policies, _ in state}, later, register.frame, today)
            found = find_in_policies(judged, later.config.findings)
            found = found[found["policy_name"].notna()]
            numbers = pd.DataFrame(
                [(*key, number) for key, _, numbers in state for number in numbers], columns=[*IDENTITY, "moment"]
            ).astype(dict.fromkeys(IDENTITY, "string"))
            parts.append(found.merge(numbers, on=IDENTITY))
    return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True)
class _Standing:
    """A register as it stood at some moments; equal to one in which every approval stands alike."""

    statuses: tuple[str, ...]
    frame: pd.DataFrame = field(compare=False, hash=False)


State = tuple[IdentityKey, Mapping[str, str], list[int]]
"""An identity, its policies, and the moments at which it had them."""


def _alike(made: Sequence[Moment], later: Analysis) -> dict[tuple[_Standing, date], list[State]]:
    """The distinct states of identities by the register and the day they are judged by.

    The day counts only where a policy asks for the time.
    """
    standings: dict[datetime, _Standing] = {}
    numbers: dict[Any, list[int]] = defaultdict(list)
    for number, moment in enumerate(made):
        at = moment.at - timedelta(microseconds=1) if moment.before else moment.at
        if at not in standings:
            register = standing_on(later.register, at, warning_days=later.config.report.expiry_warning_days)
            standings[at] = _Standing(tuple(register["status"]), register)
        day = at.date() if _timed(moment.policies, later) else later.today
        numbers[standings[at], day, moment.identity, frozenset(moment.policies.items())].append(number)
    out: dict[tuple[_Standing, date], list[State]] = defaultdict(list)
    for (standing, day, identity, _), alike in numbers.items():
        out[standing, day].append((identity, made[alike[0]].policies, alike))
    return out


def _timed(policies: Mapping[str, str], later: Analysis) -> bool:
    """Whether a policy asks for the time, as it is read and not as it is written."""
    return any(
        depends_on_the_day(statement)
        for name, text in policies.items()
        for statement in later.cache.read(name, text).statements
    )


def _apart(states: Sequence[State]) -> list[list[State]]:
    """The states in groups in which no identity is twice."""
    groups: list[list[State]] = []
    seen: Counter[IdentityKey] = Counter()
    for state in states:
        if seen[state[0]] == len(groups):
            groups.append([])
        groups[seen[state[0]]].append(state)
        seen[state[0]] += 1
    return groups


def _judged(
    policies: Mapping[IdentityKey, Mapping[str, str]], later: Analysis, register: pd.DataFrame, today: date
) -> Judged:
    """The policies of a time, judged as a snapshot's are."""
    partition = _partition(later)
    rows = [
        {
            "account_id": account,
            "region": region,
            "identity": identity,
            "arn": f"arn:{partition}:ses:{region}:{account}:identity/{identity}",
            "identity_type": "EMAIL_ADDRESS" if "@" in identity else "DOMAIN",
            "policies": len(named),
        }
        for (account, region, identity), named in policies.items()
    ]
    identities = IDENTITIES.conform(with_accounts(COLLECTED.from_rows(rows), later.accounts, later.config.tags))
    addresses = later.once(_addresses)
    texts = later.once(_texts)
    asked = {}
    for row, (key, named) in zip(rows, policies.items(), strict=True):
        arn, (account, region, identity) = str(row["arn"]), key
        near = {
            f"{arn.partition('/')[0]}/{name}": texts[account, region, name]
            for name in addresses.get((account, region), ())
            if within(name, identity)
        }
        asked[key] = IdentityPolicies(arn, named, near)
    whom = trusted_accounts(later.accounts, register, later.organization_id, later.config.organization, today)
    return Judged(judge(asked, whom, later.cache), identities, later.accounts, register, today)


def _addresses(analysis: Analysis) -> dict[tuple[str, str], list[str]]:
    """Verified addresses whose policies were all read, by place; they take precedence over their domain."""
    identities = analysis.snapshot.identities
    verified = identities[identities["verification_status"].eq("SUCCESS").fillna(value=False)]
    whole = set(zip(*(verified[name] for name in IDENTITY), verified["policies"].fillna(0), strict=True))
    out: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key, named in analysis.once(_texts).items():
        if "@" in key[2] and (*key, len(named)) in whole:
            out[key[:2]].append(key[2])
    return out


def _partition(analysis: Analysis) -> str:
    arns = analysis.snapshot.identities["arn"]
    return str(arns.iloc[0]).split(":")[1] if len(arns) else "aws"


def _texts(analysis: Analysis) -> dict[IdentityKey, dict[str, str]]:
    return texts_of(analysis.snapshot.policies)


def _events(analysis: Analysis, start: datetime) -> dict[IdentityKey, list[Event]]:
    """Successful changes of identities after ``start``, by identity, oldest first."""
    changes = analysis.snapshot.changes
    changes = changes[changes["error_code"].isna() & changes["identity"].notna() & (changes["at"] > start)]
    out: dict[IdentityKey, list[Event]] = defaultdict(list)
    for row in changes.sort_values(["at", "event_id"]).to_dict("records"):
        values = {key: None if pd.isna(value) else value for key, value in row.items()}
        place = (row["account_id"], row["region"], name_of(row["identity"]))
        out[place].append(
            Event(
                row["at"].to_pydatetime(), row["event_name"], values["policy_name"], values["policy"],
                values["principal_arn"],
            )
        )  # fmt: skip
    return dict(out)


def _dates(
    analysis: Analysis, start: datetime, texts: Sequence[Mapping[IdentityKey, Mapping[str, str]]]
) -> dict[IdentityKey, list[datetime]]:
    """Beginnings and ends of approvals after ``start`` and before the snapshot, by identity that names the account."""
    end = analysis.snapshot.started_at
    out: dict[IdentityKey, list[datetime]] = defaultdict(list)
    for row in analysis.register.to_dict("records"):
        dates = [row[name] for name in ("approved_at", "expires_at")]
        within = [date.to_pydatetime() for date in dates if pd.notna(date) and start < date <= end]
        if within:
            account = str(row["account_id"])
            for place in {
                p for side in texts for p, named in side.items() if any(account in t for t in named.values())
            }:
                out[place] += within
    return dict(out)
