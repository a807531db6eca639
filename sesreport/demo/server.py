"""Runs the endpoint in this process, until it is told to stop or its parent is gone."""

from __future__ import annotations

import os
import sys
import threading
from datetime import date
from pathlib import Path

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

from sesreport.demo.application import Application
from sesreport.demo.world import World


class _Handler(MotoRequestHandler):  # type: ignore[misc]
    """Keeps connections open (HTTP/1.1), answers in one packet, and does not log every call."""

    protocol_version = "HTTP/1.1"
    # Headers and body are two writes: with Nagle's algorithm each answer would wait for the client's delayed ACK.
    disable_nagle_algorithm = True
    wbufsize = 65536

    def log_request(self, *_: object) -> None:
        """Nothing: errors are still logged."""


def listen(host: str, port: int, data: Path, today: date) -> BaseWSGIServer:
    """A listening server; port 0 takes a free one. Raises ConfigError for bad data, OSError for a port in use."""
    application = Application(World.load(data, today))
    return make_server(host, port, application, threaded=True, request_handler=_Handler)


def exit_with_parent() -> None:
    """Ends this process when standard input closes, as it does when the parent ends, however it ends."""

    def watch() -> None:
        while sys.stdin.buffer.read(1):
            pass
        os._exit(0)

    threading.Thread(target=watch, daemon=True, name="parent").start()
