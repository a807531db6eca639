"""What the slides share: a frame's rows by name, a KPI that may be missing, and notes that say how it was computed."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from sesreport.kpis import words
from sesreport.kpis.results import Kpi
from sesreport.report.contents import Pack
from sesreport.report.deck.description import Nothing

MUTED = "#6B7280"
NEUTRAL = "#9AA5B1"


def frame(pack: Pack, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """The pack's frame with exactly these columns (NA where it lacks one); no rows when there is no such frame."""
    found = pack.frames.get(name)
    if found is None:
        return pd.DataFrame({column: pd.Series(dtype="object") for column in columns})
    return found.reindex(columns=list(columns)).reset_index(drop=True)


def kpi(pack: Pack, kpi_id: str) -> Kpi | None:
    return next((each for each in pack.results.kpis if each.id == kpi_id), None)


def account_names(pack: Pack) -> dict[str, str]:
    """Names by account id; accounts without a name are absent."""
    accounts = frame(pack, "accounts", ("account_id", "name")).dropna()
    return dict(zip(accounts["account_id"], accounts["name"], strict=True))


def nothing(pack: Pack, name: str, what: str) -> Nothing:
    """Why there is nothing to draw: not produced, or no rows among what was read."""
    if name not in pack.frames:
        return Nothing(f"No data: this pack was made without {what}.")
    coverage = pack.results.coverage
    if not coverage.places.read:
        return Nothing(f"No data: {words.gap(coverage)}. {coverage.statement}")
    return Nothing(f"No data: there are no {what} in what was read. {coverage.statement}")


def method(pack: Pack, kpis: Sequence[Kpi | None], *more: str) -> str:
    """Speaker notes: value with numerator and denominator, definition, formula, source, caveats."""
    told = []
    for each in kpis:
        if each is None:
            continue
        shares = (
            ""
            if each.numerator is None or each.denominator is None
            else f" = {_plain(each.numerator)} / {_plain(each.denominator)} (n/d)"
        )
        told.append(
            f"{each.label}: {words.number(each.value, each.unit)}{shares}; {words.aim(each)}; prior "
            f"{words.number(each.prior, each.unit)}; {words.judgement(each)}. {each.reason}\n"
            f"Definition: {each.definition}\nFormula: {each.formula}\nSource: {each.source}\n"
            f"Rests on {each.coverage.read:,} of {each.coverage.expected:,} places (account × Region). "
            f"Rows: data/{each.frame}.parquet"
        )
    told.extend(each for each in more if each)
    told.append(f"{pack.results.coverage.statement}\nSnapshot SHA-256: {pack.results.snapshot.sha256}")
    return "\n\n".join(told)


def _plain(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"
