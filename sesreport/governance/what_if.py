"""What would change if permissions were revoked, or policies replaced: judged before anybody touches AWS."""

from __future__ import annotations

import dataclasses
import html
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import pandas as pd

from sesreport.analysis import Analysis, analyze
from sesreport.analysis.basis import POLICY_DATASETS, place_basis
from sesreport.analysis.joins import rows
from sesreport.analysis.judged import judged
from sesreport.analysis.judged_identities import texts_of
from sesreport.analysis.registry import derived_frames
from sesreport.core.period import Period
from sesreport.core.schema import Frame
from sesreport.core.text import visible
from sesreport.core.vocabulary import IDENTITY, IdentityKey
from sesreport.findings.findings import FOUND, found
from sesreport.governance.frame_changes import GONE, NEW, frame_changes
from sesreport.governance.replacements import Texts, replacements, unreadable
from sesreport.governance.revocations import (
    GRANT,
    Revocations,
    Revoked,
    asked_for,
    place_words,
    policy_words,
    revocations,
    still_let_in,
    widest_account,
)
from sesreport.kpis import words
from sesreport.kpis.earlier import measured_kpis
from sesreport.kpis.registry import kpis
from sesreport.policy import CLASSES, addresses_by_domain
from sesreport.policy.edits import revoke as without
from sesreport.settings.config import Config
from sesreport.snapshot.collected import frames
from sesreport.snapshot.imagined import ImaginedSnapshot, PolicyKey
from sesreport.snapshot.store import Snapshot

SHOWN = 10
"""Lines of each list that a notebook shows; the others are counted."""


