"""Attestations: what reviewers answered about each grant, one row an answer; the file only grows."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sesreport.core.errors import ConfigError, SchemaError
from sesreport.core.files import write_whole
from sesreport.core.formats import FormatError, check_format
from sesreport.core.quarter import Quarter
from sesreport.core.schema import Frame, account_id, at, integer, text
from sesreport.settings.config import Config

FORMAT = "sesreport-attestations/1"
"""Stands in the metadata of the file's schema, under the key ``format``."""
KEEP, NARROW, REVOKE = "keep", "narrow", "revoke"
ANSWERS = (KEEP, NARROW, REVOKE)
GRANT = ["account_id", "region", "identity", "policy_name", "grantee"]
"""The columns that name a grant, whatever the number of its statement."""
FRAME = Frame(
    "attestations",
    "One row per answer of a reviewer about a grant, oldest first; of answers of one day the last stands last.",
    keys={"attestation_id": text("Hash of the answer, and of the file it stood in.")},
    columns={
        "quarter": text("The quarter it answers for, such as 2026-Q4.", required=True),
        "account_id": account_id("Account of the identity.", required=True),
        "region": text("Region of the identity.", required=True),
        "identity": text("The identity.", required=True),
        "policy_name": text("The policy.", required=True),
        "statement": integer("Place of the statement in the policy at the time.", required=True),
        "grantee": text("The principal as written (untrusted).", required=True),
        "facts_sha256": text("Hash of the facts that the answer is about, as in the frame 'reviews'.", required=True),
        "facts": text("These facts (JSON).", required=True),
        "answer": text("keep, narrow or revoke.", required=True),
        "expires_at": at("The first instant at which the approval asked for ends; NA where none was asked for."),
        "ticket": text("The record that the reviewer named."),
        "comment": text("What the reviewer wrote."),
        "reviewer": text("Who answered.", required=True),
        "answered_at": at("The day (UTC) on which the answer was imported.", required=True),
        "due": at("The last day for narrowing or revoking; it never moves. NA for keep."),
        "file_sha256": text("Hash of the workbook it stood in.", required=True),
        "snapshot": text("Id of the snapshot that the answer was checked against.", required=True),
    },
    samples=(
        {"attestation_id": "0b8c7a1e55d2f934", "quarter": "2026-Q4", "account_id": "210000000001",
         "region": "eu-west-1", "identity": "shop.example.com", "policy_name": "mailwise", "statement": 1,
         "grantee": "310000000001", "facts_sha256": "3c1e", "facts": "{}", "answer": "keep", "ticket": "SEC-1041",
         "reviewer": "Ada", "answered_at": datetime(2026, 10, 12, tzinfo=UTC), "file_sha256": "9a41",
         "snapshot": "20261001T060000Z"},
        {"attestation_id": "4e2f90aa17c8b35d", "quarter": "2026-Q4", "account_id": "210000000001",
         "region": "eu-west-1", "identity": "shop.example.com", "policy_name": "agency", "statement": 1,
         "grantee": "310000000002", "facts_sha256": "77b0", "facts": "{}", "answer": "revoke",
         "comment": "The contract is over.", "reviewer": "Ada", "answered_at": datetime(2026, 10, 12, tzinfo=UTC),
         "due": datetime(2026, 11, 11, tzinfo=UTC), "file_sha256": "9a41", "snapshot": "20261001T060000Z"},
        {"attestation_id": "c5d1b7723e90f648", "quarter": "2026-Q4", "account_id": "210000000001",
         "region": "eu-west-1", "identity": "shop.example.com", "policy_name": "helpdesk", "statement": 2,
         "grantee": "310000000003", "facts_sha256": "e80d", "facts": "{}", "answer": "narrow",
         "comment": "Support addresses only.", "reviewer": "Grace",
         "answered_at": datetime(2026, 10, 14, tzinfo=UTC), "due": datetime(2026, 11, 13, tzinfo=UTC),
         "file_sha256": "1f07", "snapshot": "20261001T060000Z"},
    ),
)  # fmt: skip


