"""What the slides share: bars of counts, why there are none, and notes that say how a KPI was computed."""

from __future__ import annotations

from collections.abc import Sequence

from sesreport.kpis import words
from sesreport.kpis.results import Kpi
from sesreport.report.contents import Pack
from sesreport.report.deck.description import Nothing, SlideChart, SlideSeries

MUTED = "#6B7280"
NEUTRAL = "#9AA5B1"


def account_names(pack: Pack) -> dict[str, str]:
    """Names by account id; accounts without a name are absent."""
    accounts = pack.columns("accounts", ("account_id", "name")).dropna()
    return dict(zip(accounts["account_id"], accounts["name"], strict=True))


def bars(pack: Pack, name: str, counts: Sequence[tuple[str, float, str | None]], alt: str) -> SlideChart:
    """One bar for each label and count, in a color of its own or (None) that of the pack."""
    labels, values, colors = zip(*counts, strict=True)
    series = SlideSeries(name, tuple(map(float, values)), pack.branding.accent)
    return SlideChart("bar", labels, (series,), "count", alt, point_colors=colors)


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
            f"{each.label}: {words.value_of(each)}{shares}; {words.aim(each)}; prior "
            f"{words.number(each.prior, each.unit, each.currency)}; {words.judgement(each)}. {each.reason}\n"
            f"Definition: {each.definition}\nFormula: {each.formula}\nSource: {each.source}\n"
            f"Rests on {each.coverage.read:,} of {each.coverage.expected:,} places (account × Region). "
            f"Rows: data/{each.frame}.parquet"
        )
    told.extend(each for each in more if each)
    told.append(f"{pack.results.coverage.statement}\nSnapshot SHA-256: {pack.results.snapshot.sha256}")
    return "\n\n".join(told)


def _plain(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"
