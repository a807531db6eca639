"""Findings at the moments between two snapshots: the same rules, on the policies as they were then."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from sesreport.analysis.basis import POLICY_DATASETS
from sesreport.analysis.read_identities import read_lanes
from sesreport.analysis.registry import Analysis
from sesreport.findings.fingerprint import fingerprints
from sesreport.findings.replay import RETENTION, Event, Moment, Place, replay
from sesreport.policy import within
from sesreport.settings.register import standing_on
from sesreport.snapshot.collected import frames
from sesreport.snapshot.events import name_of

if TYPE_CHECKING:
    from sesreport.analysis.verdicts import Verdict

KEYS = ["account_id", "region", "identity"]
_CLOCK = re.compile("currenttime|epochtime", re.IGNORECASE)


def moments_between(earlier: Analysis | None, later: Analysis) -> list[Moment]:
    """Every moment between the two snapshots, or up to the first, at which a policy or an approval changed.

    Only of places whose policies and change events were read whole in the later snapshot; the beginning is taken from
    the earlier one where it read the place and CloudTrail's memory reaches back to it.
    """
    places = later.once(read_lanes, ("identities", "policies", "changes"))
    reach = later.snapshot.started_at - RETENTION
    known = earlier.once(read_lanes, POLICY_DATASETS) if earlier else set()
    before = earlier.snapshot.started_at if earlier else reach
    whole = before >= reach
    start = max(before, reach)
    events = _events(later, start)
    texts, then = _texts(later), _texts(earlier) if earlier else {}
    dates = _dates(later, start, [then, texts])
    out: list[Moment] = []
    for place in sorted(events.keys() | dates.keys()):
        lane = place[:2]
        if lane not in places:
            continue
        begun = then.get(place, {}) if whole and lane in known else None
        out += replay(place, begun, texts.get(place, {}), events.get(place, []), dates.get(place, ()))
    return out


def moments_of(analysis: Analysis) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The moments since the previous snapshot as a frame, and the findings at each.

    The first has the columns ``account_id``, ``region``, ``identity``, ``at``, ``before``, ``whole``, ``basis`` and
    ``principal`` (see :class:`sesreport.findings.replay.Moment`); the second those of ``analysis.found`` and
    ``moment``, the number of the row in the first.
    """
    made = moments_between(analysis.previous, analysis)
    table = pd.DataFrame(
        {
            **{name: pd.array([moment.place[i] for moment in made], dtype="string") for i, name in enumerate(KEYS)},
            "at": pd.Series([moment.at for moment in made], dtype="datetime64[us, UTC]"),
            "before": pd.Series([moment.before for moment in made], dtype=bool),
            "whole": pd.Series([moment.whole for moment in made], dtype=bool),
            "basis": pd.array([moment.basis for moment in made], dtype="string"),
            "principal": pd.array([moment.principal for moment in made], dtype="string"),
        }
    )
    return table, findings_at(made, analysis)


def findings_at(moments: Sequence[Moment], later: Analysis) -> pd.DataFrame:
    """What the rules find in each moment's policies, with the moment's number; only what a policy is to blame for.

    Other identities of the place count as they are in the later snapshot (an address takes precedence over its
    domain).
    """
    standings: dict[datetime, pd.DataFrame] = {}
    groups: dict[Any, list[int]] = defaultdict(list)
    for number, moment in enumerate(moments):
        register = standings.setdefault(_when(moment), _standing(later, _when(moment)))
        clock = moment.at.date() if any(_CLOCK.search(text) for text in moment.policies.values()) else None
        groups[tuple(register["status"]), clock].append(number)
    parts = [later.found.iloc[:0].assign(moment=pd.Series(dtype="int64"))]
    for (_, clock), numbers in groups.items():
        at = _when(moments[numbers[0]])
        today = at if clock else later.snapshot.started_at
        found = _imagined({n: moments[n] for n in numbers}, later, standings[at], today).found
        found = found[found["policy_name"].notna()]
        region = found["region"].map({str(n): moments[n].place[1] for n in numbers}).astype("string")
        found = found.assign(moment=found["region"].astype("int64"), region=region)
        parts.append(found.assign(fingerprint=pd.array(fingerprints(found), dtype="string")))
    return pd.concat(parts, ignore_index=True)


