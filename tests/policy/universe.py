"""A second way to a verdict: build requests from the policies' own constants, and ask the referee about each.

It shares no code with the engine but the reader and the evaluator. It is slow, and complete only for policies
drawn from a small vocabulary; that is what makes it a test.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from sesreport.policy.evaluator import (
    Caller,
    CallerKind,
    Request,
    action_matches,
    condition_holds,
    decide,
    principal_matches,
)
from sesreport.policy.model import Policy, PrincipalKind

SENDING = ("ses:SendEmail", "ses:SendRawEmail", "ses:SendTemplatedEmail", "ses:SendBulkTemplatedEmail")
CLASSES = ("none", "own", "service", "organization", "vendor", "external", "public")
FRESH = "zqfreshzq"
#: A universe larger than this is not asked.
MOST = 12_000
STRANGER = "606060606060"


class TooManyError(Exception):
    """The universe of these policies is too large for a test."""


@dataclass
class Setting:
    """Who is who; ``org`` may be None."""

    identity: str
    own: str
    org: str | None
    members: frozenset[str]
    vendors: frozenset[str]

    @property
    def name(self) -> str:
        return self.identity.partition(":identity/")[2]


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

    @property
    def facts(self) -> dict[str, object]:
        public = "public" in self.classes
        guarded = None if public or not self.services else not self.unguarded
        return {
            "exposure": max(self.classes, key=CLASSES.index, default="none"),
            "public": public,
            "external_accounts": frozenset(self.external_accounts),
            "external_orgs": frozenset() if public else frozenset(self.external_orgs),
            "services": frozenset({"*"}) if "zq.amazonaws.com" in self.services else frozenset(self.services),
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
    return [*found, value]


@dataclass
class Constants:
    """What the policies mention."""

    policies: tuple[Policy, ...]
    values: dict[str, set[str]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    user_variable: bool = False

    def __post_init__(self) -> None:
        for policy in self.policies:
            for statement in policy.statements:
                texts = [p.value for p in statement.principals]
                for condition in statement.conditions:
                    kept = self.values.setdefault(condition.name, set())
                    if condition.base != "Null":
                        kept.update(condition.values)
                        texts += condition.values
                    self.user_variable |= any("${aws:username}" in v for v in condition.values)
                for text in texts:
                    self.named.update(re.findall(r"(?<!\d)\d{12}(?!\d)", text))

    def of(self, name: str) -> set[str]:
        return self.values.get(name, set())

    def principals(self, kind: PrincipalKind) -> set[str]:
        return {p.value for policy in self.policies for s in policy.statements for p in s.principals if p.kind is kind}


def accounts(setting: Setting, constants: Constants) -> list[str]:
    found = {setting.own, STRANGER, *setting.members, *setting.vendors, *constants.named}
    globs = constants.of("aws:principalaccount") | constants.of("aws:sourceaccount")
    globs |= {v.split(":")[4] for v in constants.of("aws:sourcearn") if v.count(":") > 4}
    for glob in globs:
        room = 12 - len(glob.replace("*", ""))
        for digit in "0123456789":
            whole = glob.replace("?", digit).replace("*", digit * max(room, 0), 1).replace("*", "")
            if re.fullmatch(r"\d{12}", whole):
                found.add(whole)
    heads = {glob[:-1] for glob in globs if re.fullmatch(r"\d+\*", glob)}
    tails = {glob[1:] for glob in globs if re.fullmatch(r"\*\d+", glob)}
    found |= {f"{head:6<{12 - len(tail)}}{tail}" for head in heads for tail in tails}
    return sorted(found)


def organizations(setting: Setting, account: str, values: set[str]) -> list[str | None]:
    if account == setting.own or account in setting.members:
        return [setting.org]
    found: set[str | None] = {None, "o-zqzqzqzqzq"}
    for value in values:
        for text in filled(value.split("/")[0], ("", "zqzqzq", "zq" * 6)):
            if re.fullmatch(r"o-[a-z0-9]{10,32}", text) and text != setting.org:
                found.add(text)
    return sorted(found, key=str)


def paths(organization: str, values: set[str]) -> list[str]:
    found = {f"{organization}/r-zz99/ou-zz99-zqzqzqzq/"}
    for value in values:
        for text in filled(value, ("zq/", "", f"{organization}/r-zz99/")):
            if text.startswith(f"{organization}/r-") and "*" not in text:
                found.add(text)
    return sorted(found)


def is_named(organization: str | None, constants: Constants) -> bool:
    values = constants.of("aws:principalorgid") | constants.of("aws:principalorgpaths")
    return organization in {value.split("/")[0] for value in values}


@dataclass
class Someone:
    caller: Caller
    context: dict[str, tuple[str, ...]]
    account: str | None
    organization: str | None = None
    source: bool = False


def people(setting: Setting, constants: Constants) -> Iterator[Someone]:
    names, users = _names(setting, constants)
    org_values = constants.of("aws:principalorgid") | constants.of("aws:principalorgpaths")
    tags = [k for k in constants.values if k.startswith("aws:principaltag/")]
    for account in accounts(setting, constants):
        for caller, context in _callers(account, names, users, constants):
            context = {
                **context,
                "aws:principalaccount": (account,),
                "aws:principalisawsservice": ("false",),
            }
            taggable = caller.kind in (CallerKind.USER, CallerKind.ROLE_SESSION)
            tagged = [[None, *_free(constants.of(tag))] if taggable else [None] for tag in tags]
            for organization in organizations(setting, account, org_values):
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


def _names(setting: Setting, constants: Constants) -> tuple[set[str], set[str]]:
    names, users = {"zq"}, {"zq", FRESH}
    for value in constants.of("aws:principalarn"):
        rest = value.split(":", 5)[-1]
        for text in filled(rest, ("", "zq", "zq/zq")):
            for head in ("role/", "user/"):
                if text.startswith(head) and re.fullmatch(r"[!-~]*[\w+=,.@-]", text[5:]):
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
    if constants.user_variable:
        users.update(address.partition("@")[0] for address in senders(setting, constants))
    return names, {user for user in users if re.fullmatch(r"[\w+=,.@-]+", user)}


def _role_paths(constants: Constants) -> set[str]:
    """Paths by which a role of any name meets ``role/beginning*`` and the like."""
    rests = {value.split(":", 5)[-1] for value in constants.of("aws:principalarn")}
    heads = {rest.partition("*")[0].removeprefix("role/") for rest in rests if rest.startswith("role/")}
    inside = {part for value in constants.of("aws:principalarn") for part in re.split(r"[*?/]", value)}
    return {f"{head}zq/" for head in heads if "*" not in head} | {f"x{part}/" for part in inside if part}


def _is_path(text: str) -> bool:
    return re.fullmatch(r"(?:[!-~]+/)*[A-Za-z0-9_+=,.@-]+", text) is not None


def _callers(
    account: str, names: set[str], users: set[str], constants: Constants
) -> Iterator[tuple[Caller, dict[str, tuple[str, ...]]]]:
    iam, sts = f"arn:aws:iam::{account}:", f"arn:aws:sts::{account}:"
    yield Caller(CallerKind.ROOT, f"{iam}root", account), {"aws:principalarn": (f"{iam}root",)}
    kinds = {kind: {v for v in constants.principals(kind) if f"::{account}:" in v} for kind in PrincipalKind}
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


def services(setting: Setting, constants: Constants) -> Iterator[Someone]:
    named = constants.principals(PrincipalKind.SERVICE) | constants.of("aws:principalservicename")
    for name in sorted({"zq.amazonaws.com"} | {n for n in named if n.endswith(".amazonaws.com") and "*" not in n}):
        caller = Caller(CallerKind.SERVICE, name)
        base = {"aws:principalisawsservice": ("true",), "aws:principalservicename": (name,)}
        yield Someone(caller, base, None)
        for account in accounts(setting, constants):
            for organization in organizations(setting, account, constants.of("aws:sourceorgid")):
                for arn in _source_arns(account, constants):
                    context = {**base, "aws:sourceaccount": (account,), "aws:sourcearn": (arn,)}
                    if organization:
                        context["aws:sourceorgid"] = (organization,)
                    yield Someone(caller, context, account, organization, True)


def _source_arns(account: str, constants: Constants) -> list[str]:
    found = {f"arn:aws:zq:zq:{account}:zq"}
    for value in constants.of("aws:sourcearn"):
        parts = value.split(":", 5)
        if len(parts) == 6:
            parts[2:4] = [part.replace("*", "zq") for part in parts[2:4]]
            found |= {":".join([*parts[:4], account, text]) for text in filled(parts[5], ("", "zq"))[:-1]}
    return sorted(found)


def senders(setting: Setting, constants: Constants) -> list[str]:
    if "@" in setting.name:
        return [setting.name]
    found = {f"{FRESH}@{setting.name}", f"zq@zq.{setting.name}"}
    bearers = {arn.rpartition("/")[2] for arn in constants.principals(PrincipalKind.USER)}
    bearers |= {"zq", *(v for v in constants.of("aws:username") if "*" not in v)}
    bearers |= {v.rpartition("/")[2].replace("*", "") or "zq" for v in constants.of("aws:principalarn")}
    values = constants.of("ses:fromaddress")
    tied = {value.replace("${aws:username}", bearer) for value in values for bearer in bearers}
    for value in sorted(values | tied):
        for text in filled(value, ("", "zq", "admin", "a", "b")):
            for address in (text, f"{text}@{setting.name}", value):
                if re.fullmatch(rf"[!-?A-~]+@([a-z0-9-]+\.)*{re.escape(setting.name)}", address):
                    local, _, host = address.partition("@")
                    found |= {address, f"{local.upper()}@{host}"}
    return sorted(found)


def places(constants: Constants) -> list[tuple[dict[str, tuple[str, ...]], bool]]:
    blocks = [ipaddress.ip_network(v, strict=False) for v in constants.of("aws:sourceip")]
    narrow = [b for b in blocks if b.prefixlen >= (8 if b.version == 4 else 32)]
    addresses = {"77.1.1.1", "200.1.1.1", "198.18.0.9", "2a00::9"}
    addresses |= {str(b[min(9, b.num_addresses - 1)]) for b in blocks}
    found = []
    for address in sorted(addresses) if blocks else ["77.1.1.1"]:
        inside = any(ipaddress.ip_address(address) in b for b in narrow)
        found.append(({"aws:sourceip": (address,)}, not inside))
    if {"aws:sourceip", "aws:sourcevpc", "aws:sourcevpce"} & set(constants.values):
        options = []
        for name in ("aws:sourcevpc", "aws:sourcevpce"):
            values = {text for v in constants.of(name) for text in filled(v, ("zq",))}
            values |= {other for text in values for other in _cased(text)}
            options.append([(name, v, v.lower() not in constants.of(name)) for v in sorted(values | {"vpc-zq"})])
        found += [
            ({n: (v,) for n, v, _ in choice}, all(common for _, _, common in choice)) for choice in product(*options)
        ]
    return found


def _free(values: set[str]) -> list[str]:
    found = {text for value in values for text in filled(value, ("", "zq"))}
    return sorted(found | {other for text in found for other in _cased(text)} - {""} | {"zq"})


def _cased(text: str) -> set[str]:
    """The same letters otherwise: all of them, and all but what a pattern's fixed beginning holds."""
    return {text.upper(), text[:-1] + text[-1:].swapcase()}


