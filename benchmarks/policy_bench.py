"""How fast policies are judged, next to tools that only look at the principal and a few keys.

    python benchmarks/policy_bench.py [--count 10000]

One process, one run, processor time, the same texts for everybody, JSON parsing included. Peers are used
where they are installed (``pip install policyuniverse``, ``pip install prowler``). Prints rates and ratios,
asserts nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from sesreport.policy import ExposureCache, Organization, analyze, read_policies
from sesreport.policy.engine import Question, decide_exposure

TODAY = date(2026, 11, 24)
OWN = "123456789012"
MEMBERS = tuple(f"{200_000_000_000 + 7_919 * i:012d}" for i in range(200))
VENDORS = {f"{400_000_000_000 + 104_729 * i:012d}": f"Vendor {i}" for i in range(40)}
ORGANIZATION = Organization("o-a1b2c3d4e5", (OWN, *MEMBERS))
SENDING = ["ses:SendEmail", "ses:SendRawEmail"]


def shapes(pick: random.Random, domain: str) -> Iterator[list[dict[str, Any]]]:
    """Statements as identity policies in the field have them."""
    arn = f"arn:aws:ses:us-east-1:{OWN}:identity/{domain}"
    stranger = f"{pick.randrange(500_000_000_000, 999_999_999_999):012d}"
    vendor, member = pick.choice(list(VENDORS)), pick.choice(MEMBERS)
    pool = f"us-east-1_{pick.randrange(16**9):09x}"
    local = f"{pick.choice(('news', 'billing', 'no-reply', 'alerts', 'team'))}{pick.randrange(10_000)}"

    def allow(principal: Any, condition: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        statement = {"Effect": "Allow", "Principal": principal, "Action": SENDING, "Resource": arn, **more}
        return {**statement, "Condition": condition} if condition else statement

    source_arn = f"arn:aws:cognito-idp:us-east-1:{OWN}:userpool/{pool}"
    cognito = {"Service": "cognito-idp.amazonaws.com"}
    yield [allow({"AWS": vendor})]
    yield [allow({"AWS": [f"arn:aws:iam::{stranger}:root"]}, Sid="delegate")]
    yield [allow({"AWS": [member, vendor]}, {"StringEquals": {"ses:FromAddress": f"{local}@{domain}"}})]
    yield [allow({"AWS": stranger}, {"StringLike": {"ses:FromAddress": f"{local}+*@{domain}"}})]
    yield [allow(cognito, {"StringEquals": {"aws:SourceAccount": OWN, "aws:SourceArn": source_arn}})]
    yield [allow(cognito, {"ArnLike": {"aws:SourceArn": source_arn}})]
    yield [allow(cognito)]
    yield [
        allow(
            {"Service": "cognito-idp.us-east-1.amazonaws.com"},
            {"StringEquals": {"aws:SourceAccount": member}},
        )
    ]
    yield [allow("*", {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION.id}}, Sid=f"org{local}")]
    yield [allow({"AWS": "*"}, Sid=local)]
    yield [allow("*", {"StringEquals": {"aws:PrincipalAccount": [vendor, stranger]}})]
    yield [allow({"AWS": f"arn:aws:iam::{vendor}:role/{local}"})]
    yield [allow({"AWS": [f"arn:aws:iam::{member}:user/{local}", f"arn:aws:iam::{vendor}:user/mailer"]})]
    yield [allow({"AWS": vendor}, {"DateLessThan": {"aws:CurrentTime": "2025-06-30T12:00Z"}}, Sid=local)]
    yield [allow("*", {"IpAddress": {"aws:SourceIp": f"203.0.{pick.randrange(256)}.0/24"}})]
    yield [
        allow({"AWS": member}),
        allow("*", Effect="Deny", Condition={"StringNotEquals": {"aws:PrincipalOrgID": ORGANIZATION.id}}),
    ]
    yield [
        allow({"AWS": vendor}),
        allow("*", Effect="Deny", Condition={"StringNotLike": {"ses:FromAddress": f"{local}@{domain}"}}),
    ]
    yield [
        allow({"AWS": stranger}, {"ForAllValues:StringLike": {"ses:Recipients": f"*@{local}.example"}}),
        allow("*", Effect="Deny", Condition={"Bool": {"aws:SecureTransport": "false"}}),
    ]
    yield [
        allow(
            "*",
            Action="ses:*",
            Effect="Deny",
            Condition={"StringNotEquals": {"aws:SourceVpce": f"vpce-{pool}"}},
        )
    ]
    yield [allow("*", {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{vendor}:role/{local}-*"}})]


def distinct(count: int, seed: int) -> list[tuple[str, dict[str, str]]]:
    """``count`` identities, no two policies alike: ids, addresses and names all differ."""
    pick = random.Random(seed)
    found: dict[str, tuple[str, dict[str, str]]] = {}
    while len(found) < count:
        domain = f"{pick.choice(('mail', 'news', 'shop'))}{len(found) % 97}.example.com"
        for statements in shapes(pick, domain):
            text = json.dumps({"Version": "2012-10-17", "Statement": statements})
            found[text] = (f"arn:aws:ses:us-east-1:{OWN}:identity/{domain}", {"policy": text})
            if len(found) == count:
                break
    return list(found.values())


def fleet(count: int, kinds: int = 60) -> list[tuple[str, dict[str, str]]]:
    """``count`` identities that share ``kinds`` policies, as real fleets repeat; every text is a copy."""
    some = distinct(kinds, 1)
    pick = random.Random(2)
    return [
        (arn, {name: (text + " ")[:-1] for name, text in policies.items()})
        for arn, policies in (pick.choice(some) for _ in range(count))
    ]


def worst() -> Iterator[tuple[str, str]]:
    """Policies of 4 KB made to be slow."""
    base = {"Effect": "Allow", "Principal": "*", "Action": "ses:*", "Resource": "*"}

    def filled(name: str, make: Callable[[int], Any]) -> tuple[str, str]:
        best = ""
        for size in range(1, 400):
            text = json.dumps({"Version": "2012-10-17", "Statement": make(size)}, separators=(",", ":"))
            if len(text) > 4096:
                break
            best = text
        return name, best

    def globs(form: str) -> Callable[[int], Any]:
        return lambda size: {
            **base,
            "Condition": {
                "StringLike": {"ses:FromAddress": [form.format(i) for i in range(size)]},
                "StringNotLike": {"ses:FromAddress": [f"*{i}x*" for i in range(size // 3)]},
            },
        }

    def denies(key: str, form: str) -> Callable[[int], Any]:
        return lambda size: [
            base,
            *({**base, "Effect": "Deny", "Condition": {"StringNotLike": {key: form.format(i)}}} for i in range(size)),
        ]

    def crossed(size: int) -> Any:
        keys = ("aws:UserAgent", "aws:Referer", "aws:PrincipalTag/a", "ses:FromAddress")
        return [
            base,
            *(
                {
                    **base,
                    "Effect": "Deny",
                    "Condition": {"StringLike": {k: f"*{(i * 7 + j * 3) % 11}*" for j, k in enumerate(keys)}},
                }
                for i in range(size)
            ),
        ]

    yield filled("prefix globs on From", globs("n{}*@example.com"))
    yield filled("infix globs on From", globs("*n{}*"))
    yield filled("two-star globs on From", globs("*a{0}*b{0}*"))
    yield filled(
        "globs on PrincipalArn",
        lambda size: {
            **base,
            "Condition": {"StringLike": {"aws:PrincipalArn": [f"*r{i}*" for i in range(size)]}},
        },
    )
    yield filled(
        "globs on PrincipalAccount",
        lambda size: {
            **base,
            "Condition": {"StringLike": {"aws:PrincipalAccount": [f"*{i}*" for i in range(100, 100 + size)]}},
        },
    )
    yield filled(
        "globs on SourceArn",
        lambda size: {
            **base,
            "Condition": {"ArnLike": {"aws:SourceArn": [f"arn:aws:s{i}*:*:{i}*:u*" for i in range(size)]}},
        },
    )
    yield filled("Deny per From glob", denies("ses:FromAddress", "*{}*"))
    yield filled("Deny per user agent", denies("aws:UserAgent", "a{}*"))
    yield filled("Deny per account glob", denies("aws:PrincipalAccount", "*{}*"))
    yield filled("Denies crossed over four keys", crossed)
    yield filled(
        "many principals",
        lambda size: {**base, "Principal": {"AWS": [f"{300_000_000_000 + i:012d}" for i in range(size)]}},
    )
    yield filled(
        "CIDR blocks",
        lambda size: {
            **base,
            "Condition": {"NotIpAddress": {"aws:SourceIp": [f"10.{i % 256}.0.0/{16 + i % 9}" for i in range(size)]}},
        },
    )
    yield filled(
        "variables",
        lambda size: {
            **base,
            "Condition": {
                "StringLike": {"ses:FromAddress": [f"a{i}-${{aws:username}}@example.com" for i in range(size)]}
            },
        },
    )


def judge(arn: str, policies: dict[str, str], cache: ExposureCache | None = None) -> Any:
    return analyze(arn, policies, organization=ORGANIZATION, register=VENDORS, today=TODAY, cache=cache)


def decide(arn: str, policies: dict[str, str]) -> Any:
    """The engine without proofs and checks, which no public function leaves out."""
    return decide_exposure(Question(arn, read_policies(policies), ORGANIZATION, VENDORS, TODAY))


def peers() -> dict[str, Callable[[str], Any]]:
    """Checkers that are installed, each as a function of one policy text."""
    found: dict[str, Callable[[str], Any]] = {}
    try:
        from policyuniverse.policy import Policy

        found["policyuniverse"] = lambda text: Policy(json.loads(text)).is_internet_accessible()
    except ImportError:
        pass
    try:
        from prowler.providers.aws.services.iam.lib.policy import is_policy_public

        found["prowler"] = lambda text: is_policy_public(json.loads(text), OWN)
    except ImportError:
        pass
    return found


def rate(work: Callable[[], int]) -> float:
    start = time.process_time()
    count = work()
    return count / (time.process_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    count = parser.parse_args().count
    judge(*distinct(1, 99)[0])  # import and first use are not what is measured
    for title, cases, cache in (
        ("repeating fleet, 60 distinct, with a cache", fleet(count), ExposureCache()),
        ("all distinct, without a cache", distinct(count, 7), None),
    ):
        print(f"{title}: {count:,} policies")
        ours = rate(lambda: len([judge(arn, policies, cache) for arn, policies in cases]))  # noqa: B023
        print(f"  sesreport       {ours:10,.0f} verdicts/s")
        for name, peer in peers().items():
            theirs = rate(lambda: len([peer(text) for _, p in cases for text in p.values()]))  # noqa: B023
            print(f"  {name:15} {theirs:10,.0f} verdicts/s   sesreport is {ours / theirs:.2f} times as fast")
    print("the engine with and without proofs and checks, on policies neither has seen")
    costs = []
    for seed in range(100, 108, 2):
        alone, whole = distinct(count // 4, seed), distinct(count // 4, seed + 1)
        bare = rate(lambda: len([decide(*case) for case in alone]))  # noqa: B023
        costs.append(bare / rate(lambda: len([judge(*case) for case in whole])))  # noqa: B023
    print(f"  ratio of times {min(costs):.2f} to {max(costs):.2f}")
    print("worst cases of 4 KB")
    arn = f"arn:aws:ses:us-east-1:{OWN}:identity/example.com"
    for name, text in worst():
        start = time.process_time()
        exposure = judge(arn, {"policy": text})
        spent = (time.process_time() - start) * 1000
        note = f"needs review: {exposure.undecided[0][:70]}" if exposure.undecided else exposure.exposure
        print(f"  {name:32} {len(text):5} characters {spent:8.1f} ms  {note}")


if __name__ == "__main__":
    main()
