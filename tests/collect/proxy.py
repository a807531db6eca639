"""A reverse proxy before the demonstration endpoint, which spoils the answers it is told to spoil.

Answers of the endpoint are kept and given again to the same question, since the endpoint is a function of its data: so
many collections of the same organization ask it once.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import botocore.session

SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
ROLE_KEY = "ASIADEMO"
"""What the access keys of the demonstration's role sessions begin with; the account follows."""
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "accept-encoding", "server", "date"}


@dataclass(frozen=True)
class Question:
    """A request, and what it asks."""

    service: str
    """botocore's name of the service."""
    operation: str
    """AWS's name of the operation."""
    account: str
    """Whose credentials signed it; for AssumeRole, whose role it is. Empty for the caller's own account."""
    region: str
    """Region of the signature."""
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def key(self) -> str:
        """The same for the same question."""
        told = (self.service, self.operation, self.account, self.region, self.method, self.path)
        return hashlib.blake2b("\0".join(told).encode() + b"\0" + self.body, digest_size=16).hexdigest()


@dataclass(frozen=True)
class Answer:
    """What goes back, byte by byte where that is what is wrong with it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    announced: int | None = None
    """Content-Length, where it is not the body's; the connection is closed after the body."""
    chunked: bool = False
    pause: float = 0.0
    """Seconds between two bytes of the body."""
    reset: bool = False
    """Whether the connection is reset, and nothing sent."""


Spoil = Callable[[Question, Answer], Answer | None]
"""What to send in place of the endpoint's answer; None to send that one."""


@dataclass
class Proxy:
    """Where it listens, and what it does to answers."""

    upstream: str
    kept: dict[str, Answer]
    shorten: Callable[[Question, Answer], Answer] = lambda question, answer: answer
    """Applied to an answer of the endpoint before it is kept."""
    spoil: Spoil | None = None
    """Replaced from one collection to the next."""
    url: str = ""
    questions: list[Question] = field(default_factory=list)

    def answer(self, question: Question) -> Answer:
        """The endpoint's answer, spoiled."""
        spoil = self.spoil
        self.questions.append(question)
        found = self.kept.get(question.key)
        if found is None:
            found = self.shorten(question, _forwarded(self.upstream, question))
            if found.status == 200:
                self.kept[question.key] = found
        return (spoil(question, found) if spoil else None) or found


def _forwarded(upstream: str, question: Question) -> Answer:
    connection = http.client.HTTPConnection(urlsplit(upstream).netloc, timeout=60)
    try:
        headers = {name: value for name, value in question.headers.items() if name not in HOP}
        connection.request(question.method, question.path, question.body, headers)
        response = connection.getresponse()
        body = response.read()
        kept = {name: value for name, value in response.getheaders() if name.lower() not in HOP}
        return Answer(response.status, kept, body)
    finally:
        connection.close()


def question_of(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Question:
    """What a signed request asks. Raises ValueError for one that is not signed or names no operation."""
    scope = SCOPE.search(headers.get("authorization", ""))
    if scope is None:
        raise ValueError(f"{method} {path} is not signed")
    service = "sesv2" if scope["service"] == "ses" and path.startswith("/v2/") else scope["service"]
    service = {"monitoring": "cloudwatch"}.get(service, service)
    form = parse_qs(body.decode()) if "urlencoded" in headers.get("content-type", "") else {}
    if "Action" in form:
        operation = form["Action"][0]
    elif target := headers.get("x-amz-target"):
        operation = target.rpartition(".")[2]
    else:
        operation = _routed(service, method, urlsplit(path).path)
    account = scope["key"].removeprefix(ROLE_KEY) if scope["key"].startswith(ROLE_KEY) else ""
    if "RoleArn" in form:
        account = form["RoleArn"][0].split(":")[4]
    return Question(service, operation, account, scope["region"], method, path, headers, body)


def _routed(service: str, method: str, path: str) -> str:
    for verb, pattern, operation in _routes(service):
        if verb == method and pattern.fullmatch(unquote(path)):
            return operation
    raise ValueError(f"{service} has no operation at {method} {path}")


@cache
def _routes(service: str) -> list[tuple[str, re.Pattern[str], str]]:
    """Method, pattern of the path and name of each operation, those without parameters in their path first."""
    model = botocore.session.get_session().get_service_model(service)
    found = []
    for name in model.operation_names:
        told = model.operation_model(name).http
        pattern = re.sub(r"\\{[^}]+\\}", ".+", re.escape(told["requestUri"].split("?")[0].rstrip("/")))
        found.append((told["method"], re.compile(f"{pattern}/?"), name))
    return sorted(found, key=lambda route: (".+" in route[1].pattern, -len(route[1].pattern)))


@contextmanager
def proxying(proxy: Proxy) -> Iterator[Proxy]:
    """Has a proxy listen until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 65536

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            told = {name.lower(): value for name, value in self.headers.items()}
            try:
                answer = proxy.answer(question_of(self.command, self.path, told, body))
            except OSError:  # the endpoint is down, so this is, too
                answer = RESET
            with suppress(OSError):
                self._send(answer)

        def _send(self, answer: Answer) -> None:
            if answer.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                os.close(self.connection.detach())  # closing the socket itself would wait for its files
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            else:
                length = len(answer.body) if answer.announced is None else answer.announced
                self.send_header("Content-Length", str(length))
            self.end_headers()
            if answer.chunked:
                middle = len(answer.body) // 2
                for part in (answer.body[:middle], answer.body[middle:], b""):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            elif answer.pause:
                for index in range(len(answer.body)):
                    self.wfile.flush()
                    if closing.wait(answer.pause):
                        break
                    self.wfile.write(answer.body[index : index + 1])
            else:
                self.wfile.write(answer.body)
            self.wfile.flush()
            self.close_connection |= answer.announced is not None or bool(answer.pause)

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 (http.server's names)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

        def handle_error(self, *_: object) -> None:
            """Nothing: clients close connections at will here."""

    closing = threading.Event()
    server = Server(("127.0.0.1", 0), Handler)
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True, name="proxy").start()
    try:
        yield proxy
    finally:
        closing.set()
        server.shutdown()
        server.server_close()


RESET = Answer(0, {}, b"", reset=True)
