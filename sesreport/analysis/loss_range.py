"""What a year of exposed identities may cost: a simulation of the settings' own guesses, off without them.

Frequency and magnitude as ranges, as in Open FAIR (The Open Group, "Risk Analysis (O-RA)"): each range is taken for the
middle nine tenths of a log-normal distribution, cut off at ten times its high end, the number of incidents of a year is
Poisson's, and losses add up. The seed is fixed, so that the same settings give the same numbers.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sesreport.analysis.registry import Analysis, derived
from sesreport.core.money import amount
from sesreport.core.schema import Frame, money, real, text
from sesreport.settings.config import Loss

LOSS_RANGE = Frame(
    "loss_range",
    "One row per measure of a simulated year's loss by misused identities; empty without ranges in the settings, and "
    "where no identity is exposed.",
    keys={"measure": text("chance of any loss, median, mean, or a percentile of the year's loss.")},
    columns={
        "share": real("Of the chance: a share of years.", minimum=0),
        "amount": money("Of the others: the year's loss."),
        "currency": text("ISO 4217 code.", required=True),
        "assumptions": text("What it rests on, all of it guessed in the settings.", required=True),
    },
    samples=(
        {"measure": "chance of any loss", "share": 0.45, "currency": "EUR",
         "assumptions": "0.1 to 2 incidents a year, EUR 10,000 to EUR 400,000 each (nine of ten cases)"},
        {"measure": "median", "amount": Decimal(0), "currency": "EUR",
         "assumptions": "0.1 to 2 incidents a year, EUR 10,000 to EUR 400,000 each (nine of ten cases)"},
        {"measure": "95th percentile", "amount": Decimal(410000), "currency": "EUR",
         "assumptions": "0.1 to 2 incidents a year, EUR 10,000 to EUR 400,000 each (nine of ten cases)"},
    ),
)  # fmt: skip
YEARS, SEED = 100_000, 20_260_721
_TAIL = 1.6449
"""Standard deviations from the middle of a normal distribution to either end of its middle nine tenths."""
PERCENTILES = (75, 90, 95, 99)


@derived(LOSS_RANGE)
def loss_range(analysis: Analysis) -> pd.DataFrame:
    """The chance first, then the middle, then the rare years."""
    settings = analysis.config.stakes
    if settings.loss is None or analysis.stakes.empty:
        return LOSS_RANGE.empty()
    losses = simulate(settings.loss)
    measures: dict[str, float] = {"median": float(np.median(losses)), "mean": float(losses.mean())}
    measures |= {f"{at}th percentile": float(np.percentile(losses, at)) for at in PERCENTILES}
    rows = [{"measure": "chance of any loss", "share": float((losses > 0).mean()), "amount": None}]
    rows += [{"measure": name, "share": None, "amount": amount(round(value, 2))} for name, value in measures.items()]
    told = assumptions(settings.loss, settings.currency)
    return pd.DataFrame([{**row, "currency": settings.currency, "assumptions": told} for row in rows])


def simulate(loss: Loss) -> NDArray[np.float64]:
    """The loss of each simulated year."""
    draw = np.random.default_rng(SEED)
    rates = _drawn(draw, loss.incidents_per_year, YEARS)
    incidents = draw.poisson(rates)
    each = _drawn(draw, loss.loss_per_incident, int(incidents.sum()))
    years = np.repeat(np.arange(YEARS), incidents)
    losses: NDArray[np.float64] = np.bincount(years, weights=each, minlength=YEARS).astype(np.float64)
    return losses


def assumptions(loss: Loss, currency: str) -> str:
    """The ranges in words."""
    (few, many), (low, high) = loss.incidents_per_year, loss.loss_per_incident
    each = f"{currency} {low:,.0f} to {currency} {high:,.0f}"
    return f"{few:g} to {many:g} incidents a year, {each} each (nine of ten cases)"


def _drawn(draw: np.random.Generator, ends: tuple[float, float], many: int) -> NDArray[np.float64]:
    low, high = np.log(ends[0]), np.log(ends[1])
    drawn = draw.normal((low + high) / 2, (high - low) / (2 * _TAIL), many)
    values: NDArray[np.float64] = np.exp(np.minimum(drawn, high + np.log(10)))
    return values
