"""Hostile cases: settings and policy texts that are easy to read wrongly. Seeded, so that any one can be made again.

``cases_of(seed, number)`` makes one neighbourhood: identities of one account and Region, each with its policies.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from sesreport.policy import Organization, read_policy
from tests.policy.universe import Setting

MEMBER, VENDOR, OTHER_VENDOR = "222233334444", "444455556666", "777788889999"
OUTSIDER, OTHER, LAST = "111122223333", "333322221111", "610987654321"
ORG, FOREIGN = "o-a1b2c3d4e5", "o-zzzzzzzzzz"
REGISTERS: tuple[Mapping[str, str], ...] = ({}, {VENDOR: "MailVendor", OTHER_VENDOR: "CRM Ltd"})
#: Kinds of organization: none, known by id alone, with members, with nobody but the own account listed.
ORGANIZATIONS = ("none", "id only", "members", "own only")

_PLACES = (
    *(("aws", "us-east-1"),) * 6,
    ("aws", "eu-west-1"),
    ("aws-cn", "cn-north-1"),
    ("aws-us-gov", "us-gov-west-1"),
    ("aws-eusc", "eusc-de-east-1"),
)
_DOMAINS = (
    *("example.com", "x.io", "ab.c", "a.co", "mail.x.io", "x.io.x.io", "com.com", "aa.aa", "role.io"),
    *("Allow.com", "Deny.com", "aws.sid", "ses.Version", "arn.aws", "Statement.Effect", "iam.root"),
    *(f"{OUTSIDER}.com", "o-a1b2c3d4e5.io", "vpc-1.io", "user.mailer.zq"),
)
_LOCALS = ("a", "news", "vpc-a", "vpce-0a1b", OUTSIDER, f"acct-{VENDOR}", "role", "aws", "Allow", "o-a1b2c3d4e5")
_POLICY_NAMES = ("p", "q", "Statement", "Effect", "Allow", "aws:SourceArn", "Version", "*", "${aws:username}", VENDOR)
_SIDS = ("", "a", "Allow", "Deny", "ses:SendEmail", OUTSIDER, ORG, "x.io")


@dataclass(frozen=True)
class Case:
    """One question: who can send through ``identity``, and what stands around it.

    ``near`` maps the ARNs of the other identities of the account and Region to their policies. ``broken`` tells that
    some text is surely not a policy.
    """

    label: str
    identity: str
    organization: Organization
    register: Mapping[str, str]
    policies: Mapping[str, str]
    near: Mapping[str, Mapping[str, str]]
    broken: bool = False

    @property
    def name(self) -> str:
        return self.identity.partition(":identity/")[2]

    @property
    def account(self) -> str:
        return self.identity.split(":")[4]

    @property
    def region(self) -> str:
        return self.identity.split(":")[3]

    @property
    def takers(self) -> tuple[str, ...]:
        """Identities near it that take their address away from its policies: those that can be read in full."""
        if "@" in self.name:
            return ()
        ends = (f"@{self.name}", f".{self.name}")
        return tuple(
            arn
            for arn, policies in self.near.items()
            if "@" in arn and arn.endswith(ends) and policies and all(map(is_readable, policies.items()))
        )

    def setting(self) -> Setting:
        """The same for the universe of requests."""
        return Setting(
            self.identity,
            self.account,
            self.organization.id,
            self.organization.accounts,
            frozenset(self.register),
            frozenset(arn.partition(":identity/")[2] for arn in self.takers),
        )


def is_readable(policy: tuple[str, str]) -> bool:
    name, text = policy
    return not read_policy(text, name).errors


def cases_of(seed: int, number: int) -> list[Case]:
    """The cases of one neighbourhood, one for each of its identities that has policies."""
    return _Maker(seed, number).cases()


class _Maker:
    def __init__(self, seed: int, number: int) -> None:
        self.random = random = Random(f"{seed}/{number}")
        self.number = number
        self.partition, self.region = random.choice(_PLACES)
        # An account of its own for every neighbourhood, so that many fit into one snapshot.
        self.account = (
            f"{random.choice(('8888', '1111', '2222', '0123'))}{(number * 7_654_321 + 88_888_888) % 10**8:08d}"
        )
        kind = ORGANIZATIONS[number % 4]
        self.label = f"{seed}/{number}"
        self.organization = {
            "none": Organization(None),
            "id only": Organization(ORG),
            "members": Organization(ORG, {self.account, MEMBER, "555566667777"}),
            "own only": Organization(ORG, {self.account}),
        }[kind]
        self.register = REGISTERS[number // 4 % 2]
        self.domain = random.choice(_DOMAINS)
        self.names = self._names()
        self.name = self.names[0]
        self.broken: set[str] = set()

    def _names(self) -> list[str]:
        random, domain = self.random, self.domain
        under = [f"{local}@{domain}" for local in _LOCALS] + [f"a@sub.{domain}", f"mail.{domain}"]
        roll = random.random()
        if roll < 0.5:
            return [domain]
        if roll < 0.6:
            return [random.choice(under)]
        return [domain, *random.sample(under, random.choice((1, 1, 2, 3)))]

    def cases(self) -> list[Case]:
        attached = {self.arn(name): self.policies(name) for name in self.names}
        found = []
        for arn, policies in attached.items():
            if policies:
                near = {other: texts for other, texts in attached.items() if other != arn}
                label = f"{self.label} {arn.partition(':identity/')[2]}"
                broken = arn in self.broken
                found.append(Case(label, arn, self.organization, self.register, policies, near, broken))
        return found

    def arn(self, name: str) -> str:
        return f"arn:{self.partition}:ses:{self.region}:{self.account}:identity/{name}"

    # Policies

    def policies(self, name: str) -> dict[str, str]:
        self.name = name
        random = self.random
        count = random.choice((1, 1, 1, 1, 2, 2, 3) if name == self.names[0] else (0, 1, 1, 1, 2))
        return {policy: self.text(name) for policy in random.sample((*_POLICY_NAMES, name), count)}

    def text(self, name: str) -> str:
        random = self.random
        document = self.document()
        if random.random() < 0.96:
            return json.dumps(document, indent=random.choice((None, None, 1)), ensure_ascii=random.random() < 0.8)
        plain = json.dumps(document)
        text = random.choice(_ODD)(plain, random)
        if text == plain:
            return text
        self.broken.add(self.arn(name))
        return text

    def document(self) -> dict[str, Any]:
        random = self.random
        found: dict[str, Any] = {}
        version = random.choice(("2012-10-17",) * 8 + ("2008-10-17", None))
        if version:
            found["Version"] = version
        if random.random() < 0.1:
            found["Id"] = random.choice(_SIDS)
        statements = [self.statement() for _ in range(random.choice((1, 1, 1, 1, 2, 2, 3)))]
        found["Statement"] = statements[0] if len(statements) == 1 and random.random() < 0.2 else statements
        return found

    def statement(self) -> dict[str, Any]:
        random = self.random
        effect = random.choice(("Allow", "Allow", "Allow", "Deny"))
        found: dict[str, Any] = {"Effect": effect}
        if random.random() < 0.15:
            found["Sid"] = random.choice(_SIDS)
        if random.random() < 0.05:
            found["NotPrincipal"] = self.not_principal()
        elif effect == "Deny" and random.random() < 0.7:
            found["Principal"] = "*"
        else:
            found["Principal"] = self.principal()
        found["NotAction" if random.random() < 0.05 else "Action"] = self.action()
        found["NotResource" if random.random() < 0.06 else "Resource"] = self.resources()
        condition = self.condition()
        if condition or random.random() < 0.03:
            found["Condition"] = condition
        return found

    # Elements

    def outside(self) -> str:
        return self.random.choice((self.account, MEMBER, VENDOR, OUTSIDER, OTHER, LAST, OUTSIDER))

    def other_partition(self) -> str:
        if self.random.random() < 0.85:
            return self.partition
        return self.random.choice(("aws", "aws-cn", "aws-us-gov", "aws-iso-b", "aws-eusc", "aws-x"))

    def principal(self) -> Any:
        random = self.random
        roll = random.random()
        if roll < 0.3:
            return random.choice(("*", "*", {"AWS": "*"}, {"AWS": ["*"]}))
        if roll < 0.5:
            name = random.choice(("cognito-idp", "pinpoint", "ses", "lambda.eu-west-1"))
            end = ".cn" if random.random() < 0.25 else ""
            return {"Service": f"{name}.amazonaws.com{end}"}
        if roll < 0.9:
            return {"AWS": self.aws_principal()}
        if roll < 0.93:
            return {"AWS": [self.aws_principal(), self.aws_principal()], "Service": "cognito-idp.amazonaws.com"}
        if roll < 0.95:
            return {"Federated": "accounts.google.com"}
        if roll < 0.97:
            return {"Federated": f"arn:{self.other_partition()}:iam::{self.outside()}:saml-provider/idp"}
        if roll < 0.99:
            return {"AWS": "AIDAJQABLZS4A3QDU576Q"}
        return random.choice(({"AWS": 111122223333}, {"AWS": "arn:aws:iam::*:root"}, {"CanonicalUser": "a"}, {}))

    def aws_principal(self) -> str:
        random, account = self.random, self.outside()
        iam, sts = (f"arn:{self.other_partition()}:{kind}::{account}:" for kind in ("iam", "sts"))
        return random.choice(
            (
                account,
                account,
                f"{iam}root",
                f"{iam}role/mailer",
                f"{iam}role/svc/mail-1",
                f"{iam}role/cdk-hnb659fds-cfn-exec-role-{OTHER}-us-east-1",
                f"{iam}user/bob",
                f"{iam}user/news@{self.domain}",
                f"{iam}user/{self.domain}",
                f"{sts}assumed-role/app/news@{self.domain}",
                f"{sts}assumed-role/app/{OTHER}",
                f"{sts}federated-user/Allow",
            )
        )

    def not_principal(self) -> Any:
        account = self.outside()
        root = f"arn:{self.partition}:iam::{account}:root"
        role = f"arn:{self.partition}:iam::{account}:role/mailer"
        return self.random.choice(({"AWS": [root, role]}, {"AWS": role}, {"AWS": account}, {"AWS": "*"}))

    def action(self) -> Any:
        pool = ("ses:SendEmail", "ses:SendRawEmail", "ses:Send*", "ses:*", "*", "SES:sendemail", "ses:S?ndEmail")
        pool = (*pool, "ses:SendBulkEmail", "ses:GetSendQuota", "ses:SendTemplatedEmail", "ses:*Raw*")
        if self.random.random() < 0.5:
            return ["ses:SendEmail", "ses:SendRawEmail"]
        return self.random.choice(pool)

    def resources(self) -> Any:
        if self.random.random() < 0.15:
            return [self.resource(), self.resource()]
        return self.resource()

    def resource(self) -> str:
        random = self.random
        arn = self.arn(self.name)
        roll = random.random()
        if roll < 0.45:
            return arn
        if roll < 0.55:
            return "*"
        if roll < 0.58:
            return self.arn(random.choice(("x.io", "other.example", self.domain)))
        parts = arn.split(":")
        if roll < 0.75:
            for _ in range(random.choice((1, 1, 2, 3))):
                at = random.randrange(1, 6)
                parts[at] = self.wild(parts[at])
            return ":".join(parts)
        if roll < 0.85:
            cut = random.randrange(5, len(arn))
            return arn[:cut] + "*"
        if roll < 0.96:
            name, account = self.name, self.account
            return random.choice(
                (
                    "arn:*",
                    "arn:aws:ses:*",
                    "arn:aws*:ses:*",
                    f"arn:*:identity/{name}",
                    f"arn:{self.partition}:ses:*:identity/{name}",
                    f"arn:*:{account}:identity/*",
                    f"arn:*:{account[:4]}*:identity/{name}",
                    f"arn:{self.partition}:ses?{self.region}:{account}:identity/{name}",
                    f"arn:{self.partition}:ses:{self.region}:{account}:identity?{name}",
                    f"arn:{self.partition}:ses:{self.region}*identity/{name}",
                    f"arn:{self.partition}:s*s:{self.region}:{account}:identity/{name}",
                    f"arn:*{name}",
                    f"arn:{self.partition}:ses:{self.region}:{account}:*{name[-3:]}",
                    f"arn:{self.partition}:ses:{self.region}:{account}:identity",
                )
            )
        return random.choice(
            (
                self.arn("${aws:username}"),
                arn.replace(self.account, "${aws:PrincipalAccount}"),
                arn.replace(self.account, "${aws:ResourceAccount}"),
                arn.replace(self.region, "${aws:RequestedRegion}"),
            )
        )

    def wild(self, text: str) -> str:
        random = self.random
        at = random.randrange(len(text) + 1)
        return random.choice(
            (
                "*",
                text[:at] + "*",
                "*" + text[at:],
                text[:at] + "*" + text[at:],
                text[: max(at - 1, 0)] + "?" + text[max(at, 1) :],
                "?" * len(text),
                text + "?",
                "**",
            )
        )

    # Conditions

    def condition(self) -> dict[str, Any]:
        random = self.random
        found: dict[str, Any] = {}
        for _ in range(random.choice((0, 0, 1, 1, 1, 1, 2, 2, 3))):
            key = random.choice(_KEYS)
            if random.random() < 0.04:
                found.setdefault("Null", {})[key] = random.choice(("true", "false", True, False))
                continue
            base = random.choice(_OPERATORS.get(key, _STRING))
            qualifier = random.choice(("",) * 7 + ("ForAllValues:", "ForAnyValue:"))
            suffix = "IfExists" if random.random() < 0.15 else ""
            values = [self.value(key) for _ in range(random.choice((1, 1, 1, 2)))]
            written = key.lower() if random.random() < 0.05 else key
            found.setdefault(qualifier + base + suffix, {})[written] = values if len(values) > 1 else values[0]
        if random.random() < 0.004:
            found["StringMatches"] = {"aws:SourceAccount": self.account}
        return found

    def value(self, key: str) -> Any:
        value = self.random.choice(getattr(self, _VALUES[key])())
        if key in ("aws:PrincipalAccount", "aws:SourceAccount", "aws:ResourceAccount", "aws:VpceAccount"):
            if self.random.random() < 0.25 and value.isdecimal() and value[0] != "0":
                return int(value)
        elif value in ("true", "false") and self.random.random() < 0.5:
            return value == "true"
        return value

    def account_values(self) -> tuple[str, ...]:
        account = self.outside()
        return (
            *(account, account, account, self.account, f"{account[:4]}*", f"*{account[-4:]}", f"{account[:-1]}?"),
            *("*", "????????????", "${aws:ResourceAccount}", "${aws:PrincipalAccount}", "none"),
        )

    def principal_arns(self) -> tuple[str, ...]:
        account, partition = self.outside(), self.other_partition()
        iam = f"arn:{partition}:iam::{account}:"
        return (
            *(f"{iam}role/mailer", f"{iam}role/mail*", f"{iam}root", f"{iam}*", f"{iam}user/news@{self.domain}"),
            f"{iam}role/cdk-hnb659fds-cfn-exec-role-{OTHER}-us-east-1",
            *(f"*{account}*", f"*:{account}:*", "*:role/mail*", "*/mailer", "*", f"arn:*:iam::{account}:role/*"),
            *(f"arn:aws*:iam::{account}:*", f"arn:aws-*::{account}:role/mailer", "arn:aws:*", f"*@{self.domain}"),
            f"arn:{self.partition}:iam::${{aws:PrincipalAccount}}:role/mailer",
            f"arn:{self.partition}:iam::${{aws:ResourceAccount}}:*",
            f"arn:{self.partition}:iam::{account[:4]}*:role/mailer",
            f"arn:{self.partition}:sts::{account}:federated-user/*",
        )

    def organization_ids(self) -> tuple[str, ...]:
        return (ORG, ORG, FOREIGN, "o-*", "*", "o-a1b2*", "${aws:ResourceOrgID}", "?-a1b2c3d4e5", "*5")

    def organization_paths(self) -> tuple[str, ...]:
        return (f"{ORG}/*", f"{FOREIGN}/*", "*", f"{ORG}/r-ab12/ou-ab12-11111111/*", "*/r-ab12/*")

    def source_arns(self) -> tuple[str, ...]:
        account, partition = self.outside(), self.other_partition()
        return (
            f"arn:{partition}:cognito-idp:{self.region}:{account}:userpool/*",
            f"arn:{partition}:cognito-idp:{self.region}:{self.account}:userpool/pool-{OTHER}",
            f"arn:{partition}:cognito-idp:*:*:userpool/*",
            f"arn:{partition}:cognito-idp:{self.region}:${{aws:ResourceAccount}}:userpool/*",
            f"arn:*:cognito-idp:{self.region}:{account}:userpool/x",
            *(f"arn:{partition}:*", "*", f"*{self.account}*", "arn:aws:s3:::bucket", f"arn:aws*:*:*:{account}:*"),
        )

    def service_names(self) -> tuple[str, ...]:
        return (
            "cognito-idp.amazonaws.com",
            "cognito-idp.amazonaws.com.cn",
            "pinpoint.amazonaws.com",
            "*.amazonaws.com",
            "*.cn",
            "cognito*",
        )

    def booleans(self) -> tuple[str, ...]:
        return ("true", "false")

    def addresses(self) -> tuple[str, ...]:
        return ("0.0.0.0/0", "::/0", "10.0.0.0/8", "203.0.113.0/24", "198.51.100.7", "128.0.0.0/1", "2001:db8::/32")

    def vpcs(self) -> tuple[str, ...]:
        return ("vpc-11112222", "vpc-*", "vpc-1*", "*", "vp*", "vpc-????????", f"vpc-a@{self.domain}", "vpce-*")

    def endpoints(self) -> tuple[str, ...]:
        return ("vpce-0a1b2c3d", "vpce-*", "*", "vpc-*", "vpce-0*")

    def vpc_arns(self) -> tuple[str, ...]:
        account = self.outside()
        where = f"arn:{self.partition}:ec2:{self.region}"
        return (f"{where}:{account}:vpc/vpc-11112222", f"{where}:{account}:vpc/*", f"{where}:*:vpc/*", "arn:*", "*")

    def times(self) -> tuple[str, ...]:
        return (
            "2021-01-01T00:00:00Z",
            "2026-06-01T00:00:00Z",
            "2027-03-01T00:00:00Z",
            "2030-01-01T00:00:00Z",
            "2026-12-24",
        )

    def free(self) -> tuple[str, ...]:
        return ("mailer", "m*", "*", self.domain, f"vpc-{self.domain}", OUTSIDER)

    def user_names(self) -> tuple[str, ...]:
        return ("bob", "b*", "*", f"news@{self.domain}", "Allow", f"*@{self.domain}")

    def senders(self) -> tuple[str, ...]:
        domain = self.domain
        return (
            *(f"news@{domain}", f"*@{domain}", f"n*@{domain}", f"?@{domain}", "*", f"vpc-alerts@{domain}"),
            *(f"*@*.{domain}", f"acct-{OUTSIDER}@{domain}", f"bounce+{OTHER}@*.{domain}", "*@partner.com"),
            *(f"${{aws:username}}@{domain}", f"${{aws:PrincipalAccount}}@{domain}", f"${{*}}@{domain}", f"a@{domain}"),
            *(self.name, f"*{domain[-4:]}", f"vpc-*@{domain}", f"news-{VENDOR}-*@{domain}"),
        )

    def own_accounts(self) -> tuple[str, ...]:
        return (self.account, self.account, OUTSIDER, "${aws:PrincipalAccount}", "*", f"{self.account[:4]}*")

    def regions(self) -> tuple[str, ...]:
        return (self.region, self.region, "eu-*", "*", "us-east-1")

    def unique_ids(self) -> tuple[str, ...]:
        return ("AROAZZZZZZZZZZZZZZZZZ:*", f"*:news@{self.domain}", f"{OUTSIDER}:*", OUTSIDER, "AIDA*")

    def providers(self) -> tuple[str, ...]:
        return ("accounts.google.com", f"arn:{self.partition}:iam::{OUTSIDER}:saml-provider/idp", "*", "*.google.com")


_VALUES = {
    "aws:PrincipalAccount": "account_values",
    "aws:PrincipalArn": "principal_arns",
    "aws:PrincipalOrgID": "organization_ids",
    "aws:PrincipalOrgPaths": "organization_paths",
    "aws:PrincipalIsAWSService": "booleans",
    "aws:PrincipalServiceName": "service_names",
    "aws:SourceAccount": "account_values",
    "aws:SourceArn": "source_arns",
    "aws:SourceOrgID": "organization_ids",
    "aws:SourceOrgPaths": "organization_paths",
    "aws:SourceIp": "addresses",
    "aws:VpcSourceIp": "addresses",
    "aws:SourceVpc": "vpcs",
    "aws:SourceVpce": "endpoints",
    "aws:SourceVpcArn": "vpc_arns",
    "aws:VpceAccount": "account_values",
    "aws:VpceOrgID": "organization_ids",
    "aws:CurrentTime": "times",
    "aws:SecureTransport": "booleans",
    "aws:ResourceAccount": "own_accounts",
    "aws:ResourceOrgID": "organization_ids",
    "aws:RequestedRegion": "regions",
    "aws:UserAgent": "free",
    "aws:Referer": "free",
    "aws:PrincipalTag/team": "free",
    "aws:username": "user_names",
    "aws:userid": "unique_ids",
    "aws:FederatedProvider": "providers",
    "ses:FromAddress": "senders",
    "ses:FromDisplayName": "free",
    "ses:Recipients": "senders",
}
_OFTEN = ("aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID", "aws:SourceAccount", "aws:SourceArn")
_KEYS = (*_VALUES, *_OFTEN, *_OFTEN, *("ses:FromAddress",) * 6, "aws:SourceVpc", "aws:SourceIp")
_STRING = ("StringEquals", "StringEquals", "StringLike", "StringLike", "StringNotEquals", "StringNotLike")
_STRING = (*_STRING, "StringEqualsIgnoreCase")
_ARN = ("StringEquals", "StringLike", "StringNotLike", "ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals")
_OPERATORS = {
    "aws:PrincipalArn": _ARN,
    "aws:SourceArn": _ARN,
    "aws:SourceVpcArn": _ARN,
    "aws:PrincipalIsAWSService": ("Bool",),
    "aws:SecureTransport": ("Bool",),
    "aws:SourceIp": ("IpAddress", "IpAddress", "NotIpAddress"),
    "aws:VpcSourceIp": ("IpAddress", "NotIpAddress"),
    "aws:CurrentTime": ("DateLessThan", "DateGreaterThan", "DateGreaterThanEquals"),
}


def _duplicate_key(text: str, random: Random) -> str:
    return text.replace('"Effect": ', '"Effect": "Deny", "Effect": ', 1)


def _control_character(text: str, random: Random) -> str:
    return text.replace('"Action": ', f'"Sid": "a{random.choice(chr(1) + chr(9) + chr(10))}b", "Action": ', 1)


def _cut(text: str, random: Random) -> str:
    return text[: random.randrange(len(text))]


def _another_effect(text: str, random: Random) -> str:
    return text.replace('"Effect": "', f'"Effect": "{random.choice((" ", "A"))}', 1)


def _more_after_it(text: str, random: Random) -> str:
    return text + random.choice(("}", ",", "x", "{}"))


def _before_it(text: str, random: Random) -> str:
    return random.choice(("\ufeff", "// policy\n", "[")) + text


def _something_else(text: str, random: Random) -> str:
    return random.choice(("null", "[]", "{}", '""', "1e999", '{"Statement": []}', '{"Statement": NaN}'))


def _single_quotes(text: str, random: Random) -> str:
    return text.replace('"', "'")


_ODD = (
    _duplicate_key,
    _control_character,
    _cut,
    _another_effect,
    _more_after_it,
    _before_it,
    _something_else,
    _single_quotes,
)
