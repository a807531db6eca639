"""A judged change as an SNS message and as a Security Hub finding.

Policies, names and principals are text of outsiders: no character of theirs ends a line or steers a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sesreport.core.text import one_line
from sesreport.governance.monitor.event import Change
from sesreport.governance.monitor.judgement import Judgement, Outcome
from sesreport.governance.monitor.offers import Offer, in_short
from sesreport.policy import Request, explain, headline
from sesreport.snapshot.events import EventKind

SUBJECT_CHARACTERS = 99
"""Amazon SNS API Reference, Publish: fewer than 100."""
TITLE_CHARACTERS, DESCRIPTION_CHARACTERS, FIELD_CHARACTERS = 256, 1024, 1024
"""AWS Security Finding Format, top-level attributes."""
RECOMMENDATION_CHARACTERS = 512
"""AWS Security Finding Format, Remediation.Recommendation.Text."""
MOST_FIXES = 3
"""Policies whose fixes a message shows; each is up to 4 KB of JSON, twice."""
BODY_CHARACTERS = 60_000
"""At most four bytes each: below the 256 KiB of an SNS message."""


@dataclass(frozen=True)
class FunctionPlace:
    """Where the function runs."""

    partition: str
    region: str
    account_id: str


def shortened(text: str, most: int = 4000) -> str:
    """Text on one line and no longer than ``most``; what is not seen is written as its code point."""
    shown = one_line(text)
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def subject(change: Change, judgement: Judgement) -> str:
    """ASCII, for e-mail: outcome first, so that it is never cut off."""
    reach = f" ({judgement.reach})" if judgement.outcome is Outcome.NEW else ""
    text = shortened(f"SES {_what(change)} {judgement.outcome}{reach}: {_where(change)}")
    return text.encode("ascii", "replace").decode()[:SUBJECT_CHARACTERS]


def _what(change: Change) -> str:
    """What kind of change it is, in two words."""
    if change.of_account:
        return "account change"
    return "identity change" if change.kind is EventKind.BEGINS_IDENTITY else "policy change"


def _where(change: Change) -> str:
    """What was changed."""
    if change.of_account:
        return f"account {change.account_id} in {change.region}"
    return change.identity or "an identity"


def body(change: Change, judgement: Judgement, arn: str | None) -> str:
    """The message: the judgement in its first line, then what was done, by whom, and what follows for the identity.

    What is cut off where it grows too long is the end of the explanation.
    """
    return "\n".join(_lines(change, judgement, arn))[:BODY_CHARACTERS]


def _lines(change: Change, judgement: Judgement, arn: str | None) -> Iterator[str]:
    yield f"This change {judgement.outcome}: {shortened(judgement.words)}"
    yield ""
    policy = f" of policy {change.policy_name!r}" if change.policy_name else ""
    yield f"Severity   {judgement.severity}"
    if change.of_account:
        yield f"Account    {shortened(change.account_id)} in {shortened(change.region)}"
    else:
        yield f"Identity   {shortened(arn or 'not said by the event')}"
    yield f"Change     {shortened(change.event_name + policy)}"
    yield f"By         {shortened(change.principal_arn or 'not said by the event')}"
    yield f"From       {shortened(change.source_ip or 'not said by the event')}"
    yield f"At         {change.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    where = f"account {shortened(change.account_id)}, {shortened(change.region)}"
    yield f"Event      {shortened(change.event_id)} ({where})"
    if judgement.since:
        yield f"Compared   with {shortened(judgement.since)}"
    if judgement.notes:
        yield ""
        yield "To be known:"
        yield from (f"  - {shortened(note)}" for note in judgement.notes)
    if judgement.request is not None:
        yield ""
        yield "The request that is let in:" if judgement.outcome is Outcome.NEW else "A request that is let in now:"
        yield from _request(judgement.request)
    if judgement.offers:
        yield ""
        yield from _fixes(judgement.offers)
    if judgement.exposure is not None:
        found = judgement.exposure
        yield ""
        yield shortened(f"The identity as the change left it is {headline(found)}")
        for section in explain(found).sections:
            yield f"{section.heading}:"
            yield from (f"  - {shortened(line)}" for line in section.lines)


def _request(request: Request) -> Iterator[str]:
    """The proof as it would be sent: whoever signs it, what it asks for, and what it carries."""
    yield f"  Signed by  {shortened(request.caller.arn)} ({request.caller.kind})"
    yield f"  Action     {shortened(request.action)}"
    yield f"  Resource   {shortened(request.resource)}"
    for key in sorted(request.context):
        yield f"  {shortened(f'{key} = ' + ', '.join(request.context[key]))}"


def _fixes(offers: Sequence[Offer]) -> Iterator[str]:
    """Fixes in full, as many as a message has room for; where there is none, why."""
    offered = [offer for offer in offers if offer.offered]
    if not offered:
        yield "Fix: none is offered."
        yield from (f"  - {shortened(f'policy {offer.policy_name!r}: {offer.reason}')}" for offer in offers)
        return
    yield (
        "Fix: the narrowest policy that lets in what the organization and the register approve. It is proved to allow "
        "nothing that is not allowed now, and to keep everything approved. Nothing was changed; mail that was seen "
        "was not looked at."
    )
    for offer in offered[:MOST_FIXES]:
        yield f"Policy {offer.policy_name}: {'delete it' if offer.deletes else 'put this in its place'}"
        yield from (f"  - {shortened(change)}" for change in offer.changes)
        yield from offer.policy.splitlines()
        yield from (f"  $ {command}" for command in offer.commands)
    yield from (
        f"Not offered for {shortened(f'{one.policy_name!r}: {one.reason}')}" for one in offers if not one.offered
    )
    if len(offered) > MOST_FIXES:
        yield f"{len(offered) - MOST_FIXES} more policies can be narrowed; 'sesreport fix --all' writes them all."


def attributes(change: Change, judgement: Judgement) -> dict[str, dict[str, str]]:
    """Message attributes that subscriptions can filter by."""
    values = {
        "outcome": judgement.outcome.value,
        "severity": judgement.severity,
        "reach": judgement.reach,
        "account_id": change.owner,
        "region": change.region,
        "event_id": change.event_id,
    }
    return {name: {"DataType": "String", "StringValue": shortened(value)} for name, value in values.items()}


def finding(
    change: Change, judgement: Judgement, arn: str | None, here: FunctionPlace, now: datetime
) -> dict[str, Any]:
    """The finding in AWS Security Finding Format 2018-10-08, of the account's own default product.

    Its Id is that of the change, so a second delivery of an event updates the finding of the first. Severity and types
    stand under FindingProviderFields, as BatchImportFindings asks of providers.
    """
    identity = arn or f"arn:{here.partition}:ses:{change.region}:{change.owner}:identity/unknown"
    kind, resource = ("AwsAccount", f"AWS::::Account:{change.account_id}") if change.of_account else ("Other", identity)
    hub = f"arn:{here.partition}:securityhub:{here.region}:{here.account_id}"
    said = f"{change.event_name} {judgement.outcome}: {judgement.words}"
    fields = {
        "sesreport/eventId": change.event_id,
        "sesreport/eventName": change.event_name,
        "sesreport/policyName": change.policy_name,
        "sesreport/principal": change.principal_arn,
        "sesreport/sourceIp": change.source_ip,
        "sesreport/outcome": judgement.outcome.value,
        "sesreport/reach": judgement.reach,
        "sesreport/comparedWith": judgement.since,
    }
    return {
        "SchemaVersion": "2018-10-08",
        "Id": shortened(f"sesreport/policy-watch/{change.event_id}", 512),
        "ProductArn": f"{hub}:product/{here.account_id}/default",
        "GeneratorId": "sesreport/policy-watch",
        "AwsAccountId": here.account_id,
        "CreatedAt": _stamp(change.at),
        "UpdatedAt": _stamp(now),
        "Title": shortened(f"{_title(change)} {judgement.outcome}", TITLE_CHARACTERS),
        "Description": shortened(said, DESCRIPTION_CHARACTERS),
        "Resources": [
            {"Type": kind, "Id": shortened(resource, 512), "Partition": here.partition, "Region": change.region}
        ],
        "ProductFields": {name: shortened(value, FIELD_CHARACTERS) for name, value in fields.items() if value},
        "FindingProviderFields": {
            "Severity": {"Label": judgement.severity},
            "Types": ["Software and Configuration Checks/AWS Security Best Practices"],
        },
        "RecordState": "ACTIVE",
        **_remediation(judgement.offers),
    }


def _remediation(offers: Sequence[Offer]) -> dict[str, Any]:
    if not offers:
        return {}
    text = shortened(in_short(offers), RECOMMENDATION_CHARACTERS)
    return {"Remediation": {"Recommendation": {"Text": text}}}


def _title(change: Change) -> str:
    article = "A" if _what(change).startswith("policy") else "An"
    return f"{article} {_what(change)} of {_where(change)}"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