@dataclass
class Views:
    """How candidates look to the policies: those that look alike are tried once.

    Every look is the referee's own answer, remembered for each condition and value.
    """

    policies: tuple[Policy, ...]
    known: dict[tuple[int, tuple[str, ...] | None], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.statements = [s for p in self.policies for s in p.statements]
        self.conditions = [(c, s.variables) for s in self.statements for c in s.conditions]

    def look(self, context: dict[str, tuple[str, ...]], names: set[str]) -> tuple[bool, ...]:
        found = []
        for index, (condition, variables) in enumerate(self.conditions):
            if condition.name not in names:
                continue
            own = any("${" in value for value in condition.values)
            key = (index, None if own else context.get(condition.name))
            if own or key not in self.known:
                nobody = Caller(CallerKind.ROOT, "")
                self.known[key] = condition_holds(condition, Request(nobody, "", "", context), variables)
            found.append(self.known[key])
        return tuple(found)

    def signer(self, caller: Caller) -> tuple[bool, ...]:
        return tuple(principal_matches(s, caller) for s in self.statements)


def requests(setting: Setting, policies: tuple[Policy, ...], today: str) -> Iterator[tuple[Request, Someone, bool]]:
    """Every request of the universe, who makes it, and whether anybody can call from there."""
    constants = Constants(policies)
    views = Views(policies)
    free = [k for k in ("aws:useragent", "aws:referer") if k in constants.values]
    choices = [_unlike(views, [{name: (v,)} for v in _free(constants.of(name))] + [{}], {name}) for name in free]
    moments = [f"{today}T12:00:00Z"]
    if "aws:currenttime" in constants.values:
        moments += ["2027-01-15T00:00:00Z", "2028-06-01T00:00:00Z", "2040-01-01T00:00:00Z"]
    times = _unlike(views, [{"aws:currenttime": (moment,)} for moment in moments], {"aws:currenttime"})
    froms = [{"ses:fromaddress": (address,)} for address in senders(setting, constants)]
    if not constants.user_variable:
        froms.sort(key=lambda context: not context["ses:fromaddress"][0].startswith(FRESH))
        froms = froms[:1] + _unlike(views, froms[1:], {"ses:fromaddress"})
    kinds = {tuple(action_matches(s, action) for s in views.statements): action for action in reversed(SENDING)}
    sites: dict[object, tuple[dict[str, tuple[str, ...]], bool]] = {}
    where = {"aws:sourceip", "aws:sourcevpc", "aws:sourcevpce"}
    for place, common in places(constants):
        sites.setdefault((common, views.look(place, where)), (place, common))
    elsewhere = {*free, *where, "aws:currenttime", "ses:fromaddress"}
    about = set(constants.values) - elsewhere
    everybody = list(_distinct(setting, constants, views, about))
    size = len(everybody) * len(kinds) * len(sites) * len(times) * len(froms)
    for options in choices:
        size *= len(options)
    if size > MOST:
        raise TooManyError
    for someone in everybody:
        spots = [({}, True)] if someone.caller.kind is CallerKind.SERVICE else list(sites.values())
        for action, (place, common), moment, sender, choice in product(
            kinds.values(), spots, times, froms, product(*choices)
        ):
            context = {**someone.context, **place, **moment, **sender, "aws:securetransport": ("true",)}
            for more in choice:
                context.update(more)
            yield Request(someone.caller, action, setting.identity, context), someone, common


def _unlike(
    views: Views, contexts: list[dict[str, tuple[str, ...]]], names: set[str]
) -> list[dict[str, tuple[str, ...]]]:
    found: dict[object, dict[str, tuple[str, ...]]] = {}
    for context in contexts:
        found.setdefault(views.look(context, names), context)
    return list(found.values())


def _distinct(setting: Setting, constants: Constants, views: Views, about: set[str]) -> Iterator[Someone]:
    seen: set[object] = set()
    for someone in (*people(setting, constants), *services(setting, constants)):
        someone.context["aws:securetransport"] = ("true",)
        shown = (
            someone.caller.kind is CallerKind.SERVICE and someone.caller.arn,
            someone.account if someone.account in constants.named else classify(setting, constants, someone, True),
            someone.source and (someone.account in {setting.own, *setting.members, *setting.vendors}),
            is_named(someone.organization, constants) and someone.organization,
            views.signer(someone.caller),
            views.look(someone.context, about),
            constants.user_variable and someone.context.get("aws:username"),
        )
        if shown not in seen:
            seen.add(shown)
            yield someone


def classify(setting: Setting, constants: Constants, someone: Someone, common: bool) -> str:
    """The class an allowed request shows; ``tied`` (to a place or organization) is external at most."""
    if someone.caller.kind is CallerKind.SERVICE:
        return "service"
    account = someone.account
    if account == setting.own:
        return "own"
    if account in setting.members:
        return "organization"
    if account in setting.vendors:
        return "vendor"
    if account in constants.named:
        return "external"
    return "public" if common and not is_named(someone.organization, constants) else "tied"


def verdict(setting: Setting, policies: tuple[Policy, ...], today: str) -> Verdict:
    """Ask the referee about every request."""
    constants = Constants(policies)
    found = Verdict()
    for request, someone, common in requests(setting, policies, today):
        if not decide(policies, request).allowed:
            continue
        shown = classify(setting, constants, someone, common)
        if shown != "tied":
            found.classes.add(shown)
        outside = someone.account not in (setting.own, *setting.members)
        if shown == "service":
            found.services.add(someone.caller.arn)
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
        if shown != "own" and request.context["ses:fromaddress"][0].startswith(f"{FRESH}@"):
            found.any_from_address = True
    if (found.network or found.external_orgs) and "public" not in found.classes:
        found.classes.add("external")
    return found
