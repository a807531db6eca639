"""Policies that differ in names alone have the same exposure, up to those names.

Account ids, the identity's domain, literal local parts, role and user names, source resources, organization
ids and statement ids are replaced by standard ones, in the policy's text as it stands. The verdict on the
standard text is then the verdict on every text like it, with the names put back: a permutation of such names
turns each possible request into another possible one, and each statement's answer with it. Where a wildcard,
a variable, an escape or a number could tell two names apart, the name (or the whole text) is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sesreport.policy.evidence import Evidence
from sesreport.policy.exposure import Exposure
from sesreport.policy.scene import Identity, Organization

_STRING = re.compile(r'"([^"\\]*)"')
_SID = re.compile(r'"Sid"\s*:\s*"[ !#-\[\]-~]*"')
_TWELVE = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_ARN = re.compile(r"arn:aws:(iam|sts|[a-z0-9-]+):([a-z0-9-]*):([0-9]{12}):([^*?]+)\Z")
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}\Z")
#: Text in which a number may be an account id or something else, or which is not taken apart here.
_AVOID = re.compile(
    r"\\|\$|[0-9][*?]|[*?][0-9]|Numeric|[Ee][Pp][Oo][Cc][Hh]|Binary|\"Date[A-Za-z]*\"[^}]*\"[0-9]+\""
)
_LOCAL = re.compile(r"[A-Za-z0-9._+-]+\Z")


@dataclass(slots=True)
class Names:
    """Names in the order in which they were met, and what stands for them."""

    accounts: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def next(self, kind: str) -> int:
        number = self.counts.get(kind, 0) + 1
        self.counts[kind] = number
        return number


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard question: the same for all policies that are alike. ``back`` maps standard names to real ones."""

    texts: tuple[tuple[str, str], ...]
    identity_arn: str
    organization: Organization
    register: tuple[str, ...]
    back: dict[str, str]

    @property
    def key(self) -> tuple[object, ...]:
        return self.texts, self.identity_arn, self.organization, self.register


_OURS = "o-ourorganization"


