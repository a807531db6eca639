"""Events as EventBridge delivers CloudTrail's records, and the account they happen in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

OWN, MEMBER, VENDOR, OUTSIDER = "123456789012", "222233334444", "444455556666", "111122223333"
REGION = "eu-west-1"
IDENTITY = "example.com"
ARN = f"arn:aws:ses:{REGION}:{OWN}:identity/{IDENTITY}"
CONTEXT = SimpleNamespace(
    invoked_function_arn=f"arn:aws:lambda:{REGION}:{OWN}:function:policy-watch",
    get_remaining_time_in_millis=lambda: 300_000,
)


def allow(account: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "ses:SendEmail", "Resource": ARN, **more}


def deny(account: str = "*", **more: Any) -> dict[str, Any]:
    return allow(account, **{"Effect": "Deny", **more})


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def event(name: str, parameters: Any, **detail: Any) -> dict[str, Any]:
    """The envelope of "AWS API Call via CloudTrail" with a management event of SES."""
    return {
        "version": "0",
        "id": "6f87d04b-9f74-4f04-a780-7acf4b0a9b38",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.ses",
        "account": OWN,
        "time": "2026-11-20T09:14:03Z",
        "region": REGION,
        "resources": [],
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": "AROAEXAMPLE:deploy",
                "arn": f"arn:aws:sts::{OWN}:assumed-role/deploy/ci",
                "accountId": OWN,
                "sessionContext": {"sessionIssuer": {"type": "Role", "arn": f"arn:aws:iam::{OWN}:role/deploy"}},
            },
            "eventTime": "2026-11-20T09:14:03Z",
            "eventSource": "ses.amazonaws.com",
            "eventName": name,
            "awsRegion": REGION,
            "sourceIPAddress": "203.0.113.77",
            "userAgent": "aws-cli/2.31.4",
            "requestParameters": parameters,
            "responseElements": None,
            "requestID": "0b3d0a4e-0001",
            "eventID": "c9a1f2d0-0001",
            "readOnly": False,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": OWN,
            "eventCategory": "Management",
            **detail,
        },
    }


def put(text: Any, name: str = "agency", identity: str = IDENTITY) -> dict[str, Any]:
    return event("PutIdentityPolicy", {"identity": identity, "policyName": name, "policy": text})


@dataclass
class Account:
    """An account behind moto: SES, a topic, and a queue that hears what the topic is told."""

    client: Any
    topic_arn: str
    queue_url: str

    def identity(self, name: str = IDENTITY, **policies: str) -> None:
        ses = self.client("sesv2")
        ses.create_email_identity(EmailIdentity=name)
        for policy_name, text in policies.items():
            ses.create_email_identity_policy(EmailIdentity=name, PolicyName=policy_name, Policy=text)

    def heard(self) -> list[dict[str, Any]]:
        """The notifications published since the last time."""
        answer = self.client("sqs").receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            self.client("sqs").delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    def findings(self) -> list[dict[str, Any]]:
        return list(self.client("securityhub").get_findings()["Findings"])