def _when(moment: Moment) -> datetime:
    return moment.at - timedelta(microseconds=1) if moment.before else moment.at


@dataclass
class _Imagined(Analysis):
    """An analysis of policies that no snapshot holds together."""

    judged: dict[Place, Verdict] = field(default_factory=dict)

    @property
    def verdicts(self) -> dict[Place, Verdict]:
        return self.judged

    @property
    def found(self) -> pd.DataFrame:
        """By the rules that rest on policies: there is nothing else in it."""
        from sesreport.findings.findings import found
        from sesreport.findings.registry import rules

        return found(self, [rule for rule in rules().values() if "policies" in rule.datasets])


def _imagined(moments: Mapping[int, Moment], later: Analysis, register: pd.DataFrame, at: datetime) -> Analysis:
    """All the moments at once: each stands in a Region of its own, called by its number."""
    from sesreport.analysis.verdicts import Verdict, known

    declared = frames()
    partition = _partition(later)
    rows = [
        {
            "account_id": moment.place[0],
            "region": str(number),
            "identity": moment.place[2],
            "arn": f"arn:{partition}:ses:{moment.place[1]}:{moment.place[0]}:identity/{moment.place[2]}",
            "identity_type": "EMAIL_ADDRESS" if "@" in moment.place[2] else "DOMAIN",
            "policies": len(moment.policies),
        }
        for number, moment in moments.items()
    ]
    stands = {name: frame.empty() for name, frame in declared.items()}
    stands |= {"identities": declared["identities"].from_rows(rows), "accounts": later.snapshot.accounts}
    made = _Imagined(cast("Any", SimpleNamespace(**stands, started_at=at)), later.config, register, later.period)
    whom = known(made)
    addresses = defaultdict(list)
    texts = _texts(later)
    identities = later.snapshot.identities
    verified = identities[identities["verification_status"].eq("SUCCESS").fillna(value=False)]
    whole = set(zip(*(verified[name] for name in KEYS), verified["policies"].fillna(0), strict=True))
    for place, named in texts.items():
        if "@" in place[2] and (*place, len(named)) in whole:
            addresses[place[:2]].append(place[2])
    for moment, row in zip(moments.values(), rows, strict=True):
        account, region, identity = moment.place
        arn = str(row["arn"])
        near = {
            f"{arn.partition('/')[0]}/{name}": texts[account, region, name]
            for name in addresses[account, region]
            if within(name, identity)
        }
        verdict = Verdict(arn, moment.policies, whom.decide(arn, moment.policies, near, later.cache), whom)
        made.judged[account, str(row["region"]), identity] = verdict
    return made


def _partition(analysis: Analysis) -> str:
    arns = analysis.snapshot.identities["arn"]
    return str(arns.iloc[0]).split(":")[1] if len(arns) else "aws"


def _standing(analysis: Analysis, at: datetime) -> pd.DataFrame:
    return standing_on(analysis.register, at, warning_days=analysis.config.report.expiry_warning_days)


def _texts(analysis: Analysis) -> dict[Place, dict[str, str]]:
    policies = analysis.snapshot.policies
    out: dict[Place, dict[str, str]] = defaultdict(dict)
    for *place, name, document in zip(*(policies[c] for c in (*KEYS, "policy_name", "document")), strict=True):
        out[tuple(place)][name] = document
    return dict(out)


def _events(analysis: Analysis, start: datetime) -> dict[Place, list[Event]]:
    """Successful changes of identities after ``start``, by identity, oldest first."""
    changes = analysis.snapshot.changes
    changes = changes[changes["error_code"].isna() & changes["identity"].notna() & (changes["at"] > start)]
    out: dict[Place, list[Event]] = defaultdict(list)
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
    analysis: Analysis, start: datetime, texts: Sequence[Mapping[Place, Mapping[str, str]]]
) -> dict[Place, list[datetime]]:
    """Beginnings and ends of approvals after ``start`` and before the snapshot, by identity that names the account."""
    end = analysis.snapshot.started_at
    out: dict[Place, list[datetime]] = defaultdict(list)
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
