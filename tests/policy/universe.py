"""A second way to a verdict: build requests from the policies' own constants, and ask the referee about each.

It shares no code with the engine but the reader and the evaluator. It is slow, and complete only for policies
drawn from a small vocabulary; that is what makes it a test.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from itertools import product

from sesreport.policy.evaluator import (
    Caller,
    CallerKind,
    Request,
    action_matches,
    condition_holds,
    decide,
    names_resource,
    principal_matches,
)
from sesreport.policy.model import Effect, Policy, PrincipalKind, Statement

SENDING = ("ses:SendEmail", "ses:SendRawEmail", "ses:SendTemplatedEmail", "ses:SendBulkTemplatedEmail")
CLASSES = ("none", "own", "service", "organization", "vendor", "external", "public")
PARTITIONS = ("aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f")
FRESH = "zqfreshzq"
#: A universe larger than this is not asked.
MOST = 12_000
STRANGER = "606060606060"
#: An account that joins the organization later.
JOINER = "690000000000"
FRESH_SERVICES = ("zq.amazonaws.com", "zq.amazonaws.com.cn")
#: Keys whose value every caller likes or leaves out.
FREE_KEYS = ("aws:useragent", "aws:referer", "ses:fromdisplayname", "ses:feedbackaddress")
VPC_KEYS = ("aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn", "aws:vpceaccount", "aws:vpceorgid")
NETWORK_KEYS = ("aws:sourceip", "aws:vpcsourceip", *VPC_KEYS)
FIXED_KEYS = ("aws:securetransport", "aws:requestedregion", "aws:resourceaccount", "aws:resourceorgid")
COVERED = {
    *FREE_KEYS,
    *NETWORK_KEYS,
    *FIXED_KEYS,
    *("aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths"),
    *("aws:principalisawsservice", "aws:principalservicename", "aws:principaltype", "aws:username"),
    *("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"),
    *("aws:currenttime", "ses:fromaddress"),
}
_VARIABLES = {"aws:username", "aws:principalaccount", *FIXED_KEYS}

_FORMS = {
    "aws:sourcevpc": r"vpc-[!-~]+",
    "aws:sourcevpce": r"vpce-[!-~]+",
    "aws:sourcevpcarn": r"arn:[a-z][a-z-]*:ec2:[a-z0-9-]+:[0-9]{12}:vpc/vpc-[!-~]+",
    "aws:vpceaccount": r"[0-9]{12}",
    "aws:vpceorgid": r"o-[a-z0-9]{10,32}",
}
_USUAL = {
    "aws:sourcevpc": "vpc-zq",
    "aws:sourcevpce": "vpce-zq",
    "aws:vpceaccount": STRANGER,
    "aws:vpceorgid": "o-zqzqzqzqzq",
}

Context = dict[str, tuple[str, ...]]


class TooManyError(Exception):
    """The universe of these policies is too large for a test."""


class NotCoveredError(TooManyError):
    """The policies use something for which this universe has no candidates."""


@dataclass
class Setting:
    """Who is who. ``org`` may be None; ``taken`` are addresses that take precedence over their domain."""

    identity: str
    own: str
    org: str | None
    members: frozenset[str]
    vendors: frozenset[str]
    taken: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return self.identity.partition(":identity/")[2]

    @property
    def partition(self) -> str:
        return self.identity.split(":")[1]

    @property
    def region(self) -> str:
        return self.identity.split(":")[3]

    @property
    def fixed(self) -> Context:
        """What is the same in every request to this identity."""
        found = {
            "aws:securetransport": ("true",),
            "aws:requestedregion": (self.region,),
            "aws:resourceaccount": (self.own,),
        }
        return {**found, "aws:resourceorgid": (self.org,)} if self.org else found


@dataclass
class Verdict:
    """What the requests show."""

    classes: set[str] = field(default_factory=set)
    external_accounts: set[str] = field(default_factory=set)
    external_orgs: set[str] = field(default_factory=set)
    services: set[str] = field(default_factory=set)
    service_accounts: set[str] = field(default_factory=set)
    unguarded: bool = False
    any_from_address: bool = False
    network: bool = False
    any_service: bool = False

    @property
    def facts(self) -> dict[str, object]:
        public = "public" in self.classes
        guarded = None if public or not self.services else not self.unguarded
        return {
            "exposure": max(self.classes, key=CLASSES.index, default="none"),
            "public": public,
            "external_accounts": frozenset(self.external_accounts),
            "external_orgs": frozenset() if public else frozenset(self.external_orgs),
            "services": frozenset({"*"}) if self.any_service else frozenset(self.services),
            "guarded": guarded,
            "service_accounts": frozenset(self.service_accounts) if guarded else frozenset(),
            "any_from_address": self.any_from_address,
            "limited_by": ("network",) if self.network and not public else (),
        }


def filled(value: str, many: tuple[str, ...], one: str = "z") -> list[str]:
    """Strings a glob matches, and the glob as it is written."""
    found = [""]
    for character in value:
        options = many if character == "*" else (one,) if character == "?" else (character,)
        found = [text + option for text in found for option in options][:24]
    return [*found, value, re.sub(r"\$\{([*?$])\}", r"\1", value)]


class Constants:
    """What the policies mention. ``values`` maps each key to its values, fixed variables put in.

    ``used``, ``asked`` and ``arns`` are keys, their values and principals of the statements that can matter.
    """

    def __init__(self, policies: tuple[Policy, ...], setting: Setting) -> None:
        self.statements = [statement for policy in policies for statement in policy.statements]
        self.setting = setting
        self.values: dict[str, set[str]] = {}
        self.folded: dict[str, set[str]] = {}
        self.named: set[str] = set()
        self.used: set[str] = set()
        self.arns: set[str] = set()
        self.asked: dict[str, set[str]] = {}
        self.variables: set[str] = set()
        self.resource_variables: set[str] = set()
        for statement in self.statements:
            self.named.update(p.account for p in statement.principals if p.account)
            matters = _can_matter(statement, setting)
            if statement.variables:
                found = {v for text in statement.resources for v in _variables_in(text)}
                self.resource_variables |= found
                self.variables |= found
            if matters:
                self.arns.update(p.value for p in statement.principals)
            for condition in statement.conditions:
                kept = self.values.setdefault(condition.name, set())
                if matters:
                    self.used.add(condition.name)
                    self.asked.setdefault(condition.name, set()).update(condition.values)
                if condition.base == "Null":
                    continue
                for value in condition.values:
                    self.named.update(named_in(value, statement.effect))
                    kept |= {value, _with_fixed(value, setting)}
                    if statement.variables:
                        self.variables |= _variables_in(value)
                if "IgnoreCase" in condition.base:
                    self.folded.setdefault(condition.name, set()).update(v.lower() for v in condition.values)

    def of(self, *names: str) -> set[str]:
        return {value for name in names for value in self.values.get(name, ())}

    def uses(self, *names: str) -> bool:
        """Whether a statement that can matter looks at one of these keys."""
        return not self.used.isdisjoint(names)

    def principals(self, kind: PrincipalKind) -> set[str]:
        return {p.value for s in self.statements for p in s.principals if p.kind is kind}

    def is_literal(self, name: str, value: str) -> bool:
        """Whether the policies name this value of a key in full."""
        return value in self.of(name) or value.lower() in self.folded.get(name, ())

    @property
    def tied(self) -> set[str]:
        """Keys whose values differ from caller to caller and are put into other values."""
        return {name for name in self.variables if name not in FIXED_KEYS}

    def check(self) -> None:
        """Raises NotCoveredError for what has no candidates here."""
        strange = {n for n in self.values if n not in COVERED and not n.startswith("aws:principaltag/")}
        strange |= self.variables - _VARIABLES
        if strange:
            raise NotCoveredError(", ".join(sorted(strange)))
        if self.setting.org is None and ("aws:resourceorgid" in self.variables | set(self.values)):
            raise NotCoveredError("aws:ResourceOrgID without an organization")


def named_in(value: str, effect: Effect) -> list[str]:
    """Account ids that a condition value names; one inside a longer name counts in an Allow alone."""
    edge = r"[0-9]" if effect is Effect.ALLOW else r"[0-9A-Za-z_.-]"
    return re.findall(rf"(?<!{edge})[0-9]{{12}}(?!{edge})", value)


def _can_matter(statement: Statement, setting: Setting) -> bool:
    if not any(action_matches(statement, action) for action in SENDING):
        return False
    request = Request(Caller(CallerKind.ROOT, ""), "", setting.identity, setting.fixed)
    return any("${" in value for value in statement.resources) or names_resource(statement, request)


def _variables_in(value: str) -> set[str]:
    return {name.strip().lower() for name in re.findall(r"\$\{([^{},]+)", value) if name.strip() not in "*?$"}


def _with_fixed(value: str, setting: Setting) -> str:
    for name, (text,) in setting.fixed.items():
        value = re.sub(r"\$\{\s*" + name + r"\s*\}", text, value, flags=re.IGNORECASE)
    return value


def accounts(setting: Setting, constants: Constants) -> list[str]:
    found = {setting.own, STRANGER, JOINER, *setting.members, *setting.vendors, *constants.named}
    values = constants.of("aws:principalaccount", "aws:sourceaccount", "aws:principalarn", "aws:sourcearn")
    globs = {run for value in values for run in re.findall(r"(?<![0-9?*])[0-9?*]+(?![0-9?*])", value)}
    globs = {glob for glob in globs if set(glob) - {"*"} and len(glob) <= 14}
    for glob in globs:
        room = 12 - len(glob.replace("*", ""))
        for digit in "056":
            whole = glob.replace("?", digit).replace("*", digit * max(room, 0), 1).replace("*", "")
            if re.fullmatch(r"\d{12}", whole):
                found.add(whole)
    heads = {glob[:-1] for glob in globs if re.fullmatch(r"\d+\*", glob)}
    tails = {glob[1:] for glob in globs if re.fullmatch(r"\*\d+", glob)}
    found |= {f"{head:6<{12 - len(tail)}}{tail}" for head in heads for tail in tails if len(head + tail) <= 12}
    return sorted(found)


def organizations(setting: Setting, account: str, values: set[str], *, joins: bool) -> list[str | None]:
    """Organizations an account may be in.

    ``joins``: one that is no member yet may be in ours as well. Where members are listed that is an account nobody
    knows, where none are it may be any.
    """
    if account == setting.own or account in setting.members:
        return [setting.org]
    found: set[str | None] = {None, "o-zqzqzqzqzq"}
    for value in values:
        many, written = ("", "zqzqzq", "zq" * 6, "o-zqzqzqzqz"), value.split("/")[0]
        for text in (*filled(written, many), *filled(written, many, "o")):
            if re.fullmatch(r"o-[a-z0-9]{10,32}", text) and text != setting.org:
                found.add(text)
    listed = bool(setting.members - {setting.own})
    if joins and setting.org is not None and (account == JOINER or not listed):
        found.add(setting.org)
    return sorted(found, key=str)


def paths(organization: str, values: set[str]) -> list[str]:
    found = {f"{organization}/r-zz99/ou-zz99-zqzqzqzq/"}
    for value in values:
        for text in filled(value, ("zq/", "", f"{organization}/r-zz99/")):
            if text.startswith(f"{organization}/r-") and "*" not in text:
                found.add(text)
    return sorted(found)


def is_named(organization: str | None, constants: Constants) -> bool:
    values = constants.of("aws:principalorgid", "aws:principalorgpaths")
    return organization in {value.split("/")[0] for value in values}


@dataclass
class Someone:
    caller: Caller
    context: Context
    account: str | None
    organization: str | None = None
    source: bool = False


def people(setting: Setting, constants: Constants) -> Iterator[Someone]:
    names, users = _names(setting, constants)
    keys = ("aws:principalorgid", "aws:principalorgpaths")
    tags = [k for k in constants.values if k.startswith("aws:principaltag/")]
    for account in accounts(setting, constants):
        for caller, own in _callers(setting, account, names, users, constants):
            context = {
                **own,
                "aws:principalaccount": (account,),
                "aws:principalisawsservice": ("false",),
                "aws:principaltype": (_TYPES[caller.kind],),
            }
            taggable = caller.kind in (CallerKind.USER, CallerKind.ROLE_SESSION)
            tagged = [[None, *_free(constants.of(tag))] if taggable else [None] for tag in tags]
            for organization in organizations(setting, account, constants.of(*keys), joins=constants.uses(*keys)):
                for path in paths(organization, constants.of("aws:principalorgpaths")) if organization else [""]:
                    for choice in product(*tagged):
                        whole = {
                            **context,
                            **{t: (v,) for t, v in zip(tags, choice, strict=True) if v is not None},
                        }
                        if organization:
                            whole["aws:principalorgid"] = (organization,)
                            whole["aws:principalorgpaths"] = (path,)
                        yield Someone(caller, whole, account, organization)


_TYPES = {
    CallerKind.ROOT: "Account",
    CallerKind.USER: "User",
    CallerKind.ROLE_SESSION: "AssumedRole",
    CallerKind.FEDERATED_USER: "FederatedUser",
}


def _names(setting: Setting, constants: Constants) -> tuple[set[str], set[str]]:
    names, users = {"zq"}, {"zq", FRESH}
    for value in constants.of("aws:principalarn"):
        for rest in {value.split(":", 5)[-1], value.rpartition(":")[2]}:
            for text in filled(rest, ("", "zq", "zq/zq")):
                for head in ("role/", "user/"):
                    if text.startswith(head) and _is_path(text[5:]):
                        names.add(text[5:])
        for part in re.split(r"[*?/]", value):
            if re.fullmatch(r"[!-~]+", part):
                names.add(f"x{part}/zq")
            if re.fullmatch(r"[\w+=,.@-]+", part):
                names.add(f"x{part}x")
    arns = constants.of("aws:principalarn")
    parts = {part for value in arns for part in re.split(r"[*?/]", value)}
    tails = {value.rpartition("*")[2] for value in arns if "*" in value}
    names.update(text for part in parts for tail in tails if _is_path(text := f"x{part}{tail}"))
    for value in constants.of("aws:username"):
        users.update(filled(value, ("", "zq")))
        users.update(text.upper() for text in filled(value, ("", "zq")))
    if "aws:username" in constants.variables:
        users.update(address.partition("@")[0] for address in senders(setting, constants))
    if "aws:username" in constants.resource_variables:
        users.update({setting.name, *setting.name.split("@")})
    users = {user for user in users if re.fullmatch(r"[\w+=,.@-]+", user)}
    if constants.of("aws:username"):  # a user of that name, under any path
        inside = parts | {part for value in arns for part in re.split(r"[*?]", value)}
        names |= {f"x{part}x/{user}" for part in inside for user in users if re.fullmatch(r"[!-~]+", part)}
    return names, users


def _role_paths(constants: Constants) -> set[str]:
    """Paths by which a role of any name meets ``role/beginning*`` and the like."""
    rests = {value.split(":", 5)[-1] for value in constants.of("aws:principalarn")}
    heads = {rest.partition("*")[0].removeprefix("role/") for rest in rests if rest.startswith("role/")}
    inside = {part for value in constants.of("aws:principalarn") for part in re.split(r"[*?/]", value)}
    return {f"{head}zq/" for head in heads if "*" not in head} | {f"x{part}/" for part in inside if part}


def _is_path(text: str) -> bool:
    return re.fullmatch(r"(?:[!-~]+/)*[A-Za-z0-9_+=,.@-]+", text) is not None


def partitions(setting: Setting, constants: Constants, name: str) -> list[str]:
    """The identity's partition, and others that principals or a key's values write, in full or as a pattern."""
    found = {setting.partition: None}
    for value in sorted(constants.arns | constants.asked.get(name, set())):
        written = value[4:].partition(":")[0] if value.startswith("arn:") else setting.partition
        if re.fullmatch(r"aws[a-z-]*", written):
            found[written] = None
        elif not fnmatchcase(setting.partition, written):
            found |= dict.fromkeys(one for one in PARTITIONS if fnmatchcase(one, written))
    return list(found)


_ARN_KINDS = (
    PrincipalKind.USER,
    PrincipalKind.ROLE,
    PrincipalKind.ROLE_SESSION,
    PrincipalKind.FEDERATED_USER,
    PrincipalKind.PROVIDER,
)


def _callers(
    setting: Setting, account: str, names: set[str], users: set[str], constants: Constants
) -> Iterator[tuple[Caller, Context]]:
    kinds = {kind: {v for v in constants.principals(kind) if f"::{account}:" in v} for kind in _ARN_KINDS}
    for partition in partitions(setting, constants, "aws:principalarn"):
        ours = {kind: {v for v in values if v.startswith(f"arn:{partition}:")} for kind, values in kinds.items()}
        yield from _callers_of(partition, account, names, users, constants, ours)


def _callers_of(
    partition: str,
    account: str,
    names: set[str],
    users: set[str],
    constants: Constants,
    kinds: dict[PrincipalKind, set[str]],
) -> Iterator[tuple[Caller, Context]]:
    iam, sts = f"arn:{partition}:iam::{account}:", f"arn:{partition}:sts::{account}:"
    yield Caller(CallerKind.ROOT, f"{iam}root", account), {"aws:principalarn": (f"{iam}root",)}
    user_arns = {f"{iam}user/{user}" for user in users} | kinds[PrincipalKind.USER]
    role_arns = {f"{iam}role/{name}" for name in names} | kinds[PrincipalKind.ROLE]
    if constants.of("aws:principalarn"):
        user_arns |= {f"{iam}user/{name}" for name in names}
    sessions = {(arn, "zq") for arn in role_arns}
    for signed in kinds[PrincipalKind.ROLE_SESSION]:
        _, role, session = signed.split(":", 5)[5].split("/")
        sessions |= {(f"{iam}role/{path}{role}", session) for path in ("", "zq/", *_role_paths(constants))}
    for arn in sorted(user_arns):
        context = {"aws:principalarn": (arn,), "aws:username": (arn.rpartition("/")[2],)}
        yield Caller(CallerKind.USER, arn, account), context
    web = constants.principals(PrincipalKind.WEB_IDENTITY)
    for provider in (None, *sorted(web | kinds[PrincipalKind.PROVIDER])):
        for arn, session in sorted(sessions):
            signed = f"{sts}assumed-role/{arn.rpartition('/')[2]}/{session}"
            caller = Caller(CallerKind.ROLE_SESSION, signed, account, arn, provider)
            yield caller, {"aws:principalarn": (arn,)}
    for arn in sorted({f"{sts}federated-user/zq"} | kinds[PrincipalKind.FEDERATED_USER]):
        yield Caller(CallerKind.FEDERATED_USER, arn, account), {"aws:principalarn": (arn,)}


_SERVICE = re.compile(r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?")


def services(setting: Setting, constants: Constants) -> Iterator[Someone]:
    values = constants.of("aws:principalservicename")
    named = constants.principals(PrincipalKind.SERVICE)
    named |= {text.lower() for value in values for text in filled(value, ("", "zq", "zq.amazonaws.com"))}
    keys = ("aws:sourceorgid", "aws:sourceorgpaths")
    for name in sorted({*FRESH_SERVICES, *(n for n in named if _SERVICE.fullmatch(n))}):
        caller = Caller(CallerKind.SERVICE, name)
        base = {"aws:principalisawsservice": ("true",), "aws:principalservicename": (name,)}
        yield Someone(caller, base, None)
        for account in accounts(setting, constants):
            for organization in organizations(setting, account, constants.of(*keys), joins=constants.uses(*keys)):
                for path in paths(organization, constants.of("aws:sourceorgpaths")) if organization else [""]:
                    for arn in _source_arns(setting, account, constants):
                        context = {**base, "aws:sourceaccount": (account,), "aws:sourcearn": (arn,)}
                        if organization:
                            context["aws:sourceorgid"] = (organization,)
                            context["aws:sourceorgpaths"] = (path,)
                        yield Someone(caller, context, account, organization, True)


def _source_arns(setting: Setting, account: str, constants: Constants) -> list[str]:
    values = constants.of("aws:sourcearn")
    where = partitions(setting, constants, "aws:sourcearn")
    owners = (account, "") if values else (account,)
    found = {f"arn:{partition}:zq:zq:{owner}:zq" for partition in where for owner in owners}
    for value in values:
        parts = value.split(":", 5)
        if len(parts) == 6:
            heads = [re.sub("[*?]", "zq", part) for part in parts[2:4]]
            for text in filled(parts[5], ("", "zq")):
                for owner in (account, ""):
                    found |= {":".join(["arn", partition, *heads, owner, text]) for partition in where}
        for chunk in re.split(r"[*?:/]", value):
            found.add(f"arn:{setting.partition}:zq:zq:{account}:x{chunk}x")
    return sorted(arn for arn in found if _is_source_arn(arn, account))


def _is_source_arn(arn: str, account: str) -> bool:
    """AWS writes these: no account but the resource's own, and none in a later field.

    Where there is no account, as in the ARN of a bucket, anybody may own the resource and name it as they like.
    """
    fields = arn.split(":", 5)
    name = r"[!-~]+" if len(fields) == 6 and not fields[4] else r"(?![0-9])[!-~]+"
    return (
        len(fields) == 6
        and fields[0] == "arn"
        and re.fullmatch(r"[a-z][a-z-]*", fields[1]) is not None
        and re.fullmatch(r"[a-z0-9-]+", fields[2]) is not None
        and re.fullmatch(r"[a-z0-9-]*", fields[3]) is not None
        and fields[4] in ("", account)
        and all(re.fullmatch(name, field) and not set(field) & set('*?"') for field in fields[5].split(":"))
    )


def senders(setting: Setting, constants: Constants) -> list[str]:
    if "@" in setting.name:
        return sorted({setting.name, _lowered(setting.name)})
    found = {f"{FRESH}@{setting.name}", f"zq@zq.{setting.name}"}
    bearers = {arn.rpartition("/")[2] for arn in constants.principals(PrincipalKind.USER)}
    bearers |= {"zq", *(v for v in constants.of("aws:username") if "*" not in v)}
    bearers |= {v.rpartition("/")[2].replace("*", "") or "zq" for v in constants.of("aws:principalarn")}
    values = constants.of("ses:fromaddress")
    for name, fills in (("username", bearers), ("PrincipalAccount", {STRANGER, setting.own, *constants.named})):
        holder = f"${{aws:{name}}}"
        values |= {value.replace(holder, fill) for value in values if holder in value for fill in fills}
    locals_ = {value.partition("@")[0] for value in values}
    heads = {local.partition("*")[0] for local in locals_ if "*" in local}
    tails = {local.rpartition("*")[2] for local in locals_ if "*" in local}
    values |= {f"{head}{tail}" for head in heads for tail in tails if head or tail} | locals_
    for value in sorted(values):
        for text in filled(value, ("", "zq", "admin", "a", "b")):
            for address in (text, f"{text}@{setting.name}", f"{text}@zq.{setting.name}"):
                if _is_sender(setting, address):
                    local, _, host = address.partition("@")
                    found |= {address, f"{local.upper()}@{host}"}
    found |= {_lowered(address) for address in found}
    return sorted(found - setting.taken)


def _lowered(address: str) -> str:
    """An address with its domain in lower case."""
    local, _, host = address.rpartition("@")
    return f"{local}@{host.lower()}"


def _is_sender(setting: Setting, address: str) -> bool:
    if "@" in setting.name:
        return address in (setting.name, _lowered(setting.name))
    names = "|".join(map(re.escape, (setting.name, setting.name.lower())))
    return re.fullmatch(rf"[!-?A-~]+@([a-z0-9_-]+\.)*(?:{names})", address) is not None


#: Keys that a call through an endpoint may lack.
NOT_ALWAYS = ("aws:sourcevpcarn", "aws:vpceaccount", "aws:vpceorgid")


def places(constants: Constants, setting: Setting) -> list[tuple[Context, bool]]:
    """Where calls come from, and whether anybody can call from there."""
    addresses = _addresses(constants, "aws:sourceip")
    found: list[tuple[Context, bool]] = [
        ({"aws:sourceip": (address,)}, not _is_narrow(constants, "aws:sourceip", address)) for address in addresses
    ]
    if constants.used.isdisjoint(NETWORK_KEYS):
        return found
    options = [
        [(name, value) for value in [*_private(constants, setting, name), *([""] if name in NOT_ALWAYS else [])]]
        for name in VPC_KEYS
        if name in constants.values
    ]
    options.append([("aws:vpcsourceip", address) for address in _addresses(constants, "aws:vpcsourceip", "10.77.7.7")])
    for choice in product(*options):
        context: Context = {"aws:sourcevpc": ("vpc-zq",), "aws:sourcevpce": ("vpce-zq",)}
        context |= {name: (value,) for name, value in choice if value}
        found.append((context, is_common_place(constants, context)))
    return found


def is_common_place(constants: Constants, context: Context) -> bool:
    """Whether a stranger can call from there: a value that policies name in full is somebody's."""
    for name in VPC_KEYS:
        if name in context and constants.is_literal(name, context[name][0]):
            return False
    address = context.get("aws:sourceip")
    return address is None or not _is_narrow(constants, "aws:sourceip", address[0])


