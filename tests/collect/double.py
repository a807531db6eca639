"""An HTTP endpoint that answers as told: for what a well-behaved endpoint never does."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

OWN, REGION = "210000000001", "eu-west-1"
Answer = tuple[int, object]
"""HTTP status and body: an object for JSON, text as it is."""

STS = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::{OWN}:user/audit</Arn><UserId>AIDAEXAMPLE</UserId><Account>{OWN}</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""
TOPICS = """<GetIdentityNotificationAttributesResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/">
<GetIdentityNotificationAttributesResult><NotificationAttributes>{}</NotificationAttributes>
</GetIdentityNotificationAttributesResult></GetIdentityNotificationAttributesResponse>"""
STATISTICS = """<GetSendStatisticsResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/">
<GetSendStatisticsResult><SendDataPoints/></GetSendStatisticsResult></GetSendStatisticsResponse>"""
NOTHING: dict[str, object] = {
    "list-metrics": {"Metrics": []},
    "lookup-events": {"Events": []},
    "regions": {"Regions": [{"RegionName": REGION, "RegionOptStatus": "ENABLED_BY_DEFAULT"}]},
    "account": {"SendingEnabled": True},
    "dedicated-ips": {"DedicatedIps": []},
    "recommendations": {"Recommendations": []},
    "identities": {"EmailIdentities": []},
    "statistics": STATISTICS,
    "sts": STS,
    "DescribeOrganization": {"Organization": {"Id": "o-exampleorg1", "MasterAccountId": OWN}},
    "ListRoots": {"Roots": [{"Id": "r-1", "Name": "Root"}]},
    "ListAccountsForParent": {"Accounts": [{"Id": OWN, "Name": "own", "Status": "ACTIVE"}]},
    "ListOrganizationalUnitsForParent": {"OrganizationalUnits": []},
    "ListTagsForResource": {"Tags": []},
    "DescribeBudgets": {"Budgets": []},
}


READ: dict[str, object] = {"Policies": {}, "Tags": [], "IdentityType": "DOMAIN"}
"""What GetEmailIdentity answers for an identity without policies."""


def named(name: str) -> dict[str, object]:
    """An entry of ListEmailIdentities."""
    return {"IdentityName": name, "IdentityType": "DOMAIN", "SendingEnabled": True, "VerificationStatus": "SUCCESS"}


def topics(form: dict[str, str]) -> str:
    """No topics for every identity that was asked for."""
    names = [value for name, value in form.items() if name.startswith("Identities.member.")]
    entry = "<entry><key>{}</key><value><ForwardingEnabled>true</ForwardingEnabled></value></entry>"
    return TOPICS.format("".join(entry.format(name) for name in names))


def whole(query: str, **more: object) -> dict[str, object]:
    """A result of GetMetricData, without values if it is not told otherwise."""
    return {"Id": query, "StatusCode": "Complete", "Timestamps": [], "Values": [], **more}


@dataclass
class Double:
    """``answers[what]`` replaces the empty answer of one operation: an answer, or a function of the request's path
    and parameters to one. ``seen`` are the requests, in order."""

    answers: dict[str, Answer | Callable[[str, dict[str, str]], Answer]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, headers: dict[str, str], body: str) -> Answer:
        what, parameters = _operation(method, path, headers, body)
        self.seen.append(what)
        told = self.answers.get(what)
        if callable(told):
            return told(path, parameters)
        if told is not None:
            return told
        if what == "identity":
            return 200, READ
        if what == "topics":
            return 200, topics(parameters)
        if what == "metric-data":
            queries = json.loads(body)["MetricDataQueries"]
            return 200, {"MetricDataResults": [whole(query["Id"]) for query in queries]}
        return 200, NOTHING[what]


def _operation(method: str, path: str, headers: dict[str, str], body: str) -> tuple[str, dict[str, str]]:
    url = urlsplit(path)
    parameters = {k: v[0] for k, v in parse_qs(url.query).items()}
    target = headers.get("x-amz-target", "")
    if target.startswith(("AWSOrganizations", "AWSBudgetServiceGateway", "AWSInsightsIndexService")):
        return target.split(".")[1], json.loads(body)
    if target.endswith("LookupEvents"):
        return "lookup-events", json.loads(body)
    if target.endswith("GetMetricData"):
        return "metric-data", json.loads(body)
    if url.path.endswith("/operation/ListMetrics") or target.endswith("ListMetrics"):
        return "list-metrics", {}
    if url.path == "/listRegions":
        return "regions", {}
    form = {k: v[0] for k, v in parse_qs(body).items()} if "urlencoded" in headers.get("content-type", "") else {}
    simple = {
        "GetCallerIdentity": "sts",
        "AssumeRole": "AssumeRole",
        "GetIdentityNotificationAttributes": "topics",
        "GetSendStatistics": "statistics",
        "ListMetrics": "list-metrics",
    }
    if form.get("Action") in simple:
        return simple[form["Action"]], form
    if url.path.rstrip("/") in ("/v2/email/identities", "/v2/email/list-identities"):
        return "identities", {**parameters, **(json.loads(body) if body else {})}
    if url.path.startswith("/v2/email/identities/"):
        return "identity", {"name": url.path.rsplit("/", 1)[1]}
    for prefix, what in (
        ("/v2/email/account", "account"),
        ("/v2/email/dedicated-ips", "dedicated-ips"),
        ("/v2/email/vdm/recommendations", "recommendations"),
    ):
        if url.path.startswith(prefix):
            return what, parameters
    raise AssertionError(f"{method} {path} {headers} {body}")


@contextmanager
def running(double: Double) -> Iterator[str]:
    """Serves the double; yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and body are two packets

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            headers = {k.lower(): v for k, v in self.headers.items()}
            status, content = double.answer(self.command, self.path, headers, body)
            data = (content if isinstance(content, str) else json.dumps(content)).encode()
            self.send_response(status)
            if isinstance(content, dict) and "__type" in content:
                self.send_header("x-amzn-ErrorType", str(content["__type"]))
            self.send_header("Content-Type", "text/xml" if str(content).startswith("<") else "application/json")
            if not str(content).startswith("<html"):  # that is somebody else's
                self.send_header("x-amzn-RequestId", "1b9c3a52")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815 (http.server's names)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
