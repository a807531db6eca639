"""Runs the endpoint in this process, until it is told to stop or its parent is gone."""

from __future__ import annotations

import io
import logging
import os
import socket
import sys
import threading
from datetime import date
from pathlib import Path

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.exceptions import InternalServerError
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.test import run_wsgi_app

from sesreport.demo.application import Application
from sesreport.demo.world import World


class _Handler(MotoRequestHandler):
    """Keeps connections open (Werkzeug's own handler closes each), and does not log every call."""

    protocol_version = "HTTP/1.1"
    # One packet per answer, sent at once: with Nagle's algorithm it would wait for the client's delayed ACK.
    disable_nagle_algorithm = True
    wbufsize = 65536

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        # Read whole, so that the next request on the connection starts where it should.
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        try:
            body, status, headers = run_wsgi_app(self.server.app, environ)
            content = b"".join(body)
        except Exception:
            # moto raises for what it has not implemented, and its own server answers 500 to that.
            logging.exception("%s %s", environ["REQUEST_METHOD"], environ["PATH_INFO"])
            response = InternalServerError().get_response()
            status, headers, content = response.status, response.headers, response.get_data()
        self.send_response(*_status(status))
        for name, value in headers.items():
            if name.lower() not in {"content-length", "connection", "server", "date"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    def log_request(self, *_: object) -> None:
        """Nothing: errors are still logged."""


def _status(line: str) -> tuple[int, str]:
    code, _, reason = line.partition(" ")
    return int(code), reason


def listen(host: str, port: int, data: Path, today: date) -> BaseWSGIServer:
    """A listening server; port 0 takes a free one. Raises ConfigError for bad data, OSError for the port."""
    application = Application(World.load(data, today))
    # Bound here, because Werkzeug prints and exits where this is to raise.
    with socket.create_server((host, port), backlog=128) as bound:
        server = make_server(
            host,
            bound.getsockname()[1],
            application,
            threaded=True,
            request_handler=_Handler,
            fd=bound.fileno(),
        )
    threading.Thread(target=application.warm, daemon=True, name="warm").start()
    return server


def exit_with_parent() -> None:
    """Ends this process when standard input closes, as it does when the parent ends, however it ends."""

    def watch() -> None:
        while sys.stdin.buffer.read(1):
            pass
        os._exit(0)

    threading.Thread(target=watch, daemon=True, name="parent").start()
