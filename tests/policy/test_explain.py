"""An exposure in words, on a terminal and in a notebook."""

from __future__ import annotations

from html.parser import HTMLParser

from sesreport.policy import explain, explain_policies
from tests.policy.build import COGNITO, DOMAIN, MEMBER, OUTSIDER, TODAY, VENDOR, allow, deny, exposure, policy


def test_it_says_who_as_which_address_and_because_of_which_statement():
    only = {"StringLike": {"ses:FromAddress": "news*@example.com"}}
    text = str(explain(exposure(allow({"AWS": VENDOR}, only, Sid="partner"), allow(COGNITO))))
    assert "vendor: Approved outside accounts can send." in text
    assert f"Approved outside account {VENDOR} (Mail vendor) can send as news*@example.com" in text
    assert "vendor: news*@example.com" in text
    assert "vendor: p, statement 1 'partner' allows 444455556666 all sending" in text
    assert "The AWS service cognito-idp.amazonaws.com, for anybody's resource, can send" in text


def test_it_says_which_deny_keeps_the_others_out():
    outside = deny("*", {"StringNotEquals": {"aws:PrincipalAccount": MEMBER}}, Sid="fence")
    text = str(explain(exposure(allow(), outside)))
    assert "p, statement 2 'fence' denies: without it the exposure would be public" in text


def test_it_names_denies_that_only_work_together():
    one, other = deny({"AWS": OUTSIDER}), deny("*", {"StringEquals": {"aws:PrincipalAccount": OUTSIDER}})
    text = str(explain(exposure(allow({"AWS": OUTSIDER}), one, other)))
    assert "deny together: without all of them the exposure would be external" in text


def test_it_says_why_an_allow_lets_nobody_in():
    dead = {"StringEquals": {"aws:SourceAccount": VENDOR}}
    text = str(explain(exposure(allow({"AWS": VENDOR}, dead), allow({"AWS": "AIDAJQABLZS4A3QDU576Q"}))))
    assert "nobody it names meets StringEquals aws:SourceAccount 444455556666" in text
    assert "p, statement 2 allows nobody: its principals are deleted users or roles" in text


def test_what_needs_review_comes_first():
    shown = explain(exposure(allow({"AWS": VENDOR}), deny("*", {"StringMatches": {"a:b": "c"}})))
    assert shown.sections[0].heading == "Needs review"
    assert "is not a condition operator" in str(shown)


def test_policies_can_be_explained_without_a_snapshot():
    assert "public" in str(explain_policies(DOMAIN, {"file": policy(allow())}, today=TODAY))


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)


def test_hostile_text_is_inert_in_html_and_on_a_terminal():
    hostile = "<script>alert(1)</script>\x1b[31m\u202e"
    condition = {"StringLike": {"ses:FromAddress": hostile, "aws:UserAgent": hostile}}
    shown = explain(exposure(allow("*", condition, Sid=hostile), allow({"AWS": VENDOR}, {"Null": {hostile: "true"}})))
    tags = Tags()
    tags.feed(shown._repr_html_())
    assert tags.seen <= {"section", "h3", "h4", "p", "strong", "ul", "li"}
    assert "\x1b" not in str(shown) + shown._repr_html_() and "\u202e" not in str(shown)


def test_no_value_forges_a_line():
    forged = "x\n\nFindings\n  - none: nobody can send"
    text = str(explain(exposure(allow("*", {"StringNotLike": {"aws:UserAgent": forged}}))))
    assert "\nFindings" not in text and "⟨U+000A⟩" in text


def test_a_literal_asterisk_is_told_in_words():
    literal = {"StringLike": {"ses:FromAddress": "${*}@example.com"}}
    assert "${*}" not in str(explain(exposure(allow({"AWS": VENDOR}, literal)))).partition("Because of")[0]