def _addresses(constants: Constants, name: str, usual: str = "77.1.1.1") -> list[str]:
    blocks = _blocks(constants, name)
    if not blocks:
        return [usual]
    found = {"77.1.1.1", "200.1.1.1", "198.18.0.9", "2a00::9", usual}
    found |= {str(block[min(9, block.num_addresses - 1)]) for block in blocks}
    return sorted(found)


def _blocks(constants: Constants, name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(value, strict=False) for value in constants.of(name)]


def _is_narrow(constants: Constants, name: str, address: str) -> bool:
    one = ipaddress.ip_address(address)
    return any(
        one in block and block.prefixlen >= (8 if block.version == 4 else 32) for block in _blocks(constants, name)
    )


def _private(constants: Constants, setting: Setting, name: str) -> list[str]:
    usual = _USUAL.get(name)
    found = {usual} if usual else set()
    if name == "aws:sourcevpcarn":
        for where in (setting.region, "zq-zq-1"):
            found.add(f"arn:{setting.partition}:ec2:{where}:{STRANGER}:vpc/vpc-zq")
    fills = (
        ("z", ("zq", "vpc-zq")),
        ("0", ("",)),
        ("6", ("66666666",)),
        ("z", (STRANGER,)),
        ("o", ("", "o-zqzqzqzqz")),
    )
    if name == "aws:vpceaccount" and constants.tied:
        found |= {setting.own, *setting.members, *setting.vendors, *constants.named}
    for value in constants.of(name):
        for one, many in fills:
            for text in filled(value, many, one):
                found |= {text, text[:-1] + text[-1:].swapcase(), f"{text}{STRANGER[len(text) :]}"}
    return sorted(text for text in found if re.fullmatch(_FORMS[name], text))


