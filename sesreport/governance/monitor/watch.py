"""``sesreport.governance.monitor.watch.handler``: an AWS Lambda function for EventBridge events of SES.

One invocation judges one change. For a policy change it reads the identity's policies (GetEmailIdentity, one call) and
decides what the change newly allows; an identity that was begun, sending that was switched on and production access
that was asked for need confirmation. It imports a finding into Security Hub where that is wished for, and publishes to
SNS. Settings are those of :mod:`sesreport.governance.monitor.settings`.

An event may be delivered twice: the finding keeps its Id, and each message names the event. When SNS does not take the
message the invocation fails, so Lambda tries again and leaves the event in the dead-letter queue; a Security Hub that
does not take the finding is told in the message.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sesreport.aws.clients import own_client
from sesreport.core.errors import ConfigError
from sesreport.core.text import one_line
from sesreport.governance.monitor.account import judge_account
from sesreport.governance.monitor.attached import Attached, attached
from sesreport.governance.monitor.earlier import earlier_text
from sesreport.governance.monitor.event import Change, read_event
from sesreport.governance.monitor.judge import judge
from sesreport.governance.monitor.judgement import Judgement, Outcome
from sesreport.governance.monitor.known import Known, whom_we_know
from sesreport.governance.monitor.message import FunctionPlace, attributes, body, finding, subject
from sesreport.governance.monitor.settings import MonitorSettings, read_settings
from sesreport.snapshot.events import EventKind

log = logging.getLogger(__name__)


def handler(event: Mapping[str, Any], context: Any) -> dict[str, str]:
    """The entry point of the function; returns the event's id and what became of it, for the log.

    Raises EventError for what is no event, ConfigError for bad settings, and botocore's errors when SNS does not take
    the message.
    """
    settings = read_settings(os.environ)
    if not settings.topic_arn:
        raise ConfigError(
            "environment: SESREPORT_WATCH_TOPIC_ARN is not set; it is the SNS topic that is told of changes"
        )
    change = read_event(event)
    result = {"event_id": change.event_id, "event_name": change.event_name}
    if change.kind is None:
        return {**result, "outcome": "not watched"}
    if change.error_code is not None:
        return {**result, "outcome": f"failed call: {change.error_code}"}
    here = place_of(context)
    now = datetime.now(UTC)
    judgement = judge_change(change, here, settings, whom_we_know(settings, today=now.date()))
    log.info("%s", one_line(f"{change.event_id} {change.event_name} {change.identity}: {judgement.outcome}"))
    if judgement.outcome is not Outcome.NOTHING or settings.notify == "all":
        _publish(change, judgement, here, settings, now)
    return {**result, "outcome": judgement.outcome.value, "reach": judgement.reach}


def place_of(context: Any) -> FunctionPlace:
    """Where the function runs, by its ARN. Raises ConfigError when the context has none."""
    parts = str(getattr(context, "invoked_function_arn", "")).split(":")
    if len(parts) < 7 or parts[0] != "arn":
        raise ConfigError("the context has no invoked_function_arn: this is an AWS Lambda function, invoked by one")
    return FunctionPlace(parts[1], parts[3], parts[4])


def judge_change(change: Change, here: FunctionPlace, settings: MonitorSettings, known: Known) -> Judgement:
    """Reads what the event does not say, and judges; identities of other accounts cannot be read from here."""
    if change.of_account:
        return judge_account(change)
    if change.identity is None:
        words = f"{change.event_name} took effect, but the event does not say on which identity"
        return Judgement(Outcome.UNKNOWN, words, "nothing", notes=known.notes)
    elsewhere = Attached(None, f"it belongs to account {change.owner}, the function to {here.account_id}")

    def read(identity: str) -> Attached:
        if change.owner != here.account_id:
            return elsewhere
        return attached(own_client("sesv2", region=change.region), identity)

    needless = change.kind in (EventKind.BEGINS_IDENTITY, EventKind.DELETES_IDENTITY)
    now = Attached({}) if needless else read(change.identity)
    arn = change.arn(here.partition)
    found = judge(change, now, earlier_text(change, settings.snapshots), known, arn, read)
    return replace(found, notes=(*found.notes, *known.notes))


def _publish(
    change: Change, judgement: Judgement, here: FunctionPlace, settings: MonitorSettings, now: datetime
) -> None:
    arn = change.arn(here.partition) if change.identity else None
    if settings.security_hub and judgement.outcome is not Outcome.NOTHING:
        refused = _import(finding(change, judgement, arn, here, now), here)
        if refused:
            judgement = replace(
                judgement, notes=(*judgement.notes, f"Security Hub did not take the finding: {refused}")
            )
    own_client("sns", region=settings.topic_arn.split(":")[3]).publish(
        TopicArn=settings.topic_arn,
        Subject=subject(change, judgement),
        Message=body(change, judgement, arn),
        MessageAttributes=attributes(change, judgement),
    )


def _import(found: dict[str, Any], here: FunctionPlace) -> str:
    """Imports one finding; why not, or empty."""
    try:
        answer = own_client("securityhub", region=here.region).batch_import_findings(Findings=[found])
    except (ClientError, BotoCoreError) as error:
        return str(error)
    return "; ".join(f"{one.get('ErrorCode')}: {one.get('ErrorMessage')}" for one in answer.get("FailedFindings", []))
