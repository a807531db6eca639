"""The endpoint as others use it: a process of its own with an address, an environment and an end."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import urlsplit

from sesreport.core.errors import ConfigError, SesReportError
from sesreport.core.resources import PACKAGE, shipped
from sesreport.demo.organization import DemoOrganization, default_today, load_organization

_START_SECONDS = 30.0
_log = logging.getLogger(__name__)


class DemoError(SesReportError):
    """The demonstration endpoint did not start."""


def data_path() -> Path:
    """The folder of the demonstration organization, in a checkout and in an installed wheel."""
    return shipped("data/demo")


def reference_day(data: Path | None = None) -> date:
    """The day the demonstration organization is written for."""
    return default_today(data or data_path())


def environment(url: str, organization: DemoOrganization) -> dict[str, str]:
    """Variables that lead the SDK to the endpoint, as the audit user, and to nobody's real account.

    A proxy is passed by; what was exempt from it stays so.
    """
    exempt = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    no_proxy = ",".join(filter(None, [exempt, str(urlsplit(url).hostname)]))
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": organization.caller.access_key_id,
        "AWS_SECRET_ACCESS_KEY": organization.caller.secret_access_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }


class Endpoint:
    """A running endpoint; use it as a context manager or call :meth:`close`."""

    def __init__(self, url: str, organization: DemoOrganization, process: subprocess.Popen[str]) -> None:
        self.url = url
        self._organization = organization
        self._process = process

    @property
    def pid(self) -> int:
        """The endpoint's process."""
        return self._process.pid

    def environment(self) -> dict[str, str]:
        """What to put into ``os.environ`` (or a child's) so that boto3 speaks to this endpoint."""
        return environment(self.url, self._organization)

    @contextmanager
    def activate(self) -> Iterator[None]:
        """Leads this process's SDK to the endpoint until the block ends.

        Sets :meth:`environment` and hides every other ``AWS_*`` variable: a profile, a session token or a
        service's own endpoint would lead elsewhere.
        """
        ours = self.environment()
        touched = {name for name in os.environ if name.startswith("AWS_")} | set(ours)
        before = {name: os.environ.pop(name, None) for name in touched}
        os.environ.update(ours)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def wait(self) -> None:
        """Returns when the endpoint has ended."""
        self._process.wait()

    def close(self) -> None:
        """Ends the endpoint; more than once does no harm."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()


def serve(*, today: date, host: str = "127.0.0.1", port: int = 0, data: Path | None = None) -> Endpoint:
    """Starts the endpoint in a process of its own and returns when it answers.

    It shows the organization as it stands at the first instant (UTC) of ``today``, and ends with this
    process. ``data`` is a folder like ``data/demo``. Raises DemoError when it does not start, ConfigError for
    bad data and where the extra ``sesreport[demo]`` is not installed.
    """
    folder = data or data_path()
    organization = load_organization(folder)
    arguments = ["--host", host, "--port", str(port), "--today", today.isoformat(), "--data", str(folder)]
    command = [sys.executable, "-m", "sesreport.demo", *arguments, "--with-parent"]
    package_parent = str(PACKAGE.parent)
    search_path = os.pathsep.join([package_parent, *filter(None, [os.environ.get("PYTHONPATH")])])
    pipe = subprocess.PIPE
    # A session of its own: Ctrl-C is the parent's to handle, and ends the endpoint through it.
    process = subprocess.Popen(
        command,
        start_new_session=True,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        text=True,
        env={**os.environ, "PYTHONPATH": search_path},
    )
    url = _first_line(process)
    if not url:
        _, complaint = process.communicate()
        last = (complaint.strip().splitlines() or [f"no answer within {_START_SECONDS:.0f} s"])[-1]
        if process.returncode == ConfigError.exit_code:
            raise ConfigError(last)
        raise DemoError(f"the demonstration endpoint did not start: {last}")
    assert process.stderr is not None
    threading.Thread(target=_drain, args=(process.stderr,), daemon=True, name="demo-log").start()
    return Endpoint(url, organization, process)


def _first_line(process: subprocess.Popen[str]) -> str:
    """The address the child prints when it listens; empty when it ends or hangs first."""
    timer = threading.Timer(_START_SECONDS, process.kill)
    timer.start()
    try:
        assert process.stdout is not None
        return process.stdout.readline().strip()
    finally:
        timer.cancel()


def _drain(stream: IO[str]) -> None:
    """Reads the child's log so that its pipe never fills; it ends when the child does."""
    try:
        for line in stream:
            _log.debug("%s", line.rstrip())
    except ValueError:
        return  # closed with the endpoint
