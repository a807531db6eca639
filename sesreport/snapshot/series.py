"""Stored series: every collection carries a window back in time; together they reach as far as there are snapshots.

GetSendStatistics answers for 14 days in slots of 15 minutes (SES API Reference), CloudWatch keeps hourly values for
455 days (CloudWatch User Guide, "Metrics concepts"), read by whole days. Windows overlap, so a slot is seen often: it
counts once, by its newest whole observation.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from sesreport.core.schema import nullable
from sesreport.snapshot.collected import frames
from sesreport.snapshot.coverage import OK
from sesreport.snapshot.store import Snapshot

if TYPE_CHECKING:
    import duckdb

LANE = ["account_id", "region"]


@dataclass(frozen=True)
class Window:
    """How a dataset looks back: how far, and in slots of what length."""

    reach: timedelta
    slot: timedelta


WINDOWS = {
    "sending": Window(timedelta(days=14), timedelta(minutes=15)),
    "metrics": Window(timedelta(days=455), timedelta(days=1)),
}


@dataclass(frozen=True)
class Source:
    """One snapshot as a series reads it."""

    path: Path
    started_at: datetime
    metric_days: int = 455
    """How many days of metrics were asked for."""


def source_of(snapshot: Snapshot) -> Source:
    """A loaded snapshot as a source."""
    return Source(snapshot.path, snapshot.started_at, int(snapshot.manifest.get("metric_days", 455)))


def stored(name: str, sources: Sequence[Source], *, where: str = "TRUE") -> pd.DataFrame:
    """The series of a dataset over snapshots: its declared columns, ``snapshot`` (whose observation) and ``partial``.

    Of each key one row: the newest observation of a place that was read whole, at which the slot was over and lay
    wholly in the window; failing that the newest there is, ``partial``. What nobody observed has no row: see
    :func:`gaps`. A series that a newer snapshot lacks is no zero either (CloudWatch stops listing a metric two weeks
    after its last value), so the older's stays. ``where`` is an SQL condition on the dataset's columns.
    """
    declared, window = frames()[name], WINDOWS[name]
    observed = {number: _observations(name, source, window, where) for number, source in enumerate(sources)}
    observed = {number: query for number, query in observed.items() if query}
    if not observed:
        return declared.empty().assign(snapshot=pd.Series(dtype="string"), partial=pd.Series(dtype="boolean"))
    keys, columns = (", ".join(map(quoted, names)) for names in (declared.keys, declared.all_columns))
    series = ", ".join(quoted(name) for name in declared.keys if name != "at")
    with connection() as connected:
        begun = " UNION ALL ".join(
            f'SELECT {series}, {number} AS number, min("at") AS first FROM ({query}) WHERE NOT partial GROUP BY ALL'
            for number, query in observed.items()
        )
        # A newer snapshot's rows take the place of all older ones from its first whole row of the series on.
        connected.execute(f"""
            CREATE TEMP TABLE newer AS SELECT {series}, number, min(first) OVER (
                PARTITION BY {series} ORDER BY number DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS first FROM ({begun})
        """)
        # Most of an old snapshot is replaced in every series; what is left is little to compare row by row.
        replaced = dict(connected.execute(_REPLACED_SINCE).fetchall())
        seen = " UNION ALL BY NAME ".join(
            f"SELECT *, {number} AS number, {text(sources[number].path.name)} AS snapshot FROM ({query}) "
            + (f'WHERE partial OR "at" < make_timestamptz({replaced[number]})' if number in replaced else "")
            for number, query in observed.items()
        )
        query = f"""
            WITH seen AS MATERIALIZED ({seen}),
            whole AS (
                SELECT seen.* FROM seen JOIN newer USING ({series}, number)
                WHERE NOT partial AND (newer.first IS NULL OR "at" < newer.first)
            ),
            rest AS (SELECT * FROM seen WHERE partial),
            known AS (SELECT DISTINCT {keys} FROM whole SEMI JOIN rest USING ({keys})),
            lone AS (
                SELECT * FROM rest ANTI JOIN known USING ({keys})
                QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY number DESC) = 1
            )
            SELECT {columns}, snapshot, partial FROM (FROM whole UNION ALL BY NAME FROM lone) ORDER BY {keys}
        """
        return nullable(connected.sql(query).to_arrow_table())


_REPLACED_SINCE = "SELECT number, epoch_us(max(first)) FROM newer GROUP BY number HAVING count(*) = count(first)"
"""When newer snapshots have replaced every series of one, which none of them lacks."""


def _observations(name: str, source: Source, window: Window, where: str) -> str:
    """The rows of one snapshot, each with whether it is ``partial``; nothing where it has no such file."""
    files = [source.path / f"{each}.parquet" for each in (name, "coverage")]
    if not files[0].is_file():
        return ""
    began = moment(source.started_at)
    read = f"SELECT account_id, region FROM {parquet([files[1]])} WHERE dataset = {text(name)} AND status = {text(OK)}"
    late, early = (
        f"\"at\" + INTERVAL '{_seconds(window.slot)} seconds' > {began}",
        f"\"at\" < {began} - INTERVAL '{_seconds(window.reach)} seconds'",
    )
    return (
        f"SELECT seen.*, ({late} OR {early} OR places.account_id IS NULL) AS partial "
        f"FROM {parquet([files[0]])} AS seen LEFT JOIN ({read}) AS places USING (account_id, region) WHERE ({where})"
    )


def windows(name: str, sources: Iterable[tuple[Source, pd.DataFrame]]) -> pd.DataFrame:
    """What was really looked at: one row per place and snapshot that read it, ``since`` and ``until``.

    ``sources`` come with their coverage.
    """
    window = WINDOWS[name]
    parts = []
    for source, coverage in sources:
        began = pd.Timestamp(source.started_at)
        until = began.floor(window.slot)
        reach = min(window.reach, timedelta(days=source.metric_days)) if name == "metrics" else window.reach
        since = max((until - reach).ceil(window.slot), (began - window.reach).ceil(window.slot))
        read = coverage["dataset"].eq(name) & coverage["status"].eq(OK)
        parts.append(coverage.loc[read, LANE].assign(since=since, until=until))
    kinds = dict.fromkeys(LANE, "string") | dict.fromkeys(("since", "until"), "datetime64[us, UTC]")
    none = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
    return pd.concat([none, *parts], ignore_index=True).astype(kinds)


def covered(looked: pd.DataFrame) -> pd.DataFrame:
    """Windows that touch or overlap made one: disjoint stretches by place, in order."""
    if looked.empty:
        return looked
    ordered = looked.sort_values([*LANE, "since", "until"], ignore_index=True)
    reached = ordered.groupby(LANE)["until"].cummax()
    before = reached.groupby([ordered[name] for name in LANE]).shift()
    begins = before.isna() | (ordered["since"] > before)
    ordered = ordered.assign(stretch=begins.cumsum())
    made = ordered.groupby([*LANE, "stretch"], as_index=False).agg(since=("since", "min"), until=("until", "max"))
    return made.drop(columns="stretch")


def gaps(looked: pd.DataFrame, *, until: pd.Timestamp) -> pd.DataFrame:
    """Stretches of time nobody looked at, from the first look at a place to ``until``: not known, never zero."""
    stretches = covered(looked)
    if stretches.empty:
        return stretches
    following = stretches.groupby(LANE)["since"].shift(-1).fillna(until)
    holes = stretches.assign(since=stretches["until"], until=following)
    return holes[holes["since"] < holes["until"]].reset_index(drop=True)


MEMORY = "256MB"
"""What a query may take; it goes on in the system's folder for temporary files."""


def connection() -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that thinks in UTC."""
    import duckdb  # a tenth of a second, for processes that read no history

    connected = duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": tempfile.gettempdir()})
    connected.execute("SET TimeZone = 'UTC'; SET python_enable_replacements = false")
    return connected


def parquet(files: Sequence[Path]) -> str:
    """``read_parquet`` of exactly these files, whatever characters their names have."""
    names = ", ".join(text(literal(file)) for file in files)
    return f"read_parquet([{names}])"


def text(value: str) -> str:
    """An SQL text."""
    return "'" + value.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """An SQL name."""
    return '"' + name.replace('"', '""') + '"'


def moment(at: datetime) -> str:
    """An SQL moment."""
    return f"TIMESTAMPTZ {text(at.isoformat())}"


def literal(file: Path) -> str:
    """A path in which DuckDB sees no pattern, no URL and no option."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(file.absolute()))


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())
