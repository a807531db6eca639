"""Random policies from a vocabulary small enough that the universe of requests covers it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.policy.universe import Setting

OWN, MEMBER, VENDOR, OUTSIDER, OTHER = (
    "123456789012",
    "222233334444",
    "444455556666",
    "111122223333",
    "333322221111",
)
ORG, FOREIGN = "o-a1b2c3d4e5", "o-zzzzzzzzzz"
ACCOUNTS = (OWN, MEMBER, VENDOR, OUTSIDER, OTHER)

SETTINGS = tuple(
    Setting(
        f"arn:aws:ses:us-east-1:{OWN}:identity/{name}",
        OWN,
        org,
        members,
        frozenset({VENDOR}),
    )
    for name in ("example.com", "sender@example.com")
    for org, members in ((ORG, frozenset({MEMBER})), (ORG, frozenset()), (None, frozenset()))
)


def values_of(name: str) -> tuple[Any, ...]:
    """What policies compare a key with."""
    return _VALUES[name]


def _globs(account: str) -> list[str]:
    return [account, f"{account[:4]}*", f"*{account[-4:]}", f"{account[:-1]}?"]


_ACCOUNT_VALUES: tuple[Any, ...] = (
    *("*", "????????????", "${aws:ResourceAccount}", int(OUTSIDER), int(VENDOR)),
    *(glob for account in ACCOUNTS for glob in _globs(account)),
)
_VALUES: dict[str, tuple[Any, ...]] = {
    "aws:PrincipalAccount": _ACCOUNT_VALUES,
    "aws:SourceAccount": _ACCOUNT_VALUES,
    "aws:PrincipalArn": (
        "arn:aws:iam::*:role/Mailer",
        "arn:aws:iam::*:root",
        "arn:aws:iam::${aws:PrincipalAccount}:user/*",
        f"*{OUTSIDER}*",
        f"arn:aws:*::{OUTSIDER}:role/*",
        f"arn:aws:iam::{OUTSIDER}:role/mail-*",
        f"arn:aws:iam::{VENDOR}:*",
        f"arn:aws:iam::{VENDOR}:root",
        f"arn:aws:iam::{MEMBER}:role/svc/mail-1",
        f"arn:aws:sts::{OUTSIDER}:assumed-role/*",
        f"arn:aws:sts::{VENDOR}:federated-user/*",
        f"arn:aws-cn:iam::{OUTSIDER}:role/*",
        f"arn:aws*:iam::{VENDOR}:*",
        "arn:aws:iam::${aws:ResourceAccount}:role/Mailer",
        "arn:aws:*",
        "*",
    ),
    "aws:PrincipalOrgID": (ORG, FOREIGN, "o-*", "o-a1b2*", "*"),
    "aws:PrincipalOrgPaths": (f"{ORG}/*", f"{FOREIGN}/*", f"{ORG}/r-ab12/ou-ab12-11111111/*", "*"),
    "aws:SourceOrgID": (ORG, FOREIGN, "o-*"),
    "aws:SourceArn": (
        "arn:aws:*",
        "arn:aws:cognito-idp:*:*:userpool/*",
        f"arn:aws:cognito-idp:us-east-1:{OWN}:userpool/*",
        f"arn:aws:cognito-idp:*:{OUTSIDER}:userpool/x",
        f"arn:aws:cognito-idp:us-east-1:{OTHER[:4]}*:userpool/*",
        f"arn:aws-cn:cognito-idp:*:{OUTSIDER}:userpool/x",
        "arn:aws:cognito-idp:us-east-1:${aws:ResourceAccount}:userpool/*",
        "arn:aws:s3:::bucket",
    ),
    "aws:PrincipalIsAWSService": ("true", "false", True, False),
    "aws:PrincipalServiceName": (
        "cognito-idp.amazonaws.com",
        "cognito-idp.amazonaws.com.cn",
        "pinpoint.amazonaws.com",
    ),
    "aws:ResourceAccount": (OWN, OUTSIDER, int(OWN)),
    "aws:RequestedRegion": ("us-east-1", "eu-*"),
    "aws:SecureTransport": ("true", "false", False),
    "aws:SourceIp": ("0.0.0.0/0", "::/0", "128.0.0.0/1", "10.0.0.0/8", "203.0.113.0/24", "198.51.100.7"),
    "aws:SourceVpc": ("vpc-11112222", "vpc-*"),
    "aws:SourceVpce": ("vpce-0a1b2c3d", "vpce-*"),
    "aws:VpceAccount": (OWN, OUTSIDER, "1111*", "${aws:ResourceAccount}"),
    "aws:VpceOrgID": (ORG, "o-*"),
    "aws:SourceVpcArn": (f"arn:aws:ec2:us-east-1:{OWN}:vpc/vpc-11112222", "arn:aws:ec2:*:*:vpc/*"),
    "aws:CurrentTime": (
        "2021-01-01T00:00:00Z",
        "2026-06-01T00:00:00Z",
        "2027-03-01T00:00:00Z",
        "2030-01-01T00:00:00Z",
    ),
    "aws:UserAgent": ("mailer", "m*", "*"),
    "aws:Referer": ("mailer", "m*", "*"),
    "aws:PrincipalTag/team": ("mailer", "m*", "*"),
    "aws:username": ("mailer", "m*", "*"),
    "ses:FromAddress": (
        "*",
        "*@example.com",
        "a*@example.com",
        "*b@example.com",
        "*admin*",
        "?@example.com",
        "news@example.com",
        "${aws:username}@example.com",
    ),
}

_STRING = ("StringEquals", "StringLike", "StringNotEquals", "StringNotLike", "StringEqualsIgnoreCase")
_OPERATORS = {
    "aws:PrincipalArn": (*_STRING[:4], "ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals"),
    "aws:SourceArn": ("StringEquals", "StringLike", "ArnLike", "ArnEquals", "ArnNotLike"),
    "aws:SourceVpcArn": ("StringEquals", "StringLike", "ArnLike", "ArnNotEquals"),
    "aws:PrincipalIsAWSService": ("Bool",),
    "aws:SecureTransport": ("Bool",),
    "aws:SourceIp": ("IpAddress", "NotIpAddress"),
    "aws:CurrentTime": ("DateLessThan", "DateGreaterThan", "DateGreaterThanEquals"),
}
#: Keys drawn more often, for what real policies look like.
_OFTEN = (
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalOrgID",
    "aws:SourceAccount",
    "ses:FromAddress",
)
_KEYS = (*_VALUES, *_OFTEN, "ses:FromAddress")


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    """A Condition element of up to three conditions."""
    found: dict[str, Any] = {}
    for _ in range(draw(st.sampled_from((0, 1, 1, 1, 2, 2, 3)))):
        key = draw(st.sampled_from(_KEYS))
        if draw(st.integers(0, 7)) == 0:
            found.setdefault("Null", {})[key] = draw(st.sampled_from(("true", "false")))
            continue
        base = draw(st.sampled_from(_OPERATORS.get(key, _STRING)))
        qualifier = draw(st.sampled_from(("", "", "", "", "ForAllValues:", "ForAnyValue:")))
        suffix = draw(st.sampled_from(("", "", "", "IfExists")))
        values = draw(st.lists(st.sampled_from(_VALUES[key]), min_size=1, max_size=3, unique=True))
        found.setdefault(qualifier + base + suffix, {})[key] = values if len(values) > 1 else values[0]
    return found


def _principals() -> tuple[Any, ...]:
    found: list[Any] = ["*", {"AWS": "*"}, {"AWS": ["*"]}]
    for account in ACCOUNTS:
        iam, sts = f"arn:aws:iam::{account}:", f"arn:aws:sts::{account}:"
        names = [account, f"{iam}root", f"{iam}role/svc/mail-1", f"{iam}user/bob"]
        names += [f"{sts}assumed-role/app/sess", f"{sts}federated-user/fu"]
        found += [{"AWS": name} for name in names]
        found.append({"AWS": [names[2], OTHER], "Service": "cognito-idp.amazonaws.com"})
        found.append({"AWS": f"arn:aws-cn:iam::{account}:role/svc/mail-1"})
    found += [{"Service": f"{name}.amazonaws.com"} for name in ("cognito-idp", "pinpoint")] * 4
    found.append({"Service": "cognito-idp.amazonaws.com.cn"})
    found += [{"AWS": "AIDAJQABLZS4A3QDU576Q"}, {"Federated": "accounts.google.com"}]
    found.append({"Federated": f"arn:aws:iam::{OUTSIDER}:saml-provider/idp"})
    return (*found, *["*"] * 25)


_PRINCIPALS = _principals()
_NOT_PRINCIPALS = tuple(
    {"AWS": names}
    for account in ACCOUNTS
    for root, role in [(f"arn:aws:iam::{account}:root", f"arn:aws:iam::{account}:role/svc/mail-1")]
    for names in ([root, role], [role], [root])
)
_ACTIONS = (
    "*",
    "ses:*",
    "ses:Send*",
    "ses:S?ndEmail",
    "SES:SENDRAWEMAIL",
    "ses:SendEmail",
    "ses:*Raw*",
    "ses:Send*Templated*",
    "ses:GetSendQuota",
)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    """One statement."""
    found: dict[str, Any] = {"Effect": draw(st.sampled_from(("Allow", "Allow", "Allow", "Deny", "Deny")))}
    if draw(st.integers(0, 11)) == 0:
        found["NotPrincipal"] = draw(st.sampled_from(_NOT_PRINCIPALS))
    elif found["Effect"] == "Deny" and draw(st.integers(0, 2)):
        found["Principal"] = "*"
    else:
        found["Principal"] = draw(st.sampled_from(_PRINCIPALS))
    element = "NotAction" if draw(st.integers(0, 11)) == 0 else "Action"
    found[element] = draw(st.lists(st.sampled_from(_ACTIONS), min_size=1, max_size=2, unique=True))
    found["Resource"] = "*"
    condition = draw(conditions())
    if condition:
        found["Condition"] = condition
    return found


@st.composite
def documents(draw: st.DrawFn, most: int = 3) -> dict[str, Any]:
    """One policy."""
    version = draw(st.sampled_from(("2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17", None)))
    found: dict[str, Any] = {"Statement": draw(st.lists(statements(), min_size=1, max_size=most))}
    return {"Version": version, **found} if version else found


settings = st.sampled_from(SETTINGS)
