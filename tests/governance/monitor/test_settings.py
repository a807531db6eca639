"""Settings of the functions, and whom they come to know by them."""

from __future__ import annotations

import http.server
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sesreport.core.errors import ConfigError
from sesreport.governance.monitor.known import whom_we_know
from sesreport.governance.monitor.locations import UnreadableError, read_bytes
from sesreport.governance.monitor.settings import MonitorSettings, read_settings
from tests.governance.monitor.cloudtrail import MEMBER, OUTSIDER, OWN, REGION, VENDOR, Account

TODAY = date(2026, 11, 24)
REGISTER = f"account_id,name,expires_at\n{VENDOR},Mailwise,\n{OUTSIDER},Gone,2026-11-23\n"


def test_variables_of_the_prefix_are_settings_and_others_are_not_ours() -> None:
    found = read_settings(
        {
            "SESREPORT_WATCH_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:changes",
            "SESREPORT_WATCH_SECURITY_HUB": "true",
            "SESREPORT_WATCH_REGISTER": "",
            "PATH": "/bin",
        }
    )
    assert found == MonitorSettings(topic_arn="arn:aws:sns:eu-west-1:123456789012:changes", security_hub=True)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TOPIC", "x", "unknown variable 'SESREPORT_WATCH_TOPIC'; did you mean 'SESREPORT_WATCH_TOPIC_ARN'?"),
        ("TOPIC_ARN", "changes", "SESREPORT_WATCH_TOPIC_ARN: 'changes' is not the ARN of an SNS topic"),
        ("SECURITY_HUB", "perhaps", "SESREPORT_WATCH_SECURITY_HUB"),
        ("NOTIFY", "never", "SESREPORT_WATCH_NOTIFY"),
        ("ORGANIZATION_ID", "o-*", "SESREPORT_WATCH_ORGANIZATION_ID"),
    ],
)
def test_a_mistake_in_a_variable_is_said(name: str, value: str, says: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_settings({f"SESREPORT_WATCH_{name}": value})
    assert says in str(error.value) and "\n" not in str(error.value)


def test_a_register_beside_the_function_is_found_and_expired_entries_do_not_count(sdk: str) -> None:
    Path("data").mkdir()
    Path("data/register.csv").write_text(REGISTER)
    assert whom_we_know(MonitorSettings(), today=TODAY).approved("example.com") == {VENDOR: "Mailwise"}


def test_an_account_is_approved_by_any_approval_in_date_that_is_for_the_identity(sdk: str) -> None:
    Path("data").mkdir()
    Path("data/register.csv").write_text(
        "account_id,name,expires_at,identities\n"
        f"{VENDOR},New,,news.example.com\n{VENDOR},Old,2026-11-23,shop.example.com\n{OUTSIDER},Any,,\n"
    )
    known = whom_we_know(MonitorSettings(), today=TODAY)
    assert known.approved("news.example.com") == {VENDOR: "New", OUTSIDER: "Any"}
    assert known.approved("shop.example.com") == {OUTSIDER: "Any"}


def test_a_settings_file_beside_the_function_names_the_register(sdk: str) -> None:
    Path("sesreport.toml").write_text("[paths]\nregister = 'approved.toml'\n")
    Path("approved.toml").write_text(f"[[account]]\naccount_id = '{VENDOR}'\nname = 'Mailwise'\n")
    assert whom_we_know(MonitorSettings(), today=TODAY).approved("example.com") == {VENDOR: "Mailwise"}


def test_a_register_in_s3_is_read(account: Account) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="governance", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="governance", Key="ses/register.csv", Body=REGISTER.encode())
    known = whom_we_know(MonitorSettings(register="s3://governance/ses/register.csv"), today=TODAY)
    assert known.approved("example.com") == {VENDOR: "Mailwise"}


