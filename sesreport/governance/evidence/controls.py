"""Controls of four standards, and what is shown for each: data, in our own words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from sesreport.settings.reference import reference_table


@dataclass(frozen=True)
class Control:
    """One control of a standard."""

    standard: str
    id: str
    shows: str
    """What the evidence shows; no text of the standard."""
    population: str
    """The frame whose rows are all that the control is about."""
    rules: tuple[str, ...]
    """Rules whose findings are exceptions from it."""
    kpis: tuple[str, ...]

    @property
    def folder(self) -> str:
        """``soc-2_cc6.1``."""
        return "_".join(re.sub(r"[^a-z0-9.]+", "-", part.casefold()) for part in (self.standard, self.id))


@cache
def controls() -> tuple[Control, ...]:
    """Every control, in the order of the table."""
    return tuple(
        Control(
            row["standard"], row["control"], row["shows"], row["population"], _list(row["rules"]), _list(row["kpis"])
        )
        for row in reference_table("controls")
    )


def _list(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(";") if part)
