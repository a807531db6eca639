"""The process around a command: signals, and what is raised as one line and an exit code.

The only place that catches errors; see :mod:`sesreport.cli.exit_codes` for the codes.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from contextlib import suppress

import click

from sesreport.cli.exit_codes import FAILED, INTERRUPTED
from sesreport.cli.group import cli
from sesreport.core.errors import SesReportError
from sesreport.core.redaction import redacted
from sesreport.core.registry import load_plugins
from sesreport.core.text import marked, visible

__all__ = ["STOPPED", "cli", "main"]

STOPPED = "interrupted; nothing half-written was left behind, and --resume goes on with a collection"

load_plugins("command")


def main() -> None:
    """Entry point: runs a command and turns what it raises into one line and an exit code."""
    _stop_once()
    gc.set_threshold(50_000, 20, 100)  # frames hold few cycles, and looking for them takes a tenth of a run
    with suppress(AttributeError):  # a name that the terminal's encoding lacks must not end a run
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = _say(STOPPED, INTERRUPTED)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except SesReportError as error:
        code = _say(str(error), error.exit_code)
    except KeyboardInterrupt:
        code = _say(STOPPED, INTERRUPTED)
    except OSError as error:
        interrupted = isinstance(error.__context__, KeyboardInterrupt)  # and could not say so: no terminal any more
        code = INTERRUPTED if interrupted else _say(f"{error.filename or 'write'}: {error.strerror or error}", FAILED)
    except Exception as error:  # noqa: BLE001 (Python's own exit code would be 1, which says that findings are open)
        code = _say(f"{type(error).__name__}: {error}: not expected; please report it with --debug's output", FAILED)
    try:
        sys.stdout.flush()
    except OSError:  # nobody listens any more; Python would try once more, and end with a code of its own
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code if isinstance(code, int) else 0)


def _stop_once() -> None:
    """Ends alike for Ctrl-C, a scheduler's stop and a terminal that is closed: the first of them interrupts.

    Those that follow would end what cleans up after the first, so they are ignored; a process forked from this one
    heeds each, since its parent may have to end it.
    """
    process, stopping = os.getpid(), False

    def stop(number: int, frame: object) -> None:
        nonlocal stopping
        if stopping and os.getpid() == process:
            return
        stopping = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    for name in ("SIGINT", "SIGHUP"):  # not on Windows: SIGHUP
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # as nohup and a shell's & ask
            signal.signal(number, stop)


def _say(message: str, code: int) -> int:
    """One line, whatever the message holds; the traceback before it with ``--debug``."""
    with suppress(OSError):  # a terminal that was closed takes nothing; the exit code still tells
        if "--debug" in sys.argv:
            click.echo(marked(redacted(traceback.format_exc())), err=True, nl=False)
        click.echo(f"sesreport: {visible(redacted(message))}", err=True)
    return code
