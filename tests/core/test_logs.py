"""The log of a command."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from sesreport.core.logs import start_log

OwnLog = Callable[[], None]
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLEEXAMPLEEXAMPLE"


def test_no_outside_text_forges_a_line_or_steers_the_terminal(
    own_log: OwnLog, capsys: pytest.CaptureFixture[str]
) -> None:
    own_log()
    start_log(debug=False)
    logging.getLogger("sesreport.x").error("cannot read %s", "a\nERROR sesreport: all is well\x1b[2J")
    said = capsys.readouterr().err
    assert said == "ERROR sesreport.x: cannot read a⟨U+000A⟩ERROR sesreport: all is well⟨U+001B⟩[2J\n"


@pytest.mark.parametrize("name", ["sesreport.x", "botocore.endpoint", "somebody"])
def test_no_logger_writes_a_secret(own_log: OwnLog, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    own_log()
    start_log(debug=True)
    try:
        raise ValueError(f"Invalid header value {TOKEN}\x1b")
    except ValueError:
        logging.getLogger(name).warning("sent %s", {"X-Amz-Security-Token": TOKEN}, exc_info=True)
    said = capsys.readouterr().err
    assert "Traceback" in said and "Invalid header value [hidden]⟨U+001B⟩" in said
    assert TOKEN not in said


def test_debug_tells_what_we_do_and_not_what_libraries_send(
    own_log: OwnLog, capsys: pytest.CaptureFixture[str]
) -> None:
    own_log()
    start_log(debug=True)
    logging.getLogger("sesreport.x").debug("attempt")
    logging.getLogger("botocore.auth").debug("signature")
    logging.getLogger("botocore.credentials").info("found")
    assert capsys.readouterr().err == "DEBUG sesreport.x: attempt\nINFO botocore.credentials: found\n"


def test_without_debug_only_errors_are_told(own_log: OwnLog, capsys: pytest.CaptureFixture[str]) -> None:
    own_log()
    start_log(debug=False)
    logging.getLogger("sesreport.x").warning("attempt")
    logging.getLogger("sesreport.x").error("failed")
    assert capsys.readouterr().err == "ERROR sesreport.x: failed\n"
