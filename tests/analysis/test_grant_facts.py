"""Two grants have the same facts only where they let in the same: an answer counts for one and not for the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from sesreport.analysis.reviews import answerable
from sesreport.findings.examples import Example, allow, deny

VENDOR = "310000000001"
HERE = "arn:aws:ses:eu-west-1:210000000001:identity/example.com"
ELSEWHERE = HERE.replace("example.com", "other.com")
ONLY_NOREPLY = {"StringNotLike": {"ses:FromAddress": "noreply@example.com"}}


def facts(folder: Path, name: str, example: Example) -> set[str]:
    frame = answerable(example.analysis(folder / name))
    return set(frame.loc[frame["identity"] == "example.com", "facts_sha256"])


def recipients(*values: str) -> dict[str, object]:
    return {"ForAllValues:StringLike": {"ses:Recipients": list(values)}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            Example({"p": allow(VENDOR, Condition=recipients("ops@x.example, *"))}),
            Example({"p": allow(VENDOR, Condition=recipients("ops@x.example", "*"))}),
            id="one value with a comma, or two",
        ),
        pytest.param(
            Example({"p": allow(VENDOR), "q": deny("*", Condition=ONLY_NOREPLY, Resource=HERE)}),
            Example({"p": allow(VENDOR), "q": deny("*", Condition=ONLY_NOREPLY, Resource=ELSEWHERE)}),
            id="a Deny for this identity, or for another",
        ),
        pytest.param(
            Example({"p": allow(VENDOR), "q": deny(VENDOR, Condition=recipients("a@x.example"))}),
            Example({"p": allow(VENDOR), "q": deny(VENDOR, Condition=recipients("b@x.example"))}),
            id="what a Deny refuses",
        ),
        pytest.param(
            Example({"p": allow(VENDOR, Resource=HERE)}),
            Example({"p": allow(VENDOR, Resource="*")}),
            id="the resource",
        ),
        pytest.param(
            Example({"p": allow(VENDOR)}, beside={"news@example.com": {"own": deny("*", Resource="*")}}),
            Example({"p": allow(VENDOR)}, beside={"news@example.com": {}}),
            id="an address with a policy of its own",
        ),
    ],
)
def test_what_lets_in_other_requests_has_other_facts(one: Example, other: Example, tmp_path: Path) -> None:
    assert not facts(tmp_path, "one", one) & facts(tmp_path, "other", other)


def test_the_order_of_statements_and_values_and_the_sid_are_no_facts(tmp_path: Path) -> None:
    first = allow(VENDOR, "ses:SendEmail", "ses:SendRawEmail", Condition=recipients("a@x.example", "b@x.example"))
    again = allow(VENDOR, "ses:SendRawEmail", "ses:SendEmail", Condition=recipients("b@x.example", "a@x.example"))
    again["Statement"][0]["Sid"] = "Mail"
    again["Statement"].insert(0, allow("210000000002")["Statement"][0])
    assert facts(tmp_path, "one", Example({"p": first})) == facts(tmp_path, "other", Example({"p": again}))
