"""What ends a command from outside: once, with exit code 130 and one line, however often it is sent."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from sesreport.cli import main as cli

STOPPED = """
import sys, time
from sesreport.cli import main as cli

def work(**_):
    try:
        print("working", flush=True)
        time.sleep(60)
    finally:
        print("cleaning", flush=True)
        until = time.monotonic() + 0.2
        while time.monotonic() < until:
            time.sleep(0.01)
        print("cleaned", flush=True)

cli.cli.main = work
cli.main()
"""


def heed() -> None:
    """For a child: a test run started in the background ignores SIGINT, and so would its children."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("then", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_second_signal_does_not_end_what_cleans_up_after_the_first(
    first: signal.Signals, then: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STOPPED], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "working\n"
        process.send_signal(first)
        assert process.stdout.readline() == "cleaning\n"
        for _ in range(3):
            process.send_signal(then)
        assert process.stdout.readline() == "cleaned\n"
        assert process.wait(timeout=30) == 130
        assert process.stderr.read() == f"sesreport: {cli.STOPPED}\n"


def test_what_cannot_be_said_any_more_does_not_change_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line's own handler of an interruption writes as well."""

    def work(**_: object) -> int:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise OSError(5, "Input/output error")  # noqa: B904 (as it happens)

    monkeypatch.setattr(cli.cli, "main", work)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 130


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_that_nohup_or_a_shell_ignores_stays_ignored(number: signal.Signals) -> None:
    code = "import signal, sys; from sesreport.cli import main as cli; cli._stop_once(); "
    code += "print(signal.getsignal(int(sys.argv[1])))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(int(number))], capture_output=True, text=True, timeout=60, check=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_IGN),
    )  # fmt: skip
    assert "SIG_IGN" in done.stdout or done.stdout.strip() == "1"
