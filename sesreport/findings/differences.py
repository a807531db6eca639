"""Who gained and who lost the right to send between two snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import pandas as pd

from sesreport.analysis import Analysis, analyze
from sesreport.analysis.basis import places
from sesreport.analysis.changes_since import GRAVE, SCOPES, PolicyCoverage
from sesreport.analysis.joins import joined, rows
from sesreport.core.text import visible
from sesreport.core.vocabulary import IDENTITY, PLACE
from sesreport.findings.fingerprint import canonical
from sesreport.settings.config import Config
from sesreport.snapshot.store import Snapshot

WORDS = {"gained": "+", "lost": "-", "wider": ">", "narrower": "<", "changed": "~"}
"""What happened to a right, and its sign."""
SHOWN = 40
"""Rows of a repr; the frame has all."""


@dataclass(frozen=True)
class Differences:
    """What two snapshots differ in; an analyst reads its ``repr``, a program its :attr:`frame`."""

    older: str
    newer: str
    """Ids of the snapshots."""
    frame: pd.DataFrame
    """One row per identity and principal: ``change`` (gained, lost, wider, narrower, changed), ``account_id``,
    ``account_name``, ``region``, ``identity``, ``grantee``, ``grantee_name``, ``before`` and ``after`` (how far the
    principal is let in: a scope of ``grants``, with the From addresses it is limited to), ``exposure_before`` and
    ``exposure_after`` (of the identity), ``severity`` (high for a right that is new or wider and reaches outside),
    ``policies`` (names, now or, when lost, then)."""
    unknown: int
    """Places (account × Region) that one of the two did not read, of which nothing is said."""
    left_out: int = 0
    """Snapshots of other organizations beside these."""

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        lines = [self._summary()]
        for row in self._rows():
            name = "" if pd.isna(row["grantee_name"]) else f" ({row['grantee_name']})"
            what = _arrow(row["before"], row["after"])
            place = f"{row['identity']} [{row['account_id']} {row['region']}]"
            lines.append(visible(f"{WORDS[row['change']]} {place}: {row['grantee']}{name}: {what}"))
        return "\n".join([*lines, *self._more()])

    def _repr_html_(self) -> str:
        heads = ("", "Identity", "Account", "Region", "Who", "Before", "After", "Exposure", "Policies")
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(visible(cell))}</td>" for cell in cells) + "</tr>" for cells in self._cells()
        )
        head = "".join(f"<th>{name}</th>" for name in heads)
        more = "".join(f"<p>{escape(line)}</p>" for line in self._more())
        return f"<p>{escape(self._summary())}</p><table><tr>{head}</tr>{body}</table>{more}"

    def _summary(self) -> str:
        counts = self.frame["change"].value_counts()
        told = ", ".join(f"{counts.get(word, 0)} {word}" for word in WORDS)
        unread = f"; {self.unknown} places were not read whole both times and may have more" if self.unknown else ""
        others = f"; {self.left_out} snapshots of other organizations are left out" if self.left_out else ""
        return f"Rights to send, {self.older} to {self.newer}: {told}{unread}{others}."

    def _rows(self) -> list[dict[str, str]]:
        return self.frame.head(SHOWN).to_dict("records")  # type: ignore[return-value]

    def _more(self) -> list[str]:
        return [f"… and {len(self) - SHOWN} more in .frame"] if len(self) > SHOWN else []

    def _cells(self) -> Iterator[tuple[str, ...]]:
        for row in self._rows():
            told = {name: "" if pd.isna(value) else str(value) for name, value in row.items()}
            who = f"{told['grantee']} ({told['grantee_name']})" if told["grantee_name"] else told["grantee"]
            account = f"{told['account_id']} ({told['account_name']})" if told["account_name"] else told["account_id"]
            exposure = _arrow(row["exposure_before"], row["exposure_after"])
            yield (row["change"], told["identity"], account, told["region"], who, told["before"], told["after"],
                   exposure, told["policies"])  # fmt: skip


def compare(older: Snapshot, newer: Snapshot, *, config: Config | None = None) -> Differences:
    """The differences of two snapshots, each judged by today's settings and the register as of its day.

    A right is one principal's on one identity, whatever the policies are called that give it: the widest they add up
    to. Places that one of the two did not read are left out, and counted.
    """
    before, after = analyze(older, config), analyze(newer, config)
    known = PolicyCoverage(before), PolicyCoverage(after)
    both = joined(_rights(before), _rights(after), how="outer", on=[*IDENTITY, "who"], suffixes=("_old", "_new"))
    told = [all(each.of(*place) for each in known) for place in rows(both, IDENTITY)]
    both = both[pd.Series(told, index=both.index, dtype=bool)]
    rank = {scope: place for place, scope in enumerate(SCOPES)}
    was, now = both["scope_old"].map(rank).fillna(-1), both["scope_new"].map(rank).fillna(-1)
    same = (was == now) & (both["told_old"].eq(both["told_new"]).fillna(False) | (was == -1))
    change = pd.Series("changed", index=both.index, dtype="string")
    change = change.mask(now > was, "wider").mask(now < was, "narrower")
    change = change.mask(both["scope_old"].isna(), "gained").mask(both["scope_new"].isna(), "lost")
    names = after.accounts.set_index("account_id")["name"].combine_first(
        before.accounts.set_index("account_id")["name"]
    )
    grave = both["scope_new"].isin(list(GRAVE)) & ((now > was) | change.eq("changed"))
    frame = pd.DataFrame(
        {
            "change": change,
            "account_id": both["account_id"],
            "account_name": both["account_id"].map(names).astype("string"),
            "region": both["region"],
            "identity": both["identity"],
            "grantee": both["who"],
            "grantee_name": both["grantee_name_new"].fillna(both["grantee_name_old"]),
            "before": both["told_old"],
            "after": both["told_new"],
            "severity": grave.map({True: "high", False: "low"}).astype("string"),
            "policies": both["policies_new"].fillna(both["policies_old"]),
        }
    )[~same]
    for name, analysis in (("exposure_before", before), ("exposure_after", after)):
        exposures = analysis.exposures[[*IDENTITY, "exposure"]].rename(columns={"exposure": name})
        frame = joined(frame, exposures, on=IDENTITY)
    frame = frame.sort_values(["severity", "change", *IDENTITY, "grantee"], ignore_index=True)
    expected = {*zip(*(pd.concat([places(a.coverage) for a in (before, after)])[c] for c in PLACE), strict=True)}
    unknown = sum(not all(each.of_place(*place) for each in known) for place in expected)
    return Differences(older.id, newer.id, frame, unknown)


def _rights(analysis: Analysis) -> pd.DataFrame:
    """One row per identity and principal that is let in, or may be: the widest of its grants."""
    grants = analysis.grants
    lets = (grants["effect"] != "Deny").fillna(True) & grants["can_send"].fillna(True) & grants["scope"].ne("none")
    grants = grants[lets.fillna(True)]
    told = [
        scope if patterns is None or patterns is pd.NA else f"{scope} as {', '.join(sorted(patterns))}"
        for scope, patterns in zip(grants["scope"], grants["from_patterns"], strict=True)
    ]
    ranked = grants.assign(
        who=pd.array([canonical(grantee) for grantee in grants["grantee"]], dtype="string"),
        told=pd.array(told, dtype="string"),
        _rank=pd.Categorical(grants["scope"], SCOPES, ordered=True),
    ).sort_values(["_rank", "told"], ascending=[False, True], kind="stable")
    keys = [*IDENTITY, "who"]
    policies = ranked.groupby(keys, as_index=False).agg(policies=("policy_name", lambda n: ", ".join(sorted(set(n)))))
    widest = ranked.drop_duplicates(keys)[[*keys, "scope", "told", "grantee_name"]]
    return joined(widest, policies.astype({"policies": "string"}), on=keys)


def _arrow(before: object, after: object) -> str:
    old, new = ("nothing" if pd.isna(value) else str(value) for value in (before, after))  # type: ignore[call-overload]
    return old if old == new else f"{old} → {new}"
