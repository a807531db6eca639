"""Which accounts and Regions are read: none is missed in silence, none is counted twice."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from double import OWN, REGION, Answer, Double, named, running

from sesreport.analysis import analyze
from sesreport.analysis.basis import place_basis
from sesreport.collect.run import check_region_names, collect
from sesreport.core.errors import CollectError, ConfigError
from sesreport.settings.config import Config
from sesreport.snapshot.store import Snapshot, load, snapshots

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
Read = Callable[..., Snapshot]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Collects one account in one Region from a double that answers as told."""

    def make(*, organization: bool = False, settings: dict[str, object] | None = None, **answers: object) -> Snapshot:
        double = Double({name.replace("_", "-"): answer for name, answer in answers.items()})  # type: ignore[misc]
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        with running(double) as url:
            monkeypatch.setenv("AWS_ENDPOINT_URL", url)
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
            monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
            monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
            config = Config.model_validate(
                {
                    "organization": {"regions": [REGION]},
                    "collect": {"pace": 0, "max_attempts": 2, "datasets_skip": ["costs"]},
                    "paths": {"snapshots": str(tmp_path)},
                    **(settings or {}),
                }
            )
            return load(collect(config, clock=lambda: NOW, single_account=not organization))

    return make


def status(snapshot: Snapshot, dataset: str) -> tuple[str, str]:
    rows = snapshot.coverage[snapshot.coverage["dataset"] == dataset]
    assert len(rows) == 1, dataset
    row = rows.iloc[0]
    return row["status"], "" if pd.isna(row["reason"]) else row["reason"]


def error(code: str, message: str = "no") -> dict[str, str]:
    return {"__type": code, "message": message}


def test_what_two_pages_both_list_is_read_once(read: Read) -> None:
    def pages(path: str, parameters: dict[str, str]) -> Answer:
        first = "NextToken" not in parameters
        addresses = [{"Ip": ip, "WarmupStatus": "DONE", "WarmupPercentage": 100} for ip in ("192.0.2.1", "192.0.2.2")]
        return 200, {"DedicatedIps": addresses if first else addresses[1:], **({"NextToken": "1"} if first else {})}

    snapshot = read(dedicated_ips=pages)
    assert snapshot.dedicated_ips["ip"].tolist() == ["192.0.2.1", "192.0.2.2"]
    assert status(snapshot, "dedicated_ips")[0] == "ok"


def test_a_dataset_skipped_twice_is_skipped_once(read: Read) -> None:
    snapshot = read(settings={"collect": {"pace": 0, "datasets_skip": ["costs", "costs", "changes"]}})
    assert snapshot.coverage.loc[snapshot.coverage["status"] == "skipped", "dataset"].tolist() == ["changes", "costs"]


def test_a_region_that_does_not_exist_is_an_error_not_a_disabled_one(read: Read) -> None:
    with pytest.raises(ConfigError, match="SES has no Region 'eu-wset-1'; did you mean 'eu-west-1'"):
        read(settings={"organization": {"regions": ["eu-wset-1"]}})


def test_the_region_of_an_exception_is_checked_too() -> None:
    excepted = {"rule": "x", "reason": "y", "expires": "2027-01-01", "region": "eu-wset-1"}
    with pytest.raises(ConfigError, match=r"^findings\.exceptions\.0\.region: SES has no Region 'eu-wset-1'; did you"):
        check_region_names(Config.model_validate({"findings": {"exceptions": [excepted]}}))


def test_an_organization_of_one_is_read(read: Read) -> None:
    snapshot = read(organization=True)
    assert snapshot.accounts["organization_id"].tolist() == ["o-exampleorg1"]
    assert place_basis(snapshot.coverage, ("identities", "policies")).share == 1


