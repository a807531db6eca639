"""``sesreport.governance.monitor.config_rule.handler``: a scheduled AWS Config custom rule on identity policies.

AWS Config records no identities (they are no resource type of its inventory), so the rule runs on a schedule: it
lists the identities of the account and Region it is invoked in, judges each, and puts one evaluation for each.

The account itself gets an evaluation as well, of what its identities add up to: without it, a place without
identities, or one whose identities cannot be listed, would have no result at all.

An annotation is the verdict with a request as proof, then the fix as far as there is room; the log has both in full.

What is reported of one that cannot be read or judged: NON_COMPLIANT, with an annotation that begins "Not judged".
Config takes no INSUFFICIENT_DATA from PutEvaluations (AWS Config API Reference, Evaluation), and an evaluation that
is left out would leave an earlier COMPLIANT standing.

Resource type: AWS::SES::EmailIdentity with the identity's name, the name CloudFormation has for it. Config accepts
types beyond its inventory, but by a list of its own that is not published, so whether it takes this one is not
certain. When it is refused as invalid, only the account is evaluated (AWS::::Account, which the developer guide's own
examples use). The rule parameter ``resourceType`` chooses that from the start.

Rule parameters: ``widest`` (the widest exposure that is compliant, ``vendor`` when not given), ``resourceType``,
``testMode``. A result token of TESTMODE is a test run as well, by the convention of AWS's rule development kit.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sesreport.aws.clients import own_client
from sesreport.core.errors import ConfigError, SesReportError, suggestion
from sesreport.core.text import one_line
from sesreport.governance.monitor.evaluation import (
    COMPLIANT,
    NON_COMPLIANT,
    NOT_APPLICABLE,
    Evaluation,
    evaluate,
    of_account,
)
from sesreport.governance.monitor.event import EventError
from sesreport.governance.monitor.known import whom_we_know
from sesreport.governance.monitor.message import FunctionPlace, shortened
from sesreport.governance.monitor.settings import read_settings
from sesreport.governance.monitor.watch import place_of
from sesreport.policy import CLASSES

log = logging.getLogger(__name__)

IDENTITY, ACCOUNT = "AWS::SES::EmailIdentity", "AWS::::Account"
BATCH = 100
"""Most evaluations a PutEvaluations call may carry."""
ANNOTATION_CHARACTERS = 256
SPARE_MILLISECONDS = 30_000
"""Left for putting evaluations when the function's time runs out; what was not read by then is not judged."""
PARAMETERS = ("widest", "resourceType", "testMode")


class EvaluationError(SesReportError):
    """AWS Config did not take the evaluations."""


@dataclass(frozen=True)
class Parameters:
    """What the rule's owner chose."""

    widest: str = "vendor"
    resource_type: str = IDENTITY
    test_mode: bool = False


def handler(event: Mapping[str, Any], context: Any) -> dict[str, int]:
    """The entry point of the function; returns how many identities are of which compliance, for the log.

    Raises EventError for what is no invocation of a scheduled rule, ConfigError for bad settings or rule parameters,
    EvaluationError when AWS Config does not take what was found.
    """
    settings = read_settings(os.environ)
    here = place_of(context)
    at, parameters = _invocation(event, here)
    known = whom_we_know(settings, today=datetime.now(UTC).date())
    for note in known.notes:
        log.warning("%s", one_line(note))
    config = own_client("config", region=here.region)
    earlier = _evaluated(config, str(event.get("configRuleName") or ""))
    found = list(evaluate(here, known, parameters.widest, earlier, lambda: _time_is_left(context)))
    for one in found:
        if one.fix:
            log.warning("%s", shortened(f"{one.identity}: {one.compliance}: {one.annotation} {one.fix}"))
    _put(config, found, here, at, str(event["resultToken"]), parameters)
    return {what: sum(one.compliance == what for one in found) for what in (COMPLIANT, NON_COMPLIANT, NOT_APPLICABLE)}


