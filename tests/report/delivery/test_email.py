"""The summary by e-mail: what it says, who gets it, and that outside text stays text."""

from __future__ import annotations

import dataclasses
import email
import email.policy
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from delivery_aws import OCTOBER, ROLE, Aws

from sesreport.core.errors import DeliveryError, WriteError
from sesreport.kpis import words
from sesreport.kpis.results import NOT_MEASURABLE, Results
from sesreport.report.delivery import DeliveryOutcome, check, deliver
from sesreport.report.delivery import message as module
from sesreport.report.delivery.message import message
from sesreport.report.delivery.parcel import Parcel, open_parcel
from sesreport.settings.config import Config

NOW = datetime(2026, 11, 3, 7, tzinfo=UTC)
BOARD = {
    "from": "reports@example.com",
    "to": ["a@example.com", "b@example.com"],
    "role_arn": ROLE,
    "region": "eu-west-1",
}
HOSTILE = 'Ad"min</td></table><script>alert(1)</script><img src=x onerror=alert(1)>\r\nBcc: evil@example.net\u202e'


def sent(output: Path, *, again: bool = False, **keys: Any) -> DeliveryOutcome:
    (outcome,) = deliver(Config(delivery={"email": [{**BOARD, **keys}]}), OCTOBER, now=NOW, output=output, again=again)
    return outcome


