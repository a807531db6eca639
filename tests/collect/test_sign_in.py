"""What is wrong with credentials, clock, endpoint or policies is named, in one line, with the right exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from tests_shared import ended_with

from sesreport.aws.clients import Aws
from sesreport.aws.statuses import status_of
from sesreport.collect.faults import Fault, fault_of
from sesreport.core.errors import CollectError, ConfigError, CredentialsError, SesReportError
from sesreport.settings.config import Config
from tests.collect.double import OWN, REGION, Answer, Double, running
from tests.collect.test_collect_faults import Read, error, read, status

__all__ = ["read"]
CONFIGURATION = Path(__file__).parents[1] / "data" / "settings" / "credential_process.config"
KEYS = "aws_access_key_id = AKIA\naws_secret_access_key = s"
EXPIRED = "Signature expired: 20261130T021000Z is now earlier than 20261130T022000Z (20261130T023500Z - 15 min.)"


def failure(code: str, message: str) -> str:
    return f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], SesReportError]:
    """Signs in with a profile of the lines given; returns what was raised."""

    def sign_in(lines: str, sts: Answer | None = None, endpoint: str | None = None) -> SesReportError:
        path = tmp_path / "config"
        path.write_text(
            f"[profile audit]\n{lines}\n[profile base]\naws_access_key_id = AKIA\naws_secret_access_key = s\n"
        )
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with running(Double({} if sts is None else {"sts": sts})) as url:
            monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint or url)
            with pytest.raises(SesReportError) as caught:
                Aws(Config.model_validate({"collect": {"timeout": 2}}), "audit")
        assert "\n" not in str(caught.value)
        return caught.value

    return sign_in


Profile = Callable[..., SesReportError]


@pytest.mark.parametrize(
    ("process", "said"),
    [
        ("/nowhere/to-be-found", "cannot be started"),
        (f"{sys.executable} -c \"print('hello')\"", "did not print credentials as JSON"),
        (f'{sys.executable} -c "print(5)"', "did not print credentials as JSON"),
        (f'{sys.executable} -c "raise SystemExit(3)"', "failed"),
    ],
)
def test_a_credential_process_that_gives_none_is_named(profile: Profile, process: str, said: str) -> None:
    raised = profile(f"credential_process = {process}")
    assert isinstance(raised, CredentialsError) and raised.exit_code == 2
    assert str(raised).startswith("credential_process of the AWS profile") and said in str(raised)


@pytest.mark.parametrize(
    ("name", "said"), [("junk", "did not print credentials as JSON"), ("missing", "cannot be started")]
)
def test_a_configuration_with_programs_that_give_no_credentials_is_told(
    name: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in [variable for variable in os.environ if variable.startswith("AWS_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(CONFIGURATION))
    with pytest.raises(CredentialsError, match=f"credential_process of the AWS profile {said}") as caught:
        Aws(Config(), name)
    assert caught.value.exit_code == 2 and "\n" not in str(caught.value)


def test_what_a_credential_process_prints_is_not_told(profile: Profile) -> None:
    process = f"{sys.executable} -c \"import sys; sys.stderr.write('token hunter2'); sys.exit(3)\""
    assert "hunter2" not in str(profile(f"credential_process = {process}"))


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "ftp://127.0.0.1", "http://127.0.0.1:0", "nowhere"])
def test_an_endpoint_that_is_no_address_is_a_matter_of_settings(profile: Profile, url: str) -> None:
    raised = profile(KEYS, endpoint=url)
    assert isinstance(raised, ConfigError) and raised.exit_code == 2
    assert "AWS_ENDPOINT_URL" in str(raised)


def test_a_profile_that_needs_an_mfa_code_asks_nobody(profile: Profile) -> None:
    role = f"role_arn = arn:aws:iam::{OWN}:role/audit\nsource_profile = base\nmfa_serial = arn:aws:iam::{OWN}:mfa/me"
    raised = profile(role)
    assert isinstance(raised, CredentialsError)
    assert "needs an MFA code, and there is no terminal" in str(raised)


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "RequestExpired", "InvalidSignatureException"])
def test_a_clock_that_is_wrong_is_named(profile: Profile, code: str) -> None:
    raised = profile(KEYS, (403, failure(code, EXPIRED)))
    assert isinstance(raised, CredentialsError)
    assert str(raised).startswith("this machine's clock is wrong: ")


def test_a_signature_that_is_wrong_by_its_key_is_no_clock(profile: Profile) -> None:
    raised = profile(KEYS, (403, failure("SignatureDoesNotMatch", "Check your AWS Secret Access Key")))
    assert "clock" not in str(raised) and "do not work" in str(raised)


@pytest.mark.parametrize("region", [" eu-west-1", "eu west 1", "eu-west-1\t"])
def test_a_blank_in_the_region_is_told(profile: Profile, monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    monkeypatch.setattr("botocore.session.Session.get_config_variable", _with_region(region))
    raised = profile(KEYS)
    assert isinstance(raised, ConfigError) and "a blank counts" in str(raised)


def _with_region(region: str) -> Callable[..., object]:
    from botocore.session import Session

    right = Session.get_config_variable

    def variable(self: Session, name: str, *rest: object) -> object:
        return region if name == "region" else right(self, name, *rest)

    return variable


@pytest.mark.parametrize("answer", [(503, failure("ServiceUnavailable", "later")), (502, "<html>bad gateway</html>")])
def test_an_endpoint_that_fails_is_no_fault_of_the_credentials(profile: Profile, answer: Answer) -> None:
    raised = profile(KEYS, answer)
    assert isinstance(raised, CollectError) and raised.exit_code == 4


@pytest.mark.parametrize("command", ["doctor", "collect", "run"])
def test_an_endpoint_that_cannot_be_reached_has_one_exit_code_everywhere(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
    }.items():
        monkeypatch.setenv(name, value)
    assert ended_with(monkeypatch, command) == 4
    told = capsys.readouterr()
    assert "AWS cannot be reached" in told.out + told.err
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def refused(code: str, message: str) -> ClientError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    return ClientError(answer, "GetAccount")  # type: ignore[arg-type]


def test_a_clock_that_is_wrong_while_reading_may_pass_and_is_named() -> None:
    found = refused("InvalidSignatureException", EXPIRED)
    assert fault_of(found) is Fault.PASSING
    assert "this machine's clock is wrong" in status_of(found)[1]


def test_a_region_that_rejects_one_call_is_no_region_that_is_off(read: Read) -> None:
    rejected = (403, error("UnrecognizedClientException"))
    assert status(read(list_metrics=rejected, metric_data=rejected), "metrics")[0] == "denied"


def test_a_line_break_in_a_credential_is_told_and_not_shown(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "botocore.credentials.Credentials.get_frozen_credentials", lambda self: ("AKIA", "s", "hidden\npart")
    )
    raised = profile(KEYS)
    assert raised.exit_code == 2 and "a line break" in str(raised) and "hidden" not in str(raised)
