"""Every error sesreport raises on purpose.

SesReportError                    exit code 4 unless a subclass says otherwise
├── ConfigError                   2  a file, option or value the user can correct
├── NoFrameError                  2  there is no frame of that name
├── CollectError                  4  a collection could not be made at all
│   ├── CredentialsError          2  no usable AWS credentials, profile or role
│   └── OutageError               4  AWS does not answer; --resume goes on later
├── SnapshotError                 4  a snapshot is missing, incomplete or was changed
├── SchemaError                   4  a frame does not have its declared shape
├── NotebookError                 4  a notebook failed
├── WriteError                    4  a file could not be written
│   └── NameTakenError            4  something of that name is there already
└── DeliveryError                 5  a pack that was made could not be delivered

Each message is one line: what, where, what to do. Only :mod:`sesreport.cli.main` catches them.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection


class SesReportError(Exception):
    """Base of all errors that are told to the user in one line."""

    exit_code = 4


class ConfigError(SesReportError):
    """A file, option or value the user can correct."""

    exit_code = 2


class NoFrameError(SesReportError, AttributeError):
    """There is no frame of that name."""

    exit_code = 2


class CollectError(SesReportError):
    """A collection could not be made at all (a part that could not be read is a coverage row instead)."""


class CredentialsError(CollectError):
    """No usable AWS credentials, profile or role."""

    exit_code = 2


class OutageError(CollectError):
    """AWS does not answer at all; what was read so far is kept for ``--resume``."""


class SnapshotError(SesReportError):
    """A snapshot is missing, incomplete, or not what was written."""


class SchemaError(SesReportError):
    """A frame does not have its declared columns, types, keys or values."""


class NotebookError(SesReportError):
    """A notebook failed, or was given a parameter it does not have."""


class WriteError(SesReportError):
    """A file could not be written; what was there before is untouched."""


class NameTakenError(WriteError):
    """Something of that name is there already; nothing was written."""


class DeliveryError(SesReportError):
    """A pack is made but could not be delivered to one destination or more."""

    exit_code = 5


def suggestion(name: str, known: Collection[str]) -> str:
    """``; did you mean 'x'?`` or, with no near name, the names there are."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known are {', '.join(sorted(known))}" if known else ""