def parsed(raw: str) -> EmailMessage:
    found = email.message_from_string(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


@pytest.fixture
def parcel(output: Path) -> Parcel:
    return open_parcel(output, OCTOBER, now=NOW)


def made(parcel: Parcel, **options: Any) -> EmailMessage:
    given = {"sender": "reports@example.com", "from_name": "", "to": ["board@example.com"], **options}
    return parsed(message(parcel, **given).as_bytes().decode("ascii"))


class Page(HTMLParser):
    """Tags and visible words of the HTML part."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words += data


def test_both_parts_say_headline_verdict_scorecard_and_coverage(parcel: Parcel) -> None:
    mail = made(parcel)
    results = parcel.results
    for said in (Page(part(mail, "html")).words, part(mail, "plain")):
        said = " ".join(said.split())
        for expected in (results.headline, *results.verdict, results.coverage.statement, results.snapshot.sha256[:12]):
            assert expected in said
        for kpi in results.kpis:
            if kpi.headline:
                assert kpi.label in said
                assert words.value_of(kpi) in said
                assert words.judgement(kpi) in said  # a word and a shape, not a color alone
    assert mail["Subject"] == f"Example Corp, October 2026: {results.headline}"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_what_is_not_known_is_shown_as_such_and_never_left_out(parcel: Parcel) -> None:
    results = parcel.results
    unknown = tuple(
        dataclasses.replace(k, value=None, status=NOT_MEASURABLE, headline=False) if k.id == "coverage" else k
        for k in results.kpis
    )
    mail = made(dataclasses.replace(parcel, results=dataclasses.replace(results, kpis=unknown)))
    for said in (Page(part(mail, "html")).words, part(mail, "plain")):
        assert re.search(r"Accounts and Regions read.*?not known.*?not measurable", said, re.DOTALL)


def hostile(results: Results) -> Results:
    decision = dataclasses.replace(results.decisions[0], owner=HOSTILE, decision=HOSTILE)
    kpis = tuple(dataclasses.replace(kpi, label=HOSTILE, reason=HOSTILE, owner=HOSTILE) for kpi in results.kpis)
    return dataclasses.replace(
        results, title=HOSTILE, organization_name=HOSTILE, headline=HOSTILE, verdict=(HOSTILE,), decisions=(decision,),
        kpis=kpis, contact=HOSTILE, classification=HOSTILE,
    )  # fmt: skip


def test_hostile_text_is_text(parcel: Parcel) -> None:
    clean, attacked = made(parcel), made(dataclasses.replace(parcel, results=hostile(parcel.results)))
    tags = Page(part(attacked, "html")).tags
    assert not {"script", "img"} & set(tags)
    assert tags.count("table") == Page(part(clean, "html")).tags.count("table")
    assert "alert(1)" in Page(part(attacked, "html")).words
    assert "\u202e" not in part(attacked, "html") + part(attacked, "plain")
    assert not re.search("^Bcc:", part(attacked, "plain"), re.MULTILINE)


def test_headers_cannot_be_added_to(parcel: Parcel) -> None:
    mail = made(dataclasses.replace(parcel, results=hostile(parcel.results)))
    assert mail["Bcc"] is None
    assert sorted(mail.keys()) == sorted(made(parcel).keys())
    assert "Bcc: evil@example.net" in mail["Subject"]  # on the one line, where it does nothing


def test_every_line_is_short_enough_for_smtp_and_ascii(parcel: Parcel) -> None:
    long = dataclasses.replace(parcel.results, verdict=("é" * 5000,), organization_name="Ü" * 500)
    raw = message(
        dataclasses.replace(parcel, results=long), sender="reports@example.com", from_name="Ünï", to=["b@example.com"]
    ).as_bytes()
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_nothing_is_attached_unless_asked_for(parcel: Parcel) -> None:
    assert list(made(parcel).iter_attachments()) == []
    attached = list(made(parcel, attach=["xlsx", "html"]).iter_attachments())
    assert [a.get_filename() for a in attached] == [f"ses-governance-2026-10.{ending}" for ending in ("xlsx", "html")]
    content = attached[0].get_payload(decode=True)
    assert content == (parcel.folder / "ses-governance-2026-10.xlsx").read_bytes()
    assert len(made(parcel).as_bytes()) < 100_000


@pytest.mark.parametrize("room", [-1, 0])
def test_a_message_that_ses_would_refuse_is_not_sent(
    parcel: Parcel, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    def build() -> int:
        given = {"sender": "reports@example.com", "from_name": "", "to": ["board@example.com"]}
        return len(message(parcel, **given, attach=["xlsx"]).as_bytes())  # type: ignore[arg-type]

    size = build()
    monkeypatch.setattr(module, "LARGEST", size + room)
    if room:
        with pytest.raises(DeliveryError, match="attach fewer documents"):
            build()
    else:
        assert build() == size


def test_attachments_are_measured_before_they_are_read(parcel: Parcel) -> None:
    big = parcel.folder / "ses-governance-2026-10.xlsx"
    with big.open("r+b") as file:
        file.truncate(29_300_000)  # 40.1 MB of base64
    with pytest.raises(DeliveryError, match=r"would be 40\.1 MB once encoded, and SES takes 40 MB"):
        made(parcel, attach=["xlsx"])


def test_the_mail_says_where_the_pack_is(aws: Aws, output: Path, tmp_path: Path) -> None:
    aws.verify("example.com")
    (tmp_path / "share").mkdir()
    delivery = {
        "email": [{**BOARD, "link": "https://example.com/{period}?a=1&b=2"}],
        "folder": [{"path": str(tmp_path / "away")}, {"path": str(tmp_path / "share")}],
    }
    outcomes = deliver(Config(delivery=delivery), OCTOBER, now=NOW, output=output)
    assert [outcome.failed for outcome in outcomes] == [True, False, False]
    mail = parsed(aws.mails[0].raw_data)
    assert 'href="https://example.com/2026-10?a=1&amp;b=2"' in part(mail, "html")
    for said in (part(mail, "html"), part(mail, "plain")):
        assert str(tmp_path / "share" / "2026-10") in said
        assert "away" not in said  # it is not there


def test_ses_is_handed_the_message_and_its_recipients(aws: Aws, output: Path) -> None:
    aws.verify("example.com")
    outcome = sent(output, from_name="SES governance")
    assert not outcome.failed, outcome.said
    (mail,) = aws.mails
    assert mail.source == "reports@example.com"
    assert {"a@example.com", "b@example.com"} == set(mail.destinations)
    assert parsed(mail.raw_data)["From"] == "SES governance <reports@example.com>"


def test_the_same_pack_is_sent_once(aws: Aws, output: Path) -> None:
    aws.verify("example.com")
    sent(output)
    assert "was sent this pack before" in sent(output).said
    assert len(aws.mails) == 1
    sent(output, again=True)
    assert len(aws.mails) == 2


def test_two_deliveries_at_once_send_once(aws: Aws, output: Path) -> None:
    aws.verify("example.com")
    with ThreadPoolExecutor(4) as pool:
        outcomes = [each.result() for each in [pool.submit(sent, output) for _ in range(4)]]
    assert len(aws.mails) == 1
    assert sorted(outcome.said.split(" ")[0] for outcome in outcomes) == ["sent", "was", "was", "was"]


def test_who_is_added_later_gets_it_and_the_others_no_second_one(aws: Aws, output: Path) -> None:
    aws.verify("example.com")
    sent(output)
    assert sent(output, to=["A@example.com", "c@example.com"]).said == "sent to c@example.com; 1 had it before"
    assert set(aws.mails[1].destinations) == {"c@example.com"}


def test_a_pack_that_says_something_else_is_sent(aws: Aws, output: Path) -> None:
    aws.verify("example.com")
    sent(output)
    manifest = output / "2026-10" / "manifest.json"
    content = json.loads(manifest.read_text())
    (output / "2026-10" / "data" / "grants.parquet").unlink()
    del content["files"]["data/grants.parquet"]
    manifest.write_text(json.dumps(content))
    sent(output)
    assert len(aws.mails) == 2


def test_a_rerun_that_says_the_same_is_the_same_pack(output: Path) -> None:
    before = open_parcel(output, OCTOBER, now=NOW)
    manifest = output / "2026-10" / "manifest.json"
    content = json.loads(manifest.read_text())
    (output / "2026-10" / "notebooks").mkdir(exist_ok=True)
    (output / "2026-10" / "notebooks" / "10.ipynb").write_text("{}")
    content["files"]["notebooks/10.ipynb"] = {
        "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "bytes": 2,
    }  # fmt: skip
    content["notebooks"] = {"10": {"seconds": 3.0}}
    manifest.write_text(json.dumps(content))
    assert open_parcel(output, OCTOBER, now=NOW).sha256 == before.sha256


def test_the_receipt_outlives_the_pack_it_is_for(aws: Aws, output: Path) -> None:
    aws.verify("example.com")
    sent(output)
    receipts = json.loads((output / "2026-10.receipts.json").read_text())
    assert [entry["to"] for entry in receipts["sent"]] == BOARD["to"]
    assert receipts["sent"][0]["sent_at"] == "2026-11-03T07:00:00+00:00"
    assert receipts["sent"][0]["message_id"] == aws.mails[0].id


def test_receipts_that_cannot_be_read_send_nothing(aws: Aws, output: Path) -> None:
    aws.verify("example.com")
    (output / "2026-10.receipts.json").write_text("{")
    outcome = sent(output)
    assert outcome.failed
    assert "it is not known who was sent the pack" in outcome.said
    assert aws.mails == []


def test_a_mail_whose_receipt_is_lost_is_told_as_sent(aws: Aws, output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sesreport.report.delivery import receipts

    def full(*_: object) -> None:
        raise WriteError("no space left")

    aws.verify("example.com")
    monkeypatch.setattr(receipts, "write_whole", full)
    outcome = sent(output)
    assert outcome.failed
    assert outcome.said.startswith("sent to a@example.com, b@example.com, but no receipt could be kept")


def test_a_refused_mail_leaves_no_receipt(aws: Aws, output: Path) -> None:
    outcome = sent(output)  # nothing is verified
    assert outcome.failed
    assert "\n" not in outcome.said
    assert not (output / "2026-10.receipts.json").exists()


def test_a_lost_answer_is_not_followed_by_a_second_try(aws: Aws, output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.httpsession import URLLib3Session

    aws.verify("example.com")
    send = URLLib3Session.send

    def lose(self: URLLib3Session, request: Any) -> Any:
        answer = send(self, request)
        if request.url.endswith("/outbound-emails"):
            raise ReadTimeoutError(endpoint_url=request.url)
        return answer

    monkeypatch.setattr(URLLib3Session, "send", lose)
    assert sent(output).failed
    assert len(aws.mails) == 1


@pytest.mark.parametrize("identity", ["reports@mail.example.com", "mail.example.com", "example.com"])
def test_the_address_its_domain_or_a_parent_lets_it_send(aws: Aws, identity: str) -> None:
    aws.verify(identity)
    (outcome,) = check(Config(delivery={"email": [{**BOARD, "from": "reports@mail.example.com"}]}))
    assert not outcome.failed, outcome.said


def test_a_sender_that_is_not_verified_is_told_before_collecting(aws: Aws) -> None:
    aws.client("sesv2").create_email_identity(EmailIdentity="example.com")
    (outcome,) = check(Config(delivery={"email": [BOARD]}))
    assert outcome.failed
    assert "no verified identity in eu-west-1 lets reports@example.com send" in outcome.said
    assert aws.mails == []
