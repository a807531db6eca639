"""What page one says first: the worst that is new, else the worst that is open. Rules, not free text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from sesreport.kpis import words
from sesreport.kpis.results import NOT_MEASURABLE, OFF_TARGET, Coverage, Findings, Happening, Kpi, PageOne

COVERAGE = "coverage"
"""The KPI that says how much was read."""
LONGEST = 90
"""Characters of a headline."""


def headline(
    kpis: Sequence[Kpi], coverage: Coverage, findings: Findings, happened: Sequence[Happening], public: pd.DataFrame
) -> str:
    """``AWS put Marketing Prod under review; anyone can still send as 3 of our domains``, at most 90 characters.

    Where too little was read it says so first; where nothing was, it says nothing else. ``public`` are the identities
    (column ``identity``) that anyone can send as.
    """
    gap = words.gap(coverage)
    if gap and not coverage.places.read:
        return _capital(f"{gap}, so who can send as us is not known")
    news = next((each.short for each in happened if each.status == OFF_TARGET and each.short), "")
    standing = next(_standing({kpi.id: kpi for kpi in kpis}, coverage, findings, public))
    for parts in ([gap, news, standing], [gap, news], [gap, standing]):
        text = "; ".join(part for part in parts if part)
        if len(text) <= LONGEST and (news in parts or not news):
            return _capital(text)
    return _capital("; ".join(filter(None, [gap, standing])))


def sentences(page: PageOne, coverage: Coverage) -> tuple[str, ...]:
    """Page one as plain sentences: what happened, what it cost, whether we are safer, and what that rests on."""
    told = (*(each.text for each in page.happened), page.cost, *page.safer, coverage.statement)
    return tuple(filter(None, told))


def unread(coverage: Coverage) -> tuple[Happening, ...]:
    """That too little was read, and what is therefore not known; it is told before what happened."""
    if not coverage.too_little:
        return ()
    gap, counted = _capital(words.gap(coverage)), f"{coverage.places.read:,} of {coverage.places.expected:,} places"
    if not coverage.places.read:
        text = f"{gap} ({counted}, account × Region), so who can send as us is not known."
    else:
        text = f"{gap}, {counted} (account × Region), so who can send from the others is not known."
    return (Happening(NOT_MEASURABLE, text, frame="coverage"),)


def _standing(kpis: dict[str, Kpi], coverage: Coverage, findings: Findings, public: pd.DataFrame) -> Iterator[str]:
    """What is open, the worst first; at last what may be said where nothing is."""
    anyone, unknown, expired = (kpis.get(n) for n in ("public_identities", "unknown_accounts", "expired_grants"))
    if anyone and anyone.value:
        yield f"anyone can {_still(anyone)}send as {anyone.value:,.0f} of our {_noun(public, anyone.value)}"
    if unknown and unknown.value:
        them = "outside account" if unknown.value == 1 else "outside accounts"
        yield f"{unknown.value:,.0f} {them} without a valid approval can {_still(unknown)}send as us"
    if expired and expired.value:
        them = "outside permission has" if expired.value == 1 else "outside permissions have"
        yield f"{expired.value:,.0f} {them} outlived the approval"
    if unjudged := sum(findings.by_rule.get(rule, 0) for rule in ("needs_review", "unread_policies")):
        yield f"{unjudged:,} {'policy' if unjudged == 1 else 'policies'} could not be judged"
    if any(kpi is None or kpi.value is None for kpi in (anyone, unknown)):
        yield "who can send as us is not known"
    off = [kpi for kpi in kpis.values() if kpi.status == OFF_TARGET]
    if off:
        first = f"{off[0].label[:1].lower()}{off[0].label[1:]} is {words.value_of(off[0])}"
        yield f"{first}, off target" + (f" with {len(off) - 1} more" if len(off) > 1 else "")
    if coverage.too_little:
        yield "who can send from the rest is not known"
    places = coverage.places
    rest = "" if places.whole else f" (read: {places.read:,} of {places.expected:,} places)"
    yield f"no policy lets an outside account send as us unapproved{rest}"


def _still(kpi: Kpi) -> str:
    return "still " if kpi.prior else ""


def _noun(public: pd.DataFrame, many: float) -> str:
    """``domains``, where they are that many different ones; else ``identities``."""
    names = public["identity"].drop_duplicates()
    domains = len(names) == many and not names.str.contains("@", regex=False).any()
    return "domains" if domains else "identities"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