@dataclass(frozen=True)
class WhatIf:
    """Two analyses of one snapshot: as it was collected, and as it would be. Nothing is changed in AWS, or written."""

    before: Analysis
    after: Analysis
    policies: pd.DataFrame
    """Every policy that differs: its key, ``edit`` (edited, deleted, replaced or added), the texts ``before`` and
    ``after``."""
    asked: tuple[str, ...]
    """What was asked for, in words."""
    not_revoked: tuple[str, ...]
    """What edits of policies cannot revoke: who is still let in, where and by which statement."""
    notes: tuple[str, ...] = ()
    """What else to know of the result."""
    _kept: Mapping[PolicyKey, tuple[int, ...]] = field(default_factory=dict, repr=False)
    """Places that the statements of edited policies had before."""
    _compared: dict[str, pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    def changes(self, name: str) -> pd.DataFrame:
        """Rows of a frame that would be gone, new or changed: see :func:`.frame_changes.frame_changes`.

        Statements of an edited policy have the numbers they had before. Findings are those of the snapshot by itself,
        without since when they are open. Raises NoFrameError.
        """
        if name not in self._compared:
            self._compared[name] = self._compare(name)
        return self._compared[name]

    def _compare(self, name: str) -> pd.DataFrame:
        if name == "findings":
            old, new = found(self.before), found(self.after)
            return frame_changes(FOUND, old, new.assign(evidence=self._with_old_numbers(new, "evidence")))
        old, new = self.before.frame(name), self.after.frame(name)
        if name == "grants":
            numbers = [self._old_number(row[:4], row[4]) for row in rows(new, GRANT[:5])]
            new = new.assign(statement=pd.array(numbers, dtype="Int64"))
        elif name == "exposures":
            new = new.assign(reasons=self._with_old_numbers(new, "reasons"))
        return frame_changes(_declared(name, self.before), old, new)

    def _old_number(self, policy: PolicyKey, number: int) -> int:
        """The number that a statement had before the edit; 0 is a whole document."""
        kept = self._kept.get(policy, ())
        return kept[number - 1] if 0 < number <= len(kept) else number

    def _with_old_numbers(self, frame: pd.DataFrame, column: str) -> pd.Series:
        """A column of texts, or lists of them, that name statements as :attr:`Statement.label` does."""
        edited: dict[IdentityKey, list[PolicyKey]] = defaultdict(list)
        for policy in self._kept:
            edited[policy[:3]].append(policy)

        def renumbered(text: str, place: IdentityKey) -> str:
            for policy in edited[place]:
                before, *parts = re.split(rf"({re.escape(policy[3])}, statement )([0-9]+)", text)
                text = before + "".join(
                    f"{label}{self._old_number(policy, int(number))}{rest}"
                    for label, number, rest in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
                )
            return text

        told = []
        for *place, value in rows(frame, (*IDENTITY, column)):
            key = cast("IdentityKey", tuple(place))
            if value is None or key not in edited:
                told.append(value)
            else:
                told.append(renumbered(value, key) if isinstance(value, str) else [renumbered(v, key) for v in value])
        return pd.Series(told, index=frame.index, dtype=frame[column].dtype)

    @cached_property
    def kpis(self) -> pd.DataFrame:
        """KPIs: ``id``, ``label``, ``before``, ``after``, ``change``, ``unit``, ``currency``; NA: not known.

        Those that do not rest on policies stay as they are, and are measured once. Those by the lives of findings are
        left out: they tell what happened.
        """
        wanted = [definition for definition in kpis() if not definition.by_lives]
        old = measured_kpis(self.before, wanted)
        new = {d.id: m for d, m in measured_kpis(self.after, [d for d in wanted if "policies" in d.datasets])}
        made = pd.DataFrame(
            [(d.id, d.label, m.value, new.get(d.id, m).value, d.unit, m.currency) for d, m in old],
            columns=["id", "label", "before", "after", "unit", "currency"],
        ).astype({"before": "Float64", "after": "Float64", "unit": "string", "currency": "string"})
        made.insert(4, "change", made["after"] - made["before"])
        return made.astype({"id": "string", "label": "string"})

    @property
    def changed_kpis(self) -> pd.DataFrame:
        """Those that would differ, also in whether they are known."""
        both = self.kpis
        same = both["before"].eq(both["after"]).fillna(False) | (both["before"].isna() & both["after"].isna())
        return both[~same].reset_index(drop=True)

    @property
    def classes(self) -> pd.DataFrame:
        """Identities by exposure, widest first: ``exposure``, ``before``, ``after``; ``not known`` where some are."""
        counts = {
            name: analysis.exposures["exposure"].fillna("not known").value_counts()
            for name, analysis in (("before", self.before), ("after", self.after))
        }
        known = [*reversed(CLASSES), "not known"]
        told = pd.DataFrame(counts).reindex(known).fillna(0).astype("Int64").rename_axis("exposure").reset_index()
        return told[(told["exposure"] != "not known") | told["before"].gt(0)].astype({"exposure": "string"})

    @property
    def sentence(self) -> str:
        """What would change, in one sentence."""
        if self.policies.empty:
            return f"Nothing would change with {_and(self.asked)}: no policy can be edited for it."
        grants, findings = (self.changes(name)["change"].value_counts() for name in ("grants", "findings"))
        exposed = self._exposed
        told = [
            f"{_count(exposed['less'], 'identity', 'identities')} would be less exposed",
            *([f"{_count(exposed['more'], 'identity', 'identities')} more exposed"] if exposed["more"] else []),
            *([f"of {exposed['unclear']:,} it is not known"] if exposed["unclear"] else []),
            f"{_count(grants.get(GONE, 0), 'grant')} and {_count(findings.get(GONE, 0), 'finding')} would go",
            *([f"{_count(grants[NEW], 'grant')} would be new"] if grants.get(NEW) else []),
            *([f"{_count(findings[NEW], 'finding')} would be new"] if findings.get(NEW) else []),
        ]
        where = _count(len(self.policies.drop_duplicates(IDENTITY)), "identity", "identities")
        policies = _count(len(self.policies), "policy", "policies")
        return f"With {_and(self.asked)}, {policies} of {where} would change: {', '.join(told[:-1])}, and {told[-1]}."

    @property
    def _exposed(self) -> dict[str, int]:
        """How many identities would be ``less`` or ``more`` exposed; ``unclear`` where a class is not known."""
        both = self.before.exposures[[*IDENTITY, "exposure"]].merge(
            self.after.exposures[[*IDENTITY, "exposure"]], on=IDENTITY, suffixes=("_before", "_after")
        )
        place = {name: number for number, name in enumerate(CLASSES)}
        old, new = (both[f"exposure_{when}"].map(place).astype("Int64") for when in ("before", "after"))
        one_known = old.isna() ^ new.isna()
        return {"less": int((new < old).sum()), "more": int((new > old).sum()), "unclear": int(one_known.sum())}

    @property
    def lines(self) -> list[str]:
        """:attr:`sentence`, and what else to know of it."""
        return [visible(line) for line in (self.sentence, *self.notes)]

    @property
    def about(self) -> str:
        """What it rests on: the snapshot, its month, and that nothing is changed."""
        snapshot, basis = self.before.snapshot, place_basis(self.before.coverage, POLICY_DATASETS)
        return "\n".join(
            [
                f"Imagined from snapshot {snapshot.id}, sha256 {snapshot.sha256[:12]}, for {self.before.period.name}",
                f"Policies were read in {basis.read:,} of {basis.expected:,} places (account × Region).",
                "Nothing is changed in AWS.",
            ]
        )

    def __repr__(self) -> str:
        return "\n".join([self.about, *self.lines, *(f"Not revoked: {visible(one)}" for one in _few(self.not_revoked))])

    def _repr_html_(self) -> str:
        def listed(title: str, lines: Sequence[str]) -> str:
            items = "".join(f"<li>{html.escape(visible(line))}</li>" for line in _few(lines))
            return f"<p><b>{title}</b></p><ul>{items}</ul>" if lines else ""

        changed = [
            f"{label}: {words.number(_known(before), unit, currency)} → {words.number(_known(after), unit, currency)}"
            for label, before, after, unit, currency in rows(
                self.changed_kpis, ("label", "before", "after", "unit", "currency")
            )
        ]
        return (
            f"<p>{html.escape(visible(self.sentence))} Nothing is changed in AWS.</p>"
            + listed("KPIs", changed)
            + listed("Not revoked", self.not_revoked)
            + listed("To know", self.notes)
        )


def what_if(
    snapshot: Snapshot | Analysis,
    revoke: Iterable[Revoked] | pd.DataFrame = (),
    replace: Mapping[str, Mapping[str, str | None]] | None = None,
    *,
    config: Config | None = None,
    register: pd.DataFrame | None = None,
    period: Period | None = None,
    previous: Analysis | None = None,
    example: bool = False,
) -> WhatIf:
    """What would change if permissions were revoked and policies replaced; nothing is changed in AWS, or written.

    ``revoke`` names accounts (12 digits), ARNs of principals, or grants (rows of the frame ``grants``, or their key:
    account_id, region, identity, policy_name, statement, grantee). ``replace`` has new policy texts by identity (its
    name, or its ARN where several have the name) and policy name; None deletes one. What is replaced is replaced
    first. An :class:`~sesreport.analysis.Analysis` in place of the snapshot brings its own settings, register, period
    and earlier analyses, and what it judged is not judged again. With ``example``, and nothing else asked for, the
    outside account is revoked that can send as most identities.

    Raises ConfigError for an account, principal, grant, identity or policy that the snapshot does not have.
    """
    before = (
        snapshot
        if isinstance(snapshot, Analysis)
        else analyze(snapshot, config, register=register, period=period, previous=previous)
    )
    asked = asked_for(revoke)
    notes: list[str] = []
    if example and not asked and not replace:
        asked, why = widest_account(before)
        notes.append(why)
    texts = texts_of(before.snapshot.policies)
    replaced = replacements(before, replace, texts)
    notes += unreadable(replaced)
    targets = revocations(before, asked, replaced)
    edited, kept, left = _edited(texts, replaced, targets)
    changed = {key: text for key, text in edited.items() if text != texts.get(key[:3], {}).get(key[3])}
    after = dataclasses.replace(before, snapshot=ImaginedSnapshot(before.snapshot, changed), real=before)
    return WhatIf(
        before,
        after,
        _policies(changed, texts, replaced),
        (*targets.words(before), *(f"{policy_words(key)} replaced" for key in replaced)),
        (*left, *still_let_in(after, targets)),
        (*notes, *_bare_addresses(before, after, changed)),
        kept,
    )


def _edited(
    texts: Texts, replaced: Mapping[PolicyKey, str | None], targets: Revocations
) -> tuple[dict[PolicyKey, str | None], dict[PolicyKey, tuple[int, ...]], list[str]]:
    """Policies after replacing and revoking, the places their statements had, and what could not be edited."""
    now: dict[PolicyKey, str | None] = {
        (*place, name): text for place, policies in texts.items() for name, text in policies.items()
    }
    now |= replaced
    named = (*targets.accounts, *targets.principals)
    of_grants = {grant[:4] for grant in targets.grants}
    kept, left = {}, []
    for key, text in now.items():
        # An escape may hide a name, so a text with one is read as well.
        if text is None or not (key in of_grants or "\\" in text or any(name in text for name in named)):
            continue
        edit = without(text, targets.of(key))
        left += [f"{policy_words(key)}: {note}" for note in edit.notes]
        if edit.text != text:
            now[key], kept[key] = edit.text, edit.kept
    return now, kept, left


def _policies(
    changed: Mapping[PolicyKey, str | None], texts: Texts, replaced: Mapping[PolicyKey, str | None]
) -> pd.DataFrame:
    made = []
    for key, text in changed.items():
        old = texts.get(key[:3], {}).get(key[3])
        edit = "deleted" if text is None else "added" if old is None else "replaced" if key in replaced else "edited"
        made.append((*key, edit, old, text))
    return pd.DataFrame(made, columns=[*IDENTITY, "policy_name", "edit", "before", "after"], dtype="string")


def _bare_addresses(before: Analysis, after: Analysis, changed: Mapping[PolicyKey, str | None]) -> list[str]:
    """Addresses that would lose their last policy, and with it their precedence over a domain that has policies."""
    was, now = judged(before).by_identity, judged(after).by_identity
    told = []
    for account, region, name in sorted({key[:3] for key in changed}):
        if not was[account, region, name].policies or now[account, region, name].policies:
            continue
        told += [
            f"{place_words((account, region, name))} would have no policy left: those of {domain} would decide for it."
            for domain in addresses_by_domain([name])
            if (parent := now.get((account, region, domain))) is not None and parent.policies
        ]
    return told


def _declared(name: str, analysis: Analysis) -> Frame:
    """The declaration of a frame. Raises NoFrameError."""
    known = {**frames(), **derived_frames()}
    if name not in known:
        raise analysis.no_frame(name)
    return known[name]


def _known(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _and(parts: Sequence[str]) -> str:
    if not parts:
        return "nothing revoked or replaced"
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def _few(lines: Sequence[str]) -> list[str]:
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], *([f"{more:,} more"] if more > 0 else [])]