@pytest.mark.parametrize("location", ["none.csv", "s3://nowhere/register.csv", "bad.csv", "http://example.com/r.csv"])
def test_a_register_that_cannot_be_used_approves_nobody_and_is_a_note(account: Account, location: str) -> None:
    Path("bad.csv").write_text("account_id,name\n42,Mailwise\n")
    known = whom_we_know(MonitorSettings(register=location), today=TODAY)
    assert known.approved("example.com") == {}
    assert any("the register cannot be used" in note for note in known.notes)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"account_id,name,expires_at\n310000000001,A,31.12.2026\n", "row 2: expires_at: a date is written YYYY-MM-DD"),
        (b"account_id,name\n310000000001,M\xfcller\n", "row 2: name: is not UTF-8 text"),
        (b'account_id,name\n310000000001,"A\n', "row 2: name: a quote"),
    ],
)
def test_what_a_register_holds_and_cannot_be_read_approves_nobody(account: Account, content: bytes, says: str) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="governance", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="governance", Key="r.CSV", Body=content)
    known = whom_we_know(MonitorSettings(register="s3://governance/r.CSV"), today=TODAY)
    assert known.entries == ()
    assert any(f"(s3://governance/r.CSV, {says}" in note for note in known.notes)


def test_a_register_that_packed_settings_name_has_to_be_there(sdk: str) -> None:
    Path("sesreport.toml").write_text("[paths]\nregister = 'data/regsiter.csv'\n")
    known = whom_we_know(MonitorSettings(), today=TODAY)
    assert known.entries == ()
    assert any("the register cannot be used (data/regsiter.csv: cannot be read" in note for note in known.notes)


def test_no_register_at_all_is_a_note(sdk: str) -> None:
    assert any("no register was found" in note for note in whom_we_know(MonitorSettings(), today=TODAY).notes)


def test_accounts_come_from_a_list_or_a_file(sdk: str) -> None:
    Path("accounts.txt").write_text(f"# ours\n{OWN} shop\n{MEMBER}\n")
    for accounts in (f"{OWN}, {MEMBER}", "accounts.txt"):
        known = whom_we_know(MonitorSettings(accounts=accounts, organization_id="o-a1b2c3d4e5"), today=TODAY)
        assert known.organization.accounts == {OWN, MEMBER} and known.organization.id == "o-a1b2c3d4e5"


def test_a_list_of_accounts_that_cannot_be_read_makes_nobody_a_member(sdk: str) -> None:
    known = whom_we_know(MonitorSettings(accounts=f"none-{MEMBER}.txt"), today=TODAY)
    assert not known.organization.accounts
    assert any("the list of accounts cannot be used" in note for note in known.notes)


def test_organizations_is_asked_where_that_is_wished(account: Account) -> None:
    client = boto3.client("organizations")
    organization = client.create_organization(FeatureSet="ALL")["Organization"]
    created = client.create_account(Email="a@example.com", AccountName="a")["CreateAccountStatus"]["AccountId"]
    known = whom_we_know(MonitorSettings(ask_organizations=True), today=TODAY)
    assert known.organization.id == organization["Id"]
    assert {created, OWN} <= known.organization.accounts


def test_organizations_that_does_not_answer_is_a_note(account: Account) -> None:
    known = whom_we_know(MonitorSettings(ask_organizations=True), today=TODAY)
    assert known.organization.id is None
    assert any("AWS Organizations does not say" in note for note in known.notes)


@pytest.fixture
def https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server with a certificate that this process trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    keyed = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "server.pem").write_bytes(keyed + certificate.public_bytes(pem))
    (tmp_path / "register.csv").write_text(REGISTER)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_register_behind_https_is_read(sdk: str, https: str) -> None:
    known = whom_we_know(MonitorSettings(register=f"{https}/register.csv?version=3"), today=TODAY)
    assert known.approved("example.com") == {VENDOR: "Mailwise"}


def test_a_server_that_is_not_trusted_is_not_read(sdk: str, https: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(UnreadableError, match="CERTIFICATE_VERIFY_FAILED"):
        read_bytes(f"{https}/register.csv")