def test_an_account_that_moved_while_it_was_listed_is_one_account(read: Read) -> None:
    def units(path: str, parameters: dict[str, str]) -> Answer:
        found = [{"Id": "ou-1", "Name": "Prod"}] if parameters["ParentId"] == "r-1" else []
        return 200, {"OrganizationalUnits": found}

    snapshot = read(organization=True, ListOrganizationalUnitsForParent=units)
    assert snapshot.accounts["ou_path"].tolist() == ["Root/Prod"]


@pytest.mark.parametrize(
    ("operation", "answer", "says"),
    [
        (
            "DescribeOrganization",
            (400, error("TooManyRequestsException")),
            "accounts could not be listed, .*TooManyRequests",
        ),
        ("ListAccountsForParent", (500, error("ServiceException")), "accounts could not be listed, .*ServiceException"),
        ("ListRoots", (200, "not JSON"), "accounts could not be listed, .*nothing could be read"),
        ("ListAccountsForParent", (200, {"Accounts": [{"Name": "no id"}]}), "accounts could not be listed, .*'Id'"),
        ("DescribeOrganization", (400, error("AccessDeniedException")), "may not list .* --single-account"),
    ],
)
def test_without_all_accounts_there_is_no_snapshot(
    read: Read, operation: str, answer: Answer, says: str, tmp_path: Path
) -> None:
    with pytest.raises(CollectError, match=says):
        read(organization=True, **{operation: answer})
    assert snapshots(tmp_path) == []


def test_no_organization_at_all_is_a_single_account(read: Read) -> None:
    snapshot = read(organization=True, DescribeOrganization=(400, error("AWSOrganizationsNotInUseException")))
    assert snapshot.accounts["account_id"].tolist() == [OWN]
    assert not snapshot.accounts["in_organization"].any()


def test_when_no_account_can_be_entered_its_places_are_still_expected(read: Read) -> None:
    accounts = [{"Id": OWN, "Name": "own", "Status": "ACTIVE"}, {"Id": "210000000002", "Status": "ACTIVE"}]
    denied = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
    snapshot = read(
        organization=True,
        settings={"organization": {"regions": [REGION], "accounts_include": ["210000000002"]}},
        ListAccountsForParent=(200, {"Accounts": accounts}),
        AssumeRole=(403, denied),
    )
    basis = place_basis(snapshot.coverage, ("identities", "policies"))
    assert (basis.read, basis.expected) == (0, 2)
    whole = snapshot.coverage[snapshot.coverage["dataset"] == "everything"].set_index("account_id")["status"]
    assert whole.to_dict() == {OWN: "skipped", "210000000002": "denied"}


def test_a_policy_that_is_no_text_leaves_its_identity_to_be_reviewed(read: Read) -> None:
    entries = (200, {"EmailIdentities": [named("a.example.com")]})
    snapshot = read(identities=entries, identity=(200, {"Policies": {"p": 5}, "IdentityType": "DOMAIN"}))
    assert status(snapshot, "policies")[0] == "error"
    made = analyze(snapshot)
    assert made.exposures["needs_review"].all()
    assert made.exposures["exposure"].isna().all()
    assert "unread_policies" in set(made.findings["rule"])


def test_an_enabled_region_that_rejects_the_credentials_is_a_gap(read: Read) -> None:
    rejected = (403, error("UnrecognizedClientException", "The security token is invalid"))
    snapshot = read(lookup_events=rejected, dedicated_ips=rejected, identities=rejected, account=rejected)
    found, reason = status(snapshot, "everything")
    assert found == "denied"
    assert reason.endswith("(the Region is enabled)")
    basis = place_basis(snapshot.coverage, ("identities", "policies"))
    assert (basis.read, basis.expected) == (0, 1)


def test_a_region_named_twice_is_read_once(read: Read) -> None:
    snapshot = read(settings={"organization": {"regions": [REGION, REGION]}})
    assert not snapshot.coverage.duplicated(["account_id", "region", "dataset"]).any()
    assert place_basis(snapshot.coverage, ("identities", "policies")).expected == 1