def _free(values: set[str]) -> list[str]:
    found = {text for value in values for text in filled(value, ("", "zq"))}
    return sorted(found | {other for text in found for other in _cased(text)} - {""} | {"zq"})


def _cased(text: str) -> set[str]:
    """The same letters otherwise: all of them, and all but what a pattern's fixed beginning holds."""
    return {text.upper(), text[:-1] + text[-1:].swapcase()}


def moments(constants: Constants, today: str) -> list[str]:
    """Moments from today on: today, and both sides of every date in the policies."""
    start = datetime.fromisoformat(f"{today}T00:00:00+00:00")
    found = {start, start + timedelta(hours=12)}
    for value in constants.of("aws:currenttime"):
        at = datetime.fromisoformat(value)
        at = at.replace(tzinfo=at.tzinfo or UTC)
        found |= {at + timedelta(seconds=step) for step in (-1, 0, 1)}
    return [f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for at in sorted(found) if at >= start]


@dataclass
class Views:
    """How candidates look to the policies: those that look alike are tried once.

    Every look is the referee's own answer, remembered for each condition and value.
    """

    policies: tuple[Policy, ...]
    fixed: Context = field(default_factory=dict)
    known: dict[tuple[int, tuple[str, ...] | None], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.statements = [s for p in self.policies for s in p.statements]
        self.conditions = [
            (c, s.variables, any("${" in v for v in c.values)) for s in self.statements for c in s.conditions
        ]
        self.by_name: dict[str, list[int]] = {}
        for index, (condition, _, _) in enumerate(self.conditions):
            self.by_name.setdefault(condition.name, []).append(index)

    def look(self, context: Context, names: Iterable[str]) -> tuple[bool, ...]:
        found = []
        for name in names:
            for index in self.by_name.get(name, ()):
                condition, variables, own = self.conditions[index]
                key = (index, context.get(name))
                if own or key not in self.known:
                    nobody = Caller(CallerKind.ROOT, "")
                    request = Request(nobody, "", "", {**self.fixed, **context})
                    self.known[key] = condition_holds(condition, request, variables)
                found.append(self.known[key])
        return tuple(found)

    def is_tied(self, name: str, tied: set[str]) -> bool:
        """Whether what a key is compared with depends on the caller."""
        return any(
            variables and any(tied & _variables_in(value) for value in condition.values)
            for condition, variables, _ in (self.conditions[index] for index in self.by_name.get(name, ()))
        )

    def signer(self, caller: Caller) -> tuple[bool, ...]:
        return tuple(principal_matches(s, caller) for s in self.statements)


def requests(
    setting: Setting, policies: tuple[Policy, ...], today: str, most: int = MOST
) -> Iterator[tuple[Request, Someone, bool]]:
    """Every request of the universe, who makes it, and whether anybody can call from there."""
    constants = Constants(policies, setting)
    views = Views(policies, setting.fixed)
    tied = constants.tied

    def unlike(contexts: list[Context], names: set[str]) -> list[Context]:
        return contexts if any(views.is_tied(n, tied) for n in names) else _unlike(views, contexts, names)

    free = [k for k in FREE_KEYS if k in constants.values]
    choices = [unlike([{name: (v,)} for v in _free(constants.of(name))] + [{}], {name}) for name in free]
    times = unlike([{"aws:currenttime": (moment,)} for moment in moments(constants, today)], {"aws:currenttime"})
    froms = [{"ses:fromaddress": (address,)} for address in senders(setting, constants)]
    froms.sort(key=lambda context: not context["ses:fromaddress"][0].startswith(FRESH))
    froms = froms[:1] + unlike(froms[1:], {"ses:fromaddress"})
    kinds = {tuple(action_matches(s, action) for s in views.statements): action for action in reversed(SENDING)}
    sites: dict[object, tuple[Context, bool]] = {}
    by_caller = any(views.is_tied(name, tied) for name in NETWORK_KEYS)
    for place, common in places(constants, setting):
        looks = tuple(place.items()) if by_caller else views.look(place, NETWORK_KEYS)
        sites.setdefault((common, looks), (place, common))
    elsewhere = {*free, *NETWORK_KEYS, "aws:currenttime", "ses:fromaddress"}
    about = sorted(set(constants.values) - elsewhere)
    several = len(kinds) * len(sites) * len(times) * len(froms)
    for options in choices:
        several *= len(options)
    everybody = []
    for someone in _distinct(setting, constants, views, about):
        everybody.append(someone)
        if len(everybody) * several > most:
            raise TooManyError
    for someone in everybody:
        spots = [({}, True)] if someone.caller.kind is CallerKind.SERVICE else list(sites.values())
        for action, (place, common), moment, sender, choice in product(
            kinds.values(), spots, times, froms, product(*choices)
        ):
            context = {**setting.fixed, **someone.context, **place, **moment, **sender}
            for more in choice:
                context.update(more)
            yield Request(someone.caller, action, setting.identity, context), someone, common


def _unlike(views: Views, contexts: list[Context], names: set[str]) -> list[Context]:
    found: dict[object, Context] = {}
    for context in contexts:
        found.setdefault(views.look(context, names), context)
    return list(found.values())


def _distinct(setting: Setting, constants: Constants, views: Views, about: list[str]) -> Iterator[Someone]:
    seen: set[object] = set()
    tied = sorted(constants.tied)
    signers: dict[Caller, tuple[bool, ...]] = {}
    for someone in (*people(setting, constants), *services(setting, constants)):
        if someone.caller not in signers:
            signers[someone.caller] = views.signer(someone.caller)
        shown = (
            someone.caller.kind is CallerKind.SERVICE and someone.caller.arn,
            someone.account if someone.account in constants.named else classify(setting, constants, someone, True),
            someone.source and (someone.account in {setting.own, *setting.members, *setting.vendors}),
            setting.org is not None and someone.organization == setting.org,
            is_named(someone.organization, constants) and someone.organization,
            signers[someone.caller],
            views.look(someone.context, about),
            tuple(someone.context.get(name) for name in tied),
        )
        if shown not in seen:
            seen.add(shown)
            yield someone


def is_inside(setting: Setting, someone: Someone) -> bool:
    """Whether an account is the owner's, or in the organization, listed or not."""
    if someone.account == setting.own or someone.account in setting.members:
        return True
    return setting.org is not None and someone.organization == setting.org


def classify(setting: Setting, constants: Constants, someone: Someone, common: bool) -> str:
    """The class an allowed request shows; ``tied`` (to a place or organization) is external at most."""
    if someone.caller.kind is CallerKind.SERVICE:
        return "service"
    account = someone.account
    if account == setting.own:
        return "own"
    if is_inside(setting, someone):
        return "organization"
    if account in setting.vendors:
        return "vendor"
    if account in constants.named:
        return "external"
    return "public" if common and not is_named(someone.organization, constants) else "tied"


def verdict(
    setting: Setting,
    policies: tuple[Policy, ...],
    today: str,
    *,
    proofs: Iterable[Request] = (),
    most: int = MOST,
) -> Verdict:
    """Ask the referee about every request, and about ``proofs`` that somebody else offers.

    Raises TooManyError when there are more than ``most``, NotCoveredError for policies beyond this universe.
    """
    constants = Constants(policies, setting)
    constants.check()
    found = Verdict()
    on_identity = about_identity(setting, policies)
    for request, someone, common in requests(setting, policies, today, most):
        if decide(on_identity, request).allowed:
            _add(found, setting, constants, request, someone, common)
    for request in proofs:
        if decide(policies, request).allowed and impossible(setting, request, today) is None:
            common = is_common_place(constants, dict(request.context))
            _add(found, setting, constants, request, someone_of(request), common)
    if (found.network or found.external_orgs) and "public" not in found.classes:
        found.classes.add("external")
    return found


def about_identity(setting: Setting, policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
    """The statements about this identity, each for any resource: what the referee answers is the same, and sooner.

    Statements whose resource depends on the caller stay as they are.
    """
    request = Request(Caller(CallerKind.ROOT, ""), "", setting.identity, setting.fixed)

    def kept(statement: Statement) -> Iterator[Statement]:
        if statement.variables and any("${" in value for value in statement.resources):
            yield statement
        elif names_resource(statement, request):
            yield replace(statement, resources=("*",), not_resource=False)

    return tuple(replace(p, statements=tuple(new for s in p.statements for new in kept(s))) for p in policies)


def resource_fits(value: str, arn: str) -> bool:
    """Whether a Resource value without variables fits an ARN, by a regular expression of its own.

    ``?`` is one character but no colon. ``*`` stays within its part of the ARN, but for one that ends a part; what
    follows the fifth colon is one part.
    """
    *parts, rest = value.split(":", 5) if value.count(":") > 4 else (*value.split(":"), None)
    found = [_part(part) for part in parts]
    if rest is not None:
        found.append(_part(rest, whole=True))
    return value == "*" or re.fullmatch(":".join(found), arn, re.DOTALL) is not None


def _part(text: str, *, whole: bool = False) -> str:
    last = len(text) - 1
    return "".join(
        "[^:]" if letter == "?" else re.escape(letter) if letter != "*" else ".*" if whole or at == last else "[^:]*"
        for at, letter in enumerate(text)
    )


def _add(
    found: Verdict, setting: Setting, constants: Constants, request: Request, someone: Someone, common: bool
) -> None:
    shown = classify(setting, constants, someone, common)
    if shown != "tied":
        found.classes.add(shown)
    outside = not is_inside(setting, someone)
    if shown == "service":
        found.services.add(someone.caller.arn)
        found.any_service |= not _is_named_service(someone.caller.arn, constants)
        known = someone.source and (not outside or someone.account in constants.named | setting.vendors)
        found.unguarded |= not known
        if known and outside:
            found.service_accounts.add(str(someone.account))
    elif someone.account in constants.named and outside:
        found.external_accounts.add(str(someone.account))
    elif shown == "tied" and is_named(someone.organization, constants):
        found.external_orgs.add(str(someone.organization))
    elif shown == "tied":
        found.network = True
    if shown != "own" and "@" not in setting.name:
        local = request.context["ses:fromaddress"][0].partition("@")[0]
        found.any_from_address |= local == FRESH or (len(local) > 4 and len(set(local)) == 1 and not local.isdecimal())


def _is_named_service(name: str, constants: Constants) -> bool:
    written = {value.lower() for value in constants.of("aws:principalservicename")}
    return name in constants.principals(PrincipalKind.SERVICE) | written


def someone_of(request: Request) -> Someone:
    """Who makes a request, by its own context."""
    context, caller = dict(request.context), request.caller
    service = caller.kind is CallerKind.SERVICE
    account = context.get("aws:sourceaccount", (None,))[0] if service else caller.account
    organization = context.get("aws:sourceorgid" if service else "aws:principalorgid", (None,))[0]
    return Someone(caller, context, account, organization, service and account is not None)


_CALLER_ARNS = {
    CallerKind.ROOT: r"arn:[a-z][a-z-]*:iam::ACCOUNT:root",
    CallerKind.USER: r"arn:[a-z][a-z-]*:iam::ACCOUNT:user/(?:[!-~]+/)*[\w+=,.@-]+",
    CallerKind.ROLE_SESSION: r"arn:[a-z][a-z-]*:sts::ACCOUNT:assumed-role/[\w+=,.@-]+/[\w+=,.@-]+",
    CallerKind.FEDERATED_USER: r"arn:[a-z][a-z-]*:sts::ACCOUNT:federated-user/[\w+=,.@-]+",
}
_ROLE = r"arn:[a-z][a-z-]*:iam::ACCOUNT:role/(?:[!-~]+/)*[\w+=,.@-]+"


def impossible(setting: Setting, request: Request, today: str) -> str | None:
    """Why nobody can make a request; None when somebody can."""
    return next(_faults(setting, request, today), None)


def _faults(setting: Setting, request: Request, today: str) -> Iterator[str]:
    context, caller = request.context, request.caller
    if request.action not in SENDING:
        yield f"{request.action} does not send"
    if request.resource != setting.identity:
        yield f"{request.resource} is not the identity"
    for name, (value,) in setting.fixed.items():
        if context.get(name, (value,)) != (value,):
            yield f"{name} is always {value}"
    if setting.org is None and "aws:resourceorgid" in context:
        yield "aws:ResourceOrgID without an organization"
    sender = context.get("ses:fromaddress", ("",))[0]
    if not _is_sender(setting, sender) or sender in setting.taken:
        yield f"{sender} is no address of the identity"
    at = context.get("aws:currenttime")
    if at is not None and datetime.fromisoformat(at[0]).date().isoformat() < today:
        yield "in the past"
    yield from (
        _service_faults(setting, request) if caller.kind is CallerKind.SERVICE else _person_faults(setting, request)
    )


def _person_faults(setting: Setting, request: Request) -> Iterator[str]:
    context, caller = request.context, request.caller
    account = caller.account or ""
    if not re.fullmatch(r"[0-9]{12}", account):
        yield f"{account} is no account"
    if not re.fullmatch(_CALLER_ARNS[caller.kind].replace("ACCOUNT", account), caller.arn):
        yield f"{caller.arn} is no {caller.kind.value}"
    arn = caller.arn
    if caller.kind is CallerKind.ROLE_SESSION:
        arn = caller.role_arn or ""
        same = arn.rpartition("/")[2] == caller.arn.split("/")[1] and arn.split(":")[1] == caller.arn.split(":")[1]
        if not same or not re.fullmatch(_ROLE.replace("ACCOUNT", account), arn):
            yield f"{arn} is not the role of {caller.arn}"
    if context.get("aws:principalarn", (arn,)) != (arn,):
        yield f"{context['aws:principalarn']} is not {arn}"
    if context.get("aws:principalaccount", (account,)) != (account,):
        yield f"{context['aws:principalaccount']} is not {account}"
    if ("aws:username" in context) != (caller.kind is CallerKind.USER):
        yield "aws:username belongs to users"
    elif context.get("aws:username", ("",))[0] not in ("", arn.rpartition("/")[2]):
        yield "another user's name"
    if context.get("aws:principalisawsservice", ("false",)) != ("false",) or "aws:principalservicename" in context:
        yield "no service"
    if any(name.startswith("aws:source") and name in _SOURCE_KEYS for name in context):
        yield "only services have a source"
    yield from _organization_faults(setting, account, context, "aws:principalorgid", "aws:principalorgpaths")
    if "aws:sourceip" in context and any(name in context for name in (*VPC_KEYS, "aws:vpcsourceip")):
        yield "from the internet and through an endpoint"
    for name in VPC_KEYS:
        if name in context and not re.fullmatch(_FORMS[name], context[name][0]):
            yield f"{context[name][0]} is no {name}"


_SOURCE_KEYS = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths")


def _service_faults(setting: Setting, request: Request) -> Iterator[str]:
    context, name = request.context, request.caller.arn
    if not _SERVICE.fullmatch(name):
        yield f"{name} is no service"
    if context.get("aws:principalservicename", (name,)) != (name,):
        yield "another service's name"
    if any(key.startswith("aws:principal") and key.endswith(("arn", "orgid", "account")) for key in context):
        yield "a service has no account"
    if not set(context).isdisjoint(NETWORK_KEYS):
        yield "a service's own call has no network address"
    account = context.get("aws:sourceaccount", ("",))[0]
    if account and not re.fullmatch(r"[0-9]{12}", account):
        yield f"{account} is no account"
    arn = context.get("aws:sourcearn")
    if arn is not None and not _is_source_arn(arn[0], account):
        yield f"{arn[0]} is no resource of {account}"
    if account:
        yield from _organization_faults(setting, account, context, "aws:sourceorgid", "aws:sourceorgpaths")


def _organization_faults(setting: Setting, account: str, context: object, id_key: str, path_key: str) -> Iterator[str]:
    assert isinstance(context, dict)
    organization = context.get(id_key, (None,))[0]
    ours = account == setting.own or account in setting.members
    if organization is not None and not re.fullmatch(r"o-[a-z0-9]{10,32}", organization):
        yield f"{organization} is no organization"
    if ours and organization not in (None, setting.org):
        yield f"{account} is in {setting.org}"
    path = context.get(path_key, (None,))[0]
    if path is not None and not re.fullmatch(
        rf"{organization}/r-[a-z0-9]{{4,32}}/(ou-[a-z0-9]{{4,32}}-[a-z0-9]{{8,32}}/)*", path
    ):
        yield f"{path} is no path in {organization}"