def standardize(
    identity: Identity,
    texts: tuple[tuple[str, str], ...],
    organization: Organization,
    register: Mapping[str, str],
) -> Standard | None:
    """Put standard names in place; None where that could change the verdict."""
    whole = "\n".join([text for _, text in texts])
    if identity.partition != "aws" or not whole.isascii() or _AVOID.search(whole):
        return None
    strings = set(_STRING.findall(whole))
    plan = _plan(strings, identity.name, "gnoreCase" in whole, "sername" in whole)
    names = Names()
    names.accounts[identity.account] = "100000000001"
    mapped: dict[str, str] = {}

    def account(value: str) -> str:
        found = names.accounts.get(value)
        if found is None:
            standing = "2" if value in organization.accounts else "3" if value in register else "4"
            found = names.accounts[value] = f"{standing}{names.next(standing):011d}"
        return found

    def convert(value: str) -> str:
        found = mapped.get(value)
        if found is None:
            found = mapped[value] = _convert(value, identity, organization, names, account, plan)
        return found

    standard = [
        _STRING.sub(lambda match: f'"{convert(match[1])}"', _SID.sub('"Sid":""', text)) for _, text in texts
    ]
    used = names.accounts
    members = [new for old, new in used.items() if old in organization.accounts]
    vendors = [new for old, new in used.items() if new[0] == "3"]
    if any(a not in used for a in organization.accounts):
        members.append("2" + "9" * 11)
    if any(a not in used and a not in organization.accounts for a in register):
        vendors.append("3" + "9" * 11)
    name = plan.name(identity.name)
    back = {new: old for old, new in (*used.items(), *names.others.items())}
    return Standard(
        tuple((f"p{index}", text) for index, text in enumerate(standard)),
        f"arn:aws:ses:{identity.region}:{used[identity.account]}:identity/{name}",
        Organization(None if organization.id is None else _ours(organization, plan), members),
        tuple(sorted(vendors)),
        back,
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """Which kinds of names no pattern of the policies can tell apart."""

    domain: bool
    locals: bool
    people: bool
    resources: bool
    organizations: bool
    networks: bool

    def name(self, real: str) -> str:
        if not self.domain:
            return real
        local, at, _ = real.partition("@")
        return f"{'sender' if self.locals else local}@standard.example" if at else "standard.example"


def _plan(strings: set[str], name: str, any_case: bool, user_names: bool) -> Plan:
    domain = name.partition("@")[2] or name
    tail = f"@{domain}"
    mail = local = people = resources = organizations = networks = not any_case
    at = 0
    for text in strings:
        wild = "*" in text or "?" in text
        if text.startswith("arn:"):
            if text.startswith("arn:aws:ses:"):
                mail = mail and (
                    not wild or text.split(":", 5)[-1] in ("*", "identity/*", f"identity/{name}")
                )
            elif wild:
                kind = text.split(":", 3)[2] if text.startswith("arn:aws:") else "*"
                people = people and kind not in ("iam", "sts") and "*" not in kind and "?" not in kind
                resources = resources and kind in ("iam", "sts")
            people = people and not text.startswith("arn:aws:sts:")
        elif text.startswith("o-"):
            organizations = organizations and (text == "o-*" or _ORGANIZATION.match(text) is not None)
        elif text.startswith("vpc"):
            networks = networks and not wild
        elif "@" in text:
            at += 1
            if wild and _ends(text, tail):
                local = local and text == f"*{tail}"
            elif wild:
                mail = networks = False
        elif wild and text != "*" and not text.lower().startswith("ses:"):
            mail = networks = False
        if domain in text and not _bounded(text, domain):
            mail = False
        if "standard.example" in text:
            mail = False
    return Plan(
        mail, mail and (local or at == 1), people and not user_names, resources, organizations, networks
    )


def _ends(text: str, tail: str) -> bool:
    return text.endswith(tail) and "@" not in text[: -len(tail)]


def _bounded(text: str, domain: str) -> bool:
    return (
        text.endswith(domain)
        and text.count(domain) == 1
        and (text == domain or text[-len(domain) - 1] in "@/")
    )


def _ours(organization: Organization, plan: Plan) -> str | None:
    return _OURS if plan.organizations else organization.id


def _convert(
    value: str,
    identity: Identity,
    organization: Organization,
    names: Names,
    account: Callable[[str], str],
    plan: Plan,
) -> str:
    if len(value) < 12:
        return value
    if _ACCOUNT.match(value):
        return account(value)
    if value.startswith("arn:"):
        return _convert_arn(value, identity, names, account, plan)
    if value.startswith("vpc") and plan.networks:
        kind = "vpce" if value.startswith("vpce-") else "vpc"
        return _other(names, value, lambda n: f"{kind}-network{n}", "v")
    if value.startswith("o-") and plan.organizations and _ORGANIZATION.match(value):
        if value == organization.id:
            return _OURS
        return _other(names, value, lambda n: f"o-foreign{n:07d}", "o")
    if plan.domain and value.endswith(identity.name) and "@" in value:
        if "@" in identity.name:
            return plan.name(identity.name) if value == identity.name else value
        local = value[: -len(identity.name) - 1]
        if plan.locals and value == f"{local}@{identity.name}":
            star = "*" if local.endswith("*") and len(local) > 1 else ""
            if _LOCAL.match(local.removesuffix("*")):
                return _other(names, value, lambda n: f"local{n}{star}@{plan.name(identity.name)}", "l")
        return f"{local}@{plan.name(identity.name)}"
    return _TWELVE.sub(lambda match: account(match[0]), value)


def _convert_arn(
    value: str, identity: Identity, names: Names, account: Callable[[str], str], plan: Plan
) -> str:
    if value == identity.arn:
        return (
            f"arn:aws:ses:{identity.region}:{account(identity.account)}:identity/{plan.name(identity.name)}"
        )
    match = _ARN.match(value)
    if match:
        kind, region, owner, rest = match.groups()
        if kind == "iam" and plan.people and rest[:5] in ("role/", "user/") and _plain(rest[5:]):
            rest = _other(names, rest, lambda n: f"{rest[:5]}name{n}", "r")
            return f"arn:aws:iam:{region}:{account(owner)}:{rest}"
        if kind not in ("iam", "sts", "ses") and plan.resources:
            head, slash, tail = rest.partition("/")
            if slash and _plain(tail) and head.isalpha():
                rest = _other(names, rest, lambda n: f"{head}/resource{n}", "s")
                return f"arn:aws:{kind}:{region}:{account(owner)}:{rest}"
    return _TWELVE.sub(lambda found: account(found[0]), value)


def _plain(text: str) -> bool:
    return bool(_LOCAL.match(text)) and not _TWELVE.search(text)


def _other(names: Names, value: str, make: Callable[[int], str], kind: str) -> str:
    found = names.others.get(value)
    if found is None:
        found = names.others[value] = make(names.next(kind))
    return found


def put_back(found: Exposure, standard: Standard, identity: Identity, evidence: Evidence) -> Exposure:
    """The exposure of a standard question in the names of the real one."""
    back = standard.back
    return Exposure(
        identity.arn,
        found.exposure,
        found.public,
        frozenset([back[account] for account in found.external_accounts]),
        frozenset([back.get(one, one) for one in found.external_orgs]),
        found.services,
        found.guarded,
        frozenset([back[account] for account in found.service_accounts]),
        found.any_from_address,
        tuple(
            [back.get(one) or one.replace("standard.example", identity.name) for one in found.from_patterns]
        ),
        found.limited_by,
        (),
        (),
        evidence,
    )
