"""The log on standard error: no secret in it, and no line that outside text forged."""

from __future__ import annotations

import logging
import sys
from typing import Any

from sesreport.core.redaction import redacted
from sesreport.core.text import marked, one_line


class Formatter(logging.Formatter):
    """One line per record, and tracebacks below it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the base class's name)
        """The record's line."""
        return one_line(redacted(super().formatMessage(record)))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """The traceback of an error, which repeats the messages of all errors that led to it."""
        return marked(redacted(super().formatException(ei)))


def start_log(*, debug: bool) -> None:
    """Writes errors to standard error; with ``debug`` all that sesreport does, and what its libraries tell beside.

    The libraries' own debugging stays off: botocore and urllib3 would write every request as it was signed and sent.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO if debug else logging.ERROR, handlers=[handler])
    logging.getLogger("sesreport").setLevel(logging.DEBUG if debug else logging.NOTSET)
