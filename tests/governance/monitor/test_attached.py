"""What the functions read of an identity counts only if SES said it."""

from __future__ import annotations

import os

import pytest

from sesreport.aws.clients import own_client
from sesreport.aws.wire import UnreadableAnswerError
from sesreport.governance.monitor.attached import Attached, attached, identity_names
from tests.collect.double import REGION, Answer, Double, named, running

HTML = (200, "<html>please log in</html>")


@pytest.fixture(autouse=True)
def _sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)


def read(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> Attached:
    with running(Double({"identity": answer})) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        return attached(own_client("sesv2", region=REGION), "a.example.com")


@pytest.mark.parametrize("answer", [HTML, (200, {}), (200, ""), (200, {"Policies": {"p": None}})])
def test_an_answer_that_says_nothing_of_policies_is_not_none(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(answer, monkeypatch)
    assert found.policies is None and not found.gone
    assert found.reason.startswith("GetEmailIdentity: ")


def test_an_identity_without_policies_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read((200, {"Policies": {}, "VerificationStatus": "SUCCESS"}), monkeypatch) == Attached({}, verified=True)


def test_a_list_of_somebody_else_is_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Double({"identities": HTML})) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(UnreadableAnswerError):
            list(identity_names(own_client("sesv2", region=REGION)))
    with running(Double({"identities": (200, {"EmailIdentities": [named("a.example.com")]})})) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        assert list(identity_names(own_client("sesv2", region=REGION))) == ["a.example.com"]
