"""Access keys, tokens, signatures and external ids are in no log, no traceback and no snapshot."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sesreport.aws.statuses import status_of
from sesreport.cli import main as cli
from sesreport.snapshot.store import load, snapshots
from tests.collect.double import OWN, REGION, Answer, Double, running

MEMBER = "210000000002"
ROLE = "SesReportReadOnly"
EXTERNAL_ID = "corp-external-7"
OWN_KEYS = ("AKIAEXAMPLEOWNKEY012", "ownSecretExampleKey/0123456789+abcdefgh", "ownTokenExample/0123456789==")
ROLE_KEYS = ("ASIAEXAMPLEROLEKEY01", "roleSecretExampleKey/0123456789+abcdefg", "roleTokenExample/0123456789==")
SECRETS = (EXTERNAL_ID, *OWN_KEYS, *ROLE_KEYS)
WORDS = ("AWS4-HMAC", "Signature=", "ExternalId", "SessionToken", "X-Amz-Security-Token")
"""Of a request as it is signed and sent; none belongs into a log."""


def assumed(path: str, form: dict[str, str]) -> Answer:
    assert form["ExternalId"] == EXTERNAL_ID
    key, secret, token = ROLE_KEYS
    arn = f"arn:aws:sts::{MEMBER}:assumed-role/{ROLE}/sesreport"
    return 200, (
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>'
        f"<AssumedRoleUser><Arn>{arn}</Arn><AssumedRoleId>AROA:x</AssumedRoleId></AssumedRoleUser>"
        f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
        f"<SessionToken>{token}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
        "</AssumeRoleResult></AssumeRoleResponse>"
    )


def mismatch(token: str) -> str:
    """What AWS says of a signature that does not match: it repeats what was signed."""
    signed = f"host:email x-amz-date:20261101T060000Z x-amz-security-token:{token} host;x-amz-date"
    return f"The request signature does not match. The canonical string should have been 'GET / {signed}' {EXTERNAL_ID}"


def throttled_once() -> Callable[[str, dict[str, str]], Answer]:
    """An operation that is throttled at first, and then fails with what was signed."""
    told = iter([(400, {"__type": "ThrottlingException", "message": "Rate exceeded"})])
    failed = (403, {"__type": "SignatureDoesNotMatch", "message": mismatch(ROLE_KEYS[2])})
    return lambda path, parameters: next(told, failed)


def use(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the SDK call an endpoint with credentials of our own."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    key, secret, token = OWN_KEYS
    for name, value in {
        "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token,
        "AWS_CONFIG_FILE": os.devnull, "AWS_DEFAULT_REGION": REGION,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings in the current folder, with an external id."""
    monkeypatch.chdir(tmp_path)
    organization = f'[organization]\nexternal_id = "{EXTERNAL_ID}"\nregions = ["{REGION}"]\n'
    Path("sesreport.toml").write_text(f"{organization}[collect]\npace = 0\nmax_attempts = 2\n")
    return Path("sesreport.toml")


def test_debug_tells_attempts_and_reasons_and_no_secret(
    settings: Path, own_log: Callable[[], None], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    accounts = [{"Id": account, "Name": account, "Status": "ACTIVE"} for account in (OWN, MEMBER)]
    answers: dict[str, Any] = {
        "ListAccountsForParent": (200, {"Accounts": accounts}),
        "AssumeRole": assumed,
        "dedicated-ips": throttled_once(),
    }
    with running(Double(answers)) as url:
        use(url, monkeypatch)
        own_log()
        assert cli.cli.main(["collect", "--debug"], standalone_mode=False) == 0
    told = "".join(capfd.readouterr())
    assert "get_dedicated_ips: attempt 1: " in told
    assert [word for word in (*SECRETS, *WORDS) if word in told] == []
    (snapshot,) = snapshots(Path("data/snapshots"))
    coverage = load(snapshot).coverage
    reasons = coverage.loc[coverage["dataset"].eq("dedicated_ips"), "reason"]
    assert reasons.str.contains("x-amz-security-token:[hidden]", regex=False).tolist() == [True, True]
    kept = b"".join(path.read_bytes() for path in snapshot.iterdir())
    assert [secret for secret in SECRETS if secret.encode() in kept] == []


def test_a_reason_is_cut_after_its_secrets_are_hidden() -> None:
    message = f"{'x' * 150} x-amz-security-token:{'secret' * 200} {'x' * 100}"
    refused = ClientError({"Error": {"Code": "SignatureDoesNotMatch", "Message": message}}, "GetAccount")
    assert "secret" not in status_of(refused)[1]


def test_a_traceback_holds_no_secret(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = f"<Error><Code>SignatureDoesNotMatch</Code><Message>{mismatch(OWN_KEYS[2])}</Message></Error>"
    with running(Double({"sts": (403, f"<ErrorResponse>{error}</ErrorResponse>")})) as url:
        use(url, monkeypatch)
        monkeypatch.setattr(sys, "argv", ["sesreport", "collect", "--debug"])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "Traceback" in said and "x-amz-security-token:[hidden]" in said
    assert [secret for secret in SECRETS if secret in said] == []


@pytest.mark.parametrize(
    "lines",
    [
        f'[[organization]]\nexternal_id = "{EXTERNAL_ID}"',
        f'[organization]\nexternal_id = ["{EXTERNAL_ID}"]',
        f'[[delivery.s3]]\nbucket = 5\nexternal_id = "{EXTERNAL_ID}"',
    ],
)
def test_wrong_settings_are_told_without_the_external_id(
    lines: str, settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.write_text(lines)
    monkeypatch.setattr(sys, "argv", ["sesreport", "report", "--debug"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "sesreport: " in said and EXTERNAL_ID not in said