def read_attestations(path: Path) -> pd.DataFrame:
    """The attestations of a file (:data:`FRAME`); none where there is no file.

    Raises ConfigError for one that cannot be read or was changed: an answer that is lost must not go unnoticed.
    """
    try:
        table = pq.read_table(io.BytesIO(path.read_bytes()))
        _check_format(path, table)
        more = [name for name in table.column_names if name not in FRAME.all_columns]
        if more:
            raise ConfigError(
                f"{path}: has a column {more[0]!r:.80}, so it was written by a later version; update sesreport"
            )
        frame = FRAME.from_arrow(table.select(list(FRAME.all_columns)).cast(FRAME.arrow))
    except FileNotFoundError as error:
        if path.is_symlink():
            raise ConfigError(f"{path}: leads to a file that is not there; restore it, or take the link out") from error
        return FRAME.empty()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (pa.ArrowException, SchemaError, KeyError, ValueError) as error:
        told = " ".join(str(error).split())[:200]
        raise ConfigError(f"{path}: is damaged: {told}; restore it from a copy; nothing was written to it") from error
    _check_rows(path, frame)
    return frame


def _check_format(path: Path, table: pa.Table) -> None:
    """Raises ConfigError for another format; a file without one was written before it had any."""
    named = (table.schema.metadata or {}).get(b"format")
    if named is None:
        return
    try:
        check_format(named.decode("utf-8", "replace"), FORMAT)
    except FormatError as error:
        raise ConfigError(f"{path}: {error}") from error


def _check_rows(path: Path, frame: pd.DataFrame) -> None:
    """That every answer is one, about the facts that its hash names."""
    columns = (frame["answer"], frame["due"].notna(), frame["facts"], frame["facts_sha256"], frame["quarter"])
    for number, (answer, due, facts, named, quarter) in enumerate(zip(*columns, strict=True), 1):
        where = f"{path}, row {number}"
        if answer not in ANSWERS or due != (answer != KEEP):
            raise ConfigError(f"{where}: answer: {answer!r:.40} is none, or its due does not fit; restore the file")
        if facts_sha256(facts) != named:
            raise ConfigError(f"{where}: facts: are not those that were answered for; restore the file")
        Quarter.parse(quarter)


def facts_sha256(facts: str) -> str:
    """The hash of a grant's facts as they are written (JSON)."""
    return hashlib.sha256(facts.encode()).hexdigest()


def attestations_of(config: Config, today: date) -> pd.DataFrame:
    """The attestations of the settings that were given up to a day. Raises ConfigError."""
    frame = read_attestations(Path(config.paths.attestations))
    return frame[frame["answered_at"] <= pd.Timestamp(datetime.combine(today, time.min, UTC))].reset_index(drop=True)


def attestations_sha256(config: Config) -> str:
    """Hash of the file's bytes; of nothing where there is none. Raises ConfigError when it cannot be read."""
    path = Path(config.paths.attestations)
    try:
        return hashlib.sha256(path.read_bytes() if path.is_file() else b"").hexdigest()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error})") from error


def attestation_id(row: Mapping[str, Any]) -> str:
    """The id of an answer: by what it says, and by the file it stood in; not by the day, nor the snapshot."""
    said = {name: str(row.get(name) or "") for name in [*SAID, "file_sha256"]}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]


SAID = ("quarter", *GRANT, "facts_sha256", "answer", "expires_at", "ticket", "comment", "reviewer")
"""Columns that make two answers the same one."""


def added(frame: pd.DataFrame, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """The attestations with new answers behind the old, without those that are there already.

    There already is an answer of the same file, and one that says what the last about the same facts says.
    """
    known = set(frame["attestation_id"])
    columns = [frame[name].astype(object).where(frame[name].notna(), None) for name in SAID]
    said = [dict(zip(SAID, values, strict=True)) for values in zip(*columns, strict=True)]
    last: dict[tuple[str, ...], Mapping[str, Any]] = {tuple(row[name] for name in ABOUT): row for row in said}
    new = []
    for given in rows:
        row = {**dict.fromkeys(FRAME.all_columns), **given}
        row["attestation_id"] = attestation_id(row)
        about = tuple(row[name] for name in ABOUT)
        before = last.get(about)
        if row["attestation_id"] in known or (before is not None and _says(before) == _says(row)):
            continue
        known.add(row["attestation_id"])
        last[about] = row
        new.append(row)
    return pd.concat([frame, FRAME.from_rows(new)], ignore_index=True) if new else frame


ABOUT = [*GRANT, "facts_sha256"]
"""What an answer is about."""


def _says(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[name] or "") for name in SAID)


def write_attestations(path: Path, frame: pd.DataFrame) -> None:
    """Writes all attestations, whole or not at all, to where a link leads. Raises SchemaError, WriteError."""
    path = path.resolve()
    sink = pa.BufferOutputStream()
    table = FRAME.to_arrow(frame)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), b"format": FORMAT.encode()})
    pq.write_table(table, sink, compression="zstd")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, sink.getvalue().to_pybytes())