def _invocation(event: Mapping[str, Any], here: FunctionPlace) -> tuple[datetime, Parameters]:
    """When Config asked, and the rule's parameters."""
    try:
        invoking = json.loads(event["invokingEvent"])
        raw = json.loads(event.get("ruleParameters") or "{}")
        at = datetime.fromisoformat(invoking["notificationCreationTime"])
        message, account = invoking["messageType"], event.get("accountId") or invoking["awsAccountId"]
        event["resultToken"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EventError(f"not an invocation of an AWS Config rule: {error!r:.200}") from error
    if message != "ScheduledNotification":
        raise EventError(f"the rule runs on a schedule, not on {message!r:.80}: identities are not recorded by Config")
    if account != here.account_id:
        raise EventError(f"asked for account {account!r:.20} in account {here.account_id}: deploy the rule there")
    return at, _parameters(raw, str(event["resultToken"]))


def _parameters(raw: Any, token: str) -> Parameters:
    if not isinstance(raw, dict):
        raise ConfigError("rule parameters: not an object")
    for name in raw.keys() - set(PARAMETERS):
        raise ConfigError(f"rule parameters: unknown parameter {name!r}{suggestion(name, PARAMETERS)}")
    widest = str(raw.get("widest") or "vendor")
    if widest not in CLASSES:
        raise ConfigError(f"rule parameters: widest is {widest!r}{suggestion(widest, CLASSES)}")
    resource_type = str(raw.get("resourceType") or IDENTITY)
    if resource_type not in (IDENTITY, ACCOUNT):
        raise ConfigError(f"rule parameters: resourceType is {resource_type!r}, not {IDENTITY} or {ACCOUNT}")
    return Parameters(widest, resource_type, token == "TESTMODE" or str(raw.get("testMode", "")).lower() == "true")


def _evaluated(config: Any, rule: str) -> list[str]:
    """Identities that the rule evaluated earlier; none when Config does not say, and then none is called gone."""
    names: list[str] = []
    token: dict[str, str] = {}
    try:
        while True:
            answer = config.get_compliance_details_by_config_rule(
                ConfigRuleName=rule, ComplianceTypes=[COMPLIANT, NON_COMPLIANT], Limit=100, **token
            )
            for result in answer.get("EvaluationResults", []):
                about = result["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
                if about["ResourceType"] == IDENTITY:
                    names.append(about["ResourceId"])
            if not answer.get("NextToken"):
                return names
            token = {"NextToken": answer["NextToken"]}
    except (ClientError, BotoCoreError, KeyError) as error:
        log.warning("earlier evaluations cannot be read, so deleted identities keep theirs: %s", one_line(error))
        return []


def _put(
    config: Any, found: list[Evaluation], here: FunctionPlace, at: datetime, token: str, parameters: Parameters
) -> None:
    """Puts every identity's evaluation and the account's, a hundred a call; else the account's alone."""
    each = [_wire(IDENTITY, one.identity, one, at) for one in found if one.identity]
    whole = _wire(ACCOUNT, here.account_id, of_account(found), at)
    test_mode = parameters.test_mode
    taken = parameters.resource_type == IDENTITY and _send(config, [*each, whole], token, test_mode=test_mode)
    if not taken:
        _send(config, [whole], token, test_mode=test_mode)


def _send(config: Any, rows: list[dict[str, Any]], token: str, *, test_mode: bool) -> bool:
    """Whether Config knows the resource types. Raises EvaluationError when it refuses for any other reason."""
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        try:
            answer = config.put_evaluations(Evaluations=batch, ResultToken=token, TestMode=test_mode)
        except ClientError as error:
            if error.response["Error"]["Code"] == "InvalidParameterValueException" and f"type {IDENTITY}" in str(error):
                log.warning("the account is evaluated as a whole: %s", one_line(error))
                return False
            raise EvaluationError(f"AWS Config does not take the evaluations: {error}") from error
        failed = answer.get("FailedEvaluations", [])
        if failed:
            raise EvaluationError(f"AWS Config did not take {len(failed)} of {len(batch)} evaluations")
    return True


def _wire(resource_type: str, resource_id: str, one: Evaluation, at: datetime) -> dict[str, Any]:
    return {
        "ComplianceResourceType": resource_type,
        "ComplianceResourceId": resource_id,
        "ComplianceType": one.compliance,
        "Annotation": shortened(" ".join(filter(None, (one.annotation, one.fix))), ANNOTATION_CHARACTERS),
        "OrderingTimestamp": at,
    }


def _time_is_left(context: Any) -> bool:
    return int(context.get_remaining_time_in_millis()) > SPARE_MILLISECONDS
