"""An organization's AWS API with SES's limits and the faults of a bad day, in a process of its own.

    python -m tests.collect.endpoint --limit shared --sizes 60,5,12 --regions eu-west-1,us-east-1

Prints its URL, then serves until its standard input closes. ``GET /_seen`` tells what was asked and answered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from botocore import xform_name

CALLER = "210000000001"
ROUTES = (
    (re.compile(r"^/v2/email/(list-)?identities$"), "ListEmailIdentities"),
    (re.compile(r"^/v2/email/identities/(?P<EmailIdentity>[^/]+)$"), "GetEmailIdentity"),
    (re.compile(r"^/v2/email/account$"), "GetAccount"),
    (re.compile(r"^/v2/email/dedicated-ips$"), "GetDedicatedIps"),
    (re.compile(r"^/v2/email/vdm/recommendations$"), "ListRecommendations"),
    (re.compile(r"^/listRegions$"), "ListRegions"),
)
SES = {
    "ListEmailIdentities", "GetEmailIdentity", "GetAccount", "GetDedicatedIps", "ListRecommendations",
    "GetIdentityNotificationAttributes", "GetSendStatistics",
}  # fmt: skip
FAULTS = ("throttle", "500", "503", "reset", "garbage", "cut", "expired", "skew", "hang")


@dataclass
class Organization:
    """What there is, what it limits, and what goes wrong."""

    sizes: list[int]
    """Identities of each account × Region, in the order of the accounts, then the Regions."""
    regions: list[str]
    limit: str = "none"
    """``operation``: each SES operation once a second; ``shared``: all of them together; ``none``."""
    rate: float = 1.0
    capacity: float = 1.0
    failing: float = 0.0
    """Share of calls that fail in one of the ways of FAULTS."""
    denied: set[str] = field(default_factory=set)
    """Accounts that may not be entered."""
    revoke_after: int = 0
    """Calls after which the sessions of roles that began before are denied everything, once."""
    revoked: int = 0
    """Sessions up to this one are denied."""
    changes: list[dict[str, Any]] = field(default_factory=list)
    """CloudTrail events of what ``/_change`` changed; and silent changes, without an event, as ``silent``."""
    dice: random.Random = field(default_factory=lambda: random.Random(1))
    buckets: dict[tuple[str, ...], tuple[float, float]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    """By operation: attempts; ``throttled`` and each fault beside them."""
    answered: Counter[str] = field(default_factory=Counter)
    """By question: answers that were sent whole."""
    busy: dict[str, list[float]] = field(default_factory=dict)
    """By account/Region: when SES was first and last asked."""

    @property
    def accounts(self) -> list[str]:
        count = -(-len(self.sizes) // len(self.regions))
        return [f"{int(CALLER) + index:012d}" for index in range(count)]

    def size(self, account: str, region: str) -> int:
        place = self.accounts.index(account) * len(self.regions) + self.regions.index(region)
        return self.sizes[place] if place < len(self.sizes) else 0

    def served(self, account: str, region: str, operation: str) -> bool:
        """Takes a token from the bucket of the call, if there is one."""
        rate = self.rate if operation in SES else {"LookupEvents": 2.0}.get(operation, 0.0)
        if self.limit == "none" or not rate:
            return True
        key = (account, region) if self.limit == "shared" and operation in SES else (account, region, operation)
        now = time.monotonic()
        tokens, at = self.buckets.get(key, (self.capacity, now))
        tokens = min(self.capacity, tokens + (now - at) * rate)
        self.buckets[key] = (tokens - 1 if tokens >= 1 else tokens, now)
        return tokens >= 1

    def answer(self, account: str, region: str, operation: str, told: dict[str, Any]) -> Any:
        """The content of an answer: an object for JSON, text for XML."""
        return getattr(self, f"_{xform_name(operation)}")(account, region, told)

    def _get_caller_identity(self, account: str, region: str, told: dict[str, Any]) -> str:
        who = f"<Arn>arn:aws:iam::{CALLER}:user/audit</Arn><UserId>AIDA</UserId><Account>{CALLER}</Account>"
        return xml("GetCallerIdentity", who, "https://sts.amazonaws.com/doc/2011-06-15/")

    def _assume_role(self, account: str, region: str, told: dict[str, Any]) -> Any:
        wanted = told["RoleArn"].split(":")[4]
        if wanted in self.denied:
            return 403, failure("AccessDenied", "not authorized to perform: sts:AssumeRole")
        self.calls["sessions"] += 1
        return xml(
            "AssumeRole",
            f"<Credentials><AccessKeyId>ASIA{wanted}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
            f"<SessionToken>{self.calls['sessions']}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"
            f"</Credentials><AssumedRoleUser><Arn>arn:aws:sts::{wanted}:assumed-role/r/sesreport</Arn>"
            "<AssumedRoleId>AROA:sesreport</AssumedRoleId></AssumedRoleUser>",
            "https://sts.amazonaws.com/doc/2011-06-15/",
        )

    def _describe_organization(self, *_: Any) -> Any:
        return {"Organization": {"Id": "o-exampleorg1", "MasterAccountId": CALLER}}

    def _list_roots(self, *_: Any) -> Any:
        return {"Roots": [{"Id": "r-1", "Name": "Root"}]}

    def _list_accounts_for_parent(self, *_: Any) -> Any:
        return {"Accounts": [{"Id": one, "Name": f"account {one[-3:]}", "Status": "ACTIVE"} for one in self.accounts]}

    def _list_organizational_units_for_parent(self, *_: Any) -> Any:
        return {"OrganizationalUnits": []}

    def _list_tags_for_resource(self, *_: Any) -> Any:
        return {"Tags": []}

    def _describe_budgets(self, *_: Any) -> Any:
        return {"Budgets": []}

    def _list_regions(self, *_: Any) -> Any:
        return {"Regions": [{"RegionName": r, "RegionOptStatus": "ENABLED_BY_DEFAULT"} for r in self.regions]}

    def _list_email_identities(self, account: str, region: str, told: dict[str, Any]) -> Any:
        start, size, page = int(told.get("NextToken") or 0), self.size(account, region), int(told.get("PageSize", 1000))
        names = [f"d{number}.example.com" for number in range(start, min(start + page, size))]
        entries = [
            {"IdentityName": n, "IdentityType": "DOMAIN", "SendingEnabled": True, "VerificationStatus": "SUCCESS"}
            for n in names
        ]
        more = {"NextToken": str(start + page)} if start + page < size else {}
        return {"EmailIdentities": entries, **more}

    def _get_email_identity(self, account: str, region: str, told: dict[str, Any]) -> Any:
        name = unquote(told["EmailIdentity"])
        number = int(name[1:].split(".")[0])
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": f"{300_000_000_000 + number:012d}"},
            "Action": "ses:SendEmail",
            "Resource": f"arn:aws:ses:{region}:{account}:identity/{name}",
        }
        if version := self._version(account, region, name):
            statement["Sid"] = f"change{version}"
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        return {
            "IdentityType": "DOMAIN",
            "VerificationStatus": "SUCCESS",
            "Policies": {"agency": policy} if number % 3 == 0 else {},
            "Tags": [{"Key": "owner", "Value": f"team-{number % 7}"}],
            "DkimAttributes": {"Status": "SUCCESS", "SigningEnabled": True},
        }

    def _get_account(self, *_: Any) -> Any:
        return {"SendingEnabled": True, "EnforcementStatus": "HEALTHY", "ProductionAccessEnabled": True}

    def _get_dedicated_ips(self, *_: Any) -> Any:
        return {"DedicatedIps": []}

    def _list_recommendations(self, *_: Any) -> Any:
        return {"Recommendations": []}

    def _get_identity_notification_attributes(self, account: str, region: str, told: dict[str, Any]) -> str:
        names = [value for name, value in told.items() if name.startswith("Identities.member.")]
        entry = "<entry><key>{}</key><value><ForwardingEnabled>true</ForwardingEnabled></value></entry>"
        found = "".join(entry.format(name) for name in names)
        return xml("GetIdentityNotificationAttributes", f"<NotificationAttributes>{found}</NotificationAttributes>")

    def _get_send_statistics(self, *_: Any) -> str:
        return xml("GetSendStatistics", "<SendDataPoints/>")

    def _list_metrics(self, *_: Any) -> Any:
        return {"Metrics": []}

    def _get_metric_data(self, account: str, region: str, told: dict[str, Any]) -> Any:
        whole = {"StatusCode": "Complete", "Timestamps": [], "Values": []}
        return {"MetricDataResults": [{"Id": query["Id"], **whole} for query in told["MetricDataQueries"]]}

    def _lookup_events(self, account: str, region: str, told: dict[str, Any]) -> Any:
        wanted = told["LookupAttributes"][0]["AttributeValue"]
        found = [
            {
                "EventId": f"e{number}",
                "EventName": "UpdateEmailIdentityPolicy",
                "EventSource": "ses.amazonaws.com",
                "EventTime": change["at"],
                "CloudTrailEvent": json.dumps({"requestParameters": {"emailIdentity": change["name"]}}),
            }
            for number, change in enumerate(self.changes)
            if (change["account"], change["region"]) == (account, region)
            and not change["silent"]
            and told["StartTime"] <= change["at"]
            and wanted in ("ses.amazonaws.com", "UpdateEmailIdentityPolicy")
        ]
        return {"Events": found}

    def change(self, account: str, region: str, name: str, silent: str = "") -> None:
        """Changes a policy from now on."""
        told = {"account": account, "region": region, "name": name, "silent": silent, "at": time.time()}
        self.changes.append(told)

    def _version(self, account: str, region: str, name: str) -> int:
        return sum((one["account"], one["region"], one["name"]) == (account, region, name) for one in self.changes)


def xml(operation: str, content: str, space: str = "http://ses.amazonaws.com/doc/2010-12-01/") -> str:
    return (
        f'<{operation}Response xmlns="{space}"><{operation}Result>{content}</{operation}Result></{operation}Response>'
    )


def failure(code: str, message: str = "no") -> dict[str, str]:
    return {"__type": code, "message": message}


def question(path: str, headers: dict[str, str], body: bytes) -> tuple[str, dict[str, Any]]:
    """Operation and parameters of a request."""
    url = urlsplit(path)
    if "urlencoded" in headers.get("content-type", ""):
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        return form["Action"], form
    told = {name: values[0] for name, values in parse_qs(url.query).items()}
    told |= json.loads(body) if body.startswith(b"{") else {}
    if target := headers.get("x-amz-target"):
        return target.rsplit(".", 1)[1], told
    for pattern, operation in ROUTES:
        if found := pattern.match(url.path):
            return operation, {**told, **found.groupdict()}
    return url.path.rsplit("/", 1)[1], told


async def serve_one(organization: Organization, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while line := await reader.readline():
            path = line.split()[1].decode()
            headers = {}
            while (line := await reader.readline()) not in (b"\r\n", b""):
                name, _, value = line.decode().partition(":")
                headers[name.lower()] = value.strip()
            body = await reader.readexactly(int(headers.get("content-length") or 0))
            if path == "/_seen":
                send(
                    writer,
                    200,
                    {"calls": organization.calls, "answered": organization.answered, "busy": organization.busy},
                )
            elif path.startswith("/_change/"):
                organization.change(*path.split("/")[2:])
                send(writer, 200, {})
            elif not await respond(organization, path, headers, body, writer):
                break
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def respond(
    organization: Organization, path: str, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
) -> bool:
    """Answers one request; False to cut the connection."""
    operation, told = question(path, headers, body)
    key, _, region, *_ = headers["authorization"].split("Credential=")[1].split("/")
    account = key[4:] if key.startswith("ASIA") else CALLER
    organization.calls[operation] += 1
    if operation in SES:
        now = time.time()
        organization.busy.setdefault(f"{account}/{region}", [now, now])[1] = now
    as_text = operation in ("GetCallerIdentity", "AssumeRole", "GetIdentityNotificationAttributes", "GetSendStatistics")
    fault = organization.dice.choice(FAULTS) if organization.dice.random() < organization.failing else ""
    if operation == "GetCallerIdentity":
        fault = ""
    if fault == "throttle" or not organization.served(account, region, operation):
        organization.calls["throttled"] += 1
        organization.calls[f"throttled {operation}"] += 1
        send(writer, 429, failure("TooManyRequestsException", "Rate exceeded"), as_text)
        return True
    if organization.revoke_after and sum(organization.answered.values()) >= organization.revoke_after:
        organization.revoke_after, organization.revoked = 0, organization.calls["sessions"]
    if account != CALLER and int(headers.get("x-amz-security-token") or 0) <= organization.revoked:
        organization.calls["revoked"] += 1
        send(writer, 403, failure("AccessDeniedException", "with an explicit deny"), as_text)
        return True
    if fault:
        organization.calls[fault] += 1
    if fault in ("500", "503"):
        send(writer, int(fault), failure("InternalFailure"), as_text)
    elif fault == "reset":
        return False
    elif fault == "garbage":
        send(writer, 200, "<html>we will be back</html>")
    elif fault in ("expired", "skew"):
        code = {"expired": "ExpiredTokenException", "skew": "RequestTimeTooSkewed"}
        send(writer, 403, failure(code[fault]), as_text)
    elif fault == "hang":
        await asyncio.sleep(3)
        return False
    else:
        content = organization.answer(account, region, operation, told)
        status, content = content if isinstance(content, tuple) else (200, content)
        send(writer, status, content, as_text, cut=fault == "cut")
        if fault == "cut":
            return False
        if status == 200:
            what = json.dumps(told, sort_keys=True) if operation not in ("AssumeRole", "GetCallerIdentity") else ""
            organization.answered[f"{account} {region} {operation} {what}"] += 1
    return True


def send(writer: asyncio.StreamWriter, status: int, content: Any, as_text: bool = False, cut: bool = False) -> None:
    if as_text and isinstance(content, dict):
        code = content["__type"].removesuffix("Exception")
        content = (
            f"<ErrorResponse><Error><Code>{code}</Code><Message>{content['message']}</Message></Error></ErrorResponse>"
        )
    data = (content if isinstance(content, str) else json.dumps(content)).encode()
    kind = "text/xml" if isinstance(content, str) else "application/json"
    error = f"x-amzn-ErrorType: {content['__type']}\r\n" if isinstance(content, dict) and "__type" in content else ""
    if not str(content).startswith("<html"):  # that is somebody else's
        error += "x-amzn-RequestId: 1b9c3a52\r\n"
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n{error}\r\n".encode()
    writer.write(head + (data[: len(data) // 2] if cut else data))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="5,60,12,30")
    parser.add_argument("--regions", default="eu-west-1,us-east-1")
    parser.add_argument("--limit", choices=("operation", "shared", "none"), default="none")
    parser.add_argument("--rate", type=float, default=1.0)
    parser.add_argument("--capacity", type=float, default=1.0)
    parser.add_argument("--failing", type=float, default=0.0)
    parser.add_argument("--denied", default="")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--revoke-after", type=int, default=0)
    told = parser.parse_args()
    organization = Organization(
        [int(size) for size in told.sizes.split(",")],
        told.regions.split(","),
        told.limit,
        told.rate,
        told.capacity,
        told.failing,
        set(told.denied.split(",")) - {""},
        told.revoke_after,
        dice=random.Random(told.seed),
    )
    server = await asyncio.start_server(lambda r, w: serve_one(organization, r, w), "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
