"""Secrets in messages, logs and tracebacks."""

from __future__ import annotations

import re

import pytest

from sesreport.core import redaction
from sesreport.core.redaction import hide, redacted

SIGNED = (
    "AWS4-HMAC-SHA256 Credential=AKIDSECRET/20261101/eu-west-1/sts/aws4_request, SignedHeaders=host, Signature=SECRET"
)


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: {SIGNED}",
        f"{{'Authorization': b'{SIGNED}', 'X-Amz-Security-Token': b'SEC/RET=='}}",
        "authorization=Bearer SECRET",
        "The canonical string should have been 'POST / host:sts x-amz-security-token:SEC/RET+ x-amz-date:2026'",
        "X-Amz-Security-Token: SECRET",
        "https://b.s3.amazonaws.com/k?X-Amz-Signature=SECRET&X-Amz-Credential=SECRET%2F2026&X-Amz-Security-Token=SECRET",
        '{"AccessKeyId": "ASIASECRET", "SecretAccessKey": "SEC/RET+", "SessionToken": "SECRET"}',
        "<SecretAccessKey>SECRET</SecretAccessKey><SessionToken>SECRET</SessionToken>",
        "aws_access_key_id = AKIASECRET, aws_secret_access_key=SECRET",
        "no user has the key ASIASECRET7",
        "Action=AssumeRole&ExternalId=SECRET&RoleArn=arn:aws:iam::210000000001:role/x",
        "sts:ExternalId = 'SECRET', external_id: \"SECRET\"",
        "cannot connect to proxy http://user:SECRET@proxy.example.com:8080",
        "token IQoJb3JpZ2luX2VjSECRETSECRETSECRET is expired",
        '{"AccessKeyId" : "ASIASECRET", "SecretAccessKey" : "SEC/RET+"}',
        '{\\"SecretAccessKey\\": \\"SECRET\\"}',
        "SecretAccessKey => SECRET",
        '<SecretAccessKey xsi:type="string">SECRET</SecretAccessKey>',
        "AWS_CONTAINER_AUTHORIZATION_TOKEN=SECRET, WebIdentityToken=SECRET&SAMLAssertion=SECRET",
        "the header was Bearer SECRET",
        "http://user:pass@SECRET@host.example.com/a and http://SECRET@host.example.com",
    ],
)
def test_a_secret_is_hidden(text: str) -> None:
    shown = redacted(text)
    assert "[hidden]" in shown
    assert not re.search("SECRET|SEC/RET", shown)


@pytest.mark.parametrize(
    "text",
    [
        "GetAccount: AccessDeniedException: User: arn:aws:sts::210000000001:assumed-role/Audit/x is not authorized",
        "The security token included in the request is invalid.",
        "Signature expired: 20261101T060000Z is now earlier than 20261101T061000Z",
        "organization.external_id: input should be a valid string, not 5",
        "take it out of the access key, secret key or session token",
        "https://sts.eu-west-1.amazonaws.com:443/ timed out",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text) == text


def test_known_secrets_are_hidden_where_they_are_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_KNOWN", set())
    hide("corp", "corp-7+x", None, "")
    assert redacted("the role wants corp-7+x, corp or corporate.") == "the role wants [hidden], [hidden] or corporate."
