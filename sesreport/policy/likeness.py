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
from sesreport.policy.grammar import OPERATORS
from sesreport.policy.keys import KEY_NAMES
from sesreport.policy.scene import SENDING_ACTIONS, Identity, Organization

_TWELVE = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_ARN = re.compile(r"arn:aws:(iam|sts|[a-z0-9-]+):([a-z0-9-]*):([0-9]{12}):([^*?]+\*?)\Z")
_BEGINNING = re.compile(r"arn:aws:iam::[0-9]{12}:(?:role|user)/[A-Za-z0-9._+-]+\*\Z")
_BLOCK = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3}){3})/([0-9]{1,2})\Z")
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}\Z")
_DATES = re.compile(r'"Date[A-Za-z]*"[^}]*"[0-9]+"')
_DIGIT_GLOB = re.compile(r"[0-9][*?]|[*?][0-9]")
#: Text that stays as it is: element names, operators, keys and the commonest values.
_WORDS = frozenset(
    {
        *(
            "Version",
            "Id",
            "Statement",
            "Sid",
            "Effect",
            "Allow",
            "Deny",
            "Principal",
            "NotPrincipal",
            "Action",
        ),
        *("NotAction", "Resource", "NotResource", "Condition", "AWS", "Service", "Federated", "", "*"),
        *("2012-10-17", "2008-10-17", "true", "false", "ses:*", "ses:Send*", "ses:SendBulkEmail"),
        *SENDING_ACTIONS,
        *OPERATORS,
        *KEY_NAMES,
    }
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


def _avoided(whole: str) -> bool:
    """Whether numbers may be account ids or something else, or there is what is not taken apart here."""
    if "\\" in whole or "$" in whole or "Numeric" in whole or "poch" in whole or "Binary" in whole:
        return True
    return '"Date' in whole and _DATES.search(whole) is not None


def _drop_sids(split: list[list[str]]) -> None:
    for parts in split:
        for index in range(1, len(parts) - 2, 2):
            if parts[index] == "Sid" and parts[index + 1].strip() == ":":
                parts[index + 2] = ""


@dataclass(frozen=True, slots=True)
class Standard:
    """A question that is the same for all policies alike; ``back`` maps standard names to real ones."""

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
    if identity.partition != "aws" or not whole.isascii() or _avoided(whole):
        return None
    split = [text.split('"') for _, text in texts]
    _drop_sids(split)
    strings = {part for parts in split for part in parts[1::2] if part not in _WORDS}
    plan = _plan(strings, identity.name, "gnoreCase" in whole, "sername" in whole)
    if plan is None:
        return None
    names = Names()
    names.accounts[identity.account] = "100000000001"

    def account(value: str) -> str:
        found = names.accounts.get(value)
        if found is None:
            standing = "2" if value in organization.accounts else "3" if value in register else "4"
            found = names.accounts[value] = f"{standing}{names.next(standing):011d}"
        return found

    mapped: dict[str, str] = {}
    standard = []
    for parts in split:
        for index in range(1, len(parts), 2):
            value = parts[index]
            if value not in _WORDS:
                found = mapped.get(value)
                if found is None:
                    found = mapped[value] = _convert(value, identity, organization, names, account, plan)
                parts[index] = found
        standard.append('"'.join(parts))
    used = names.accounts
    members = [new for old, new in used.items() if old in organization.accounts]
    vendors = [new for old, new in used.items() if new[0] == "3"]
    if any(a not in used for a in organization.accounts):
        members.append("2" + "9" * 11)
    if any(a not in used and a not in organization.accounts for a in register):
        vendors.append("3" + "9" * 11)
    name = plan.name(identity.name)
    back = {new: old for old, new in (*used.items(), *names.others.items())} | {name: identity.name}
    back |= {_literal(new): _literal(old) for new, old in back.items() if "*" in new}
    return Standard(
        tuple((f"p{index}", text) for index, text in enumerate(standard)),
        f"arn:aws:ses:{identity.region}:{used[identity.account]}:identity/{name}",
        Organization(None if organization.id is None else _ours(organization, plan), members),
        tuple(sorted(vendors)),
        back,
    )


@dataclass(slots=True)
class Plan:
    """Which kinds of names no pattern of the policies can tell apart.

    The counts say how many different strings of a kind there are: a lone one has nothing to be told apart
    from.
    """

    domain: bool
    locals: bool
    people: bool
    resources: bool
    organizations: bool
    networks: bool
    own_mail: int = 0
    other_mail: int = 0
    callers: int = 0
    addresses: int = 0

    def name(self, real: str) -> str:
        if not self.domain:
            return real
        local, at, _ = real.partition("@")
        return f"{'sender' if self.locals else local}@{_DOMAIN}" if at else _DOMAIN


_DOMAIN = "standard.example"


def _plan(strings: set[str], name: str, any_case: bool, user_names: bool) -> Plan | None:
    domain = name.partition("@")[2] or name
    plan = Plan(*[not any_case] * 6)
    lone_caller = lone_mail = False
    for text in strings:
        wild = "*" in text or "?" in text
        if wild and _DIGIT_GLOB.search(text):
            return None
        if text.startswith("arn:"):
            lone_caller |= _plan_arn(plan, text, name, wild)
        elif "@" in text:
            lone_mail |= _plan_mail(plan, text, domain, wild)
        elif text.startswith("o-"):
            plan.organizations &= text == "o-*" or _ORGANIZATION.match(text) is not None
        elif text.startswith("vpc"):
            plan.networks &= not wild
        elif wild and text != "*" and not text.lower().startswith("ses:"):
            plan.domain = plan.networks = False
        elif text[:1].isdigit() and ("." in text or ":" in text) and "T" not in text:
            plan.addresses += 1
        if domain in text and not _bounded(text, domain):
            plan.domain = False
        if domain != name and text != name and _ends(text, f"@{domain}"):
            plan.domain = False  # an address beside, or a pattern that holds, the identity's own
        if _DOMAIN in text:
            plan.domain = False
    plan.people &= not user_names and (not lone_caller or plan.callers == 1)
    plan.locals &= plan.domain and (not lone_mail or plan.own_mail == 1)
    return plan


def _plan_arn(plan: Plan, text: str, name: str, wild: bool) -> bool:
    """Count an ARN in; true for ``role/beginning*`` or ``user/beginning*``, which must be the only one."""
    if text.startswith("arn:aws:ses:"):
        plan.domain &= not wild or text.split(":", 5)[-1] in ("*", "identity/*", f"identity/{name}")
        return False
    if text.startswith("arn:aws:iam::") and text.endswith(":root"):
        return False
    kind = text.split(":", 3)[2] if text.startswith("arn:aws:") else "*"
    if kind in ("iam", "sts"):
        plan.callers += 1
        plan.people &= kind == "iam"
        if wild and _BEGINNING.match(text):
            return True
    if wild:
        plan.people &= kind not in ("iam", "sts") and "*" not in kind and "?" not in kind
        plan.resources &= kind in ("iam", "sts")
    return False


def _plan_mail(plan: Plan, text: str, domain: str, wild: bool) -> bool:
    """Count an address in; true when it is ``beginning*@domain``, which must be the only one."""
    if _ends(text, f"@{domain}"):
        plan.own_mail += 1
        return wild and text != f"*@{domain}"
    plan.other_mail += 1
    host = text.rpartition("@")[2]
    if wild and ("*" in host or "?" in host or host.endswith(domain) or "@" in text[: -len(host) - 1]):
        plan.domain = plan.networks = False
    return False


def _ends(text: str, tail: str) -> bool:
    return text.endswith(tail) and "@" not in text[: -len(tail)]


def _bounded(text: str, domain: str) -> bool:
    return text.endswith(domain) and text.count(domain) == 1 and (text == domain or text[-len(domain) - 1] in "@/")


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
    if len(value) < 7:
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
    if "@" in value and plan.domain:
        return _convert_mail(value, identity, names, plan)
    if plan.addresses == 1:
        block = _BLOCK.match(value)
        if block and int(block[2]) >= 8:
            return f"192.0.0.0/{block[2]}"
    return _TWELVE.sub(lambda match: account(match[0]), value)


def _convert_mail(value: str, identity: Identity, names: Names, plan: Plan) -> str:
    if not _ends(value, f"@{identity.name.rpartition('@')[2]}"):
        if plan.other_mail == 1 and value.startswith("*@"):
            return "*@elsewhere.example"
        return value
    if "@" in identity.name:
        return plan.name(identity.name)
    local = value[: -len(identity.name) - 1]
    star = "*" if local.endswith("*") and len(local) > 1 else ""
    if plan.locals and _LOCAL.match(local.removesuffix(star)):
        return _other(names, value, lambda n: f"local{n}{star}@{_DOMAIN}", "l")
    return f"{local}@{_DOMAIN}"


def _convert_arn(value: str, identity: Identity, names: Names, account: Callable[[str], str], plan: Plan) -> str:
    if value == identity.arn:
        return f"arn:aws:ses:{identity.region}:{account(identity.account)}:identity/{plan.name(identity.name)}"
    match = _ARN.match(value)
    if match:
        kind, region, owner, rest = match.groups()
        if kind == "iam" and plan.people and rest[:5] in ("role/", "user/"):
            star = "*" if rest.endswith("*") else ""
            if _plain(rest[5:].removesuffix(star)):
                rest = _other(names, rest, lambda n: f"{rest[:5]}name{n}{star}", "r")
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


def _literal(text: str) -> str:
    """How an exposure writes a text in which an asterisk is one."""
    return text.replace("*", "${*}")


def put_back(found: Exposure, standard: Standard, identity: Identity, evidence: Evidence) -> Exposure:
    """The exposure of a standard question in the names of the real one."""
    back = standard.back
    domain = identity.name.rpartition("@")[2]
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
        tuple([back.get(one) or one.replace(_DOMAIN, domain) for one in found.from_patterns]),
        found.limited_by,
        (),
        (),
        evidence,
    )
