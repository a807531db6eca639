"""What else a request varies in: where it comes from, when, its From address, and what the caller likes.

Each axis lists candidate values, at least one of every kind that the policies tell apart.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise, product
from types import MappingProxyType

from sesreport.policy import forms
from sesreport.policy.accounts import partitions
from sesreport.policy.automata import Budget, Groups, Text, explore
from sesreport.policy.callers import Context
from sesreport.policy.evaluator import Caller, CallerKind, Request, condition_holds
from sesreport.policy.grammar import OPERATORS, number, seconds
from sesreport.policy.keys import ValueSource, ValueType, key
from sesreport.policy.patterns import MANY, Pattern
from sesreport.policy.scene import Scene, Use

#: An internet address nobody writes into a policy (RFC 2544, benchmarking).
_SOMEWHERE = "198.18.77.77"
_VPC_KEYS = ("aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpceaccount", "aws:vpceorgid")
#: Keys that a call through an endpoint may lack: not every service sets them, nor is every account in an organization.
_NOT_ALWAYS = ("aws:sourcevpcarn", "aws:vpceaccount", "aws:vpceorgid")
_PRIVATE = {
    "aws:sourcevpc": forms.VPC,
    "aws:sourcevpce": forms.VPC_ENDPOINT,
    "aws:vpceaccount": forms.ACCOUNT,
    "aws:vpceorgid": forms.ORGANIZATION,
}


@dataclass(frozen=True, slots=True)
class CallOrigin:
    """Where a call comes from, and whether anybody can call from there."""

    context: Context
    common: bool


def call_origins(scene: Scene, known: Mapping[str, str | None] = MappingProxyType({})) -> list[CallOrigin]:
    """Internet addresses, and VPC endpoints when a condition looks at them.

    ``known`` are the values of variables that conditions on these mention.
    """
    uses = scene.uses.get("aws:sourceip", ())
    found = [CallOrigin({"aws:sourceip": (address,)}, common) for address, common in _addresses(uses)]
    names = [name for name in (*_VPC_KEYS, "aws:vpcsourceip") if scene.uses.get(name)]
    if not names and not uses:
        return found
    options: list[list[tuple[str, str, bool]]] = []
    for name in names:
        if name == "aws:vpcsourceip":
            options.append([(name, one, True) for one, _ in _addresses(scene.uses[name])])
        else:
            options.append([(name, value, common) for value, common in _private(scene, name, known)])
            if name in _NOT_ALWAYS:
                options[-1].append((name, "", True))
    for combination in product(*options):
        context: Context = {name: (value,) for name, value, _ in combination if value}
        for name, value in (
            ("aws:sourcevpc", "vpc-zq77"),
            ("aws:sourcevpce", "vpce-zq77"),
            ("aws:vpcsourceip", "10.77.7.7"),
        ):
            context.setdefault(name, (value,))
        found.append(CallOrigin(context, all(common for _, _, common in combination)))
    return found


def _private(scene: Scene, name: str, known: Mapping[str, str | None]) -> list[tuple[str, bool]]:
    """Values of a VPC key; one that a policy names in full is somebody's."""
    written = scene.groups(name)
    fixed = tuple(text for group in written for text in group if all(isinstance(p, str) for p in text.pattern))
    groups = (*scene.groups(name, known), fixed)
    if name == "aws:sourcevpcarn":
        arns = [explore((groups,), forms.vpc_arn(partition)) for partition in partitions(scene, name)]
        values = tuple(found.texts[0] for one in arns for found in one)
    else:
        values = forms.members(_PRIVATE[name], groups)
    return [(value, not forms.accepts((fixed,), value)) for value in values]


def _addresses(uses: Iterable[Use]) -> list[tuple[str, bool]]:
    """One address of every part that the CIDR blocks cut, and whether no narrow block holds it.

    Narrow: no broader than /8 (IPv4) or /32 (IPv6). Source: Amazon S3 User Guide, "The meaning of public".
    """
    values: dict[str, bool] = {}
    for use in uses:
        family = OPERATORS[use.condition.operator].family
        if family == "ip":
            for value, narrow in _narrow(use.condition.values):
                values[value] = values.get(value, True) and narrow
        elif family == "string":
            values |= {value: True for value in use.condition.values if _is_address(value)}
    return list(_parts(tuple(sorted(values.items()))))


@lru_cache(2048)
def _narrow(blocks: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
    """Whether each block stays narrow when those of the same condition are put together."""
    networks = [ipaddress.ip_network(block, strict=False) for block in blocks]
    whole: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = [
        *ipaddress.collapse_addresses([n for n in networks if isinstance(n, ipaddress.IPv4Network)]),
        *ipaddress.collapse_addresses([n for n in networks if isinstance(n, ipaddress.IPv6Network)]),
    ]
    found = []
    for block, network in zip(blocks, networks, strict=True):
        first = int(network[0])
        held = next(w for w in whole if w.version == network.version and int(w[0]) <= first <= int(w[-1]))
        found.append((block, held.prefixlen >= (8 if held.version == 4 else 32)))
    return tuple(found)


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


@lru_cache(2048)
def _parts(blocks: tuple[tuple[str, bool], ...]) -> tuple[tuple[str, bool], ...]:
    found: dict[tuple[bool, ...], tuple[str, bool]] = {}
    networks = [(ipaddress.ip_network(block, strict=False), small) for block, small in blocks]
    for version, somewhere in ((4, _SOMEWHERE), (6, "2001:2::77")):
        ours = [network for network, _ in networks if network.version == version]
        spans = [(int(network[0]), int(network[-1])) for network in ours]
        narrow = [small for network, small in networks if network.version == version]
        address_type = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
        edges = {0} | {low for low, _ in spans} | {high + 1 for _, high in spans}
        highest = (1 << (32 if version == 4 else 128)) - 1
        for address in [int(ipaddress.ip_address(somewhere)), *sorted(e for e in edges if e <= highest)]:
            inside = tuple(low <= address <= high for low, high in spans)
            kind = (version == 6, *inside)
            if kind not in found:
                somebodys = any(held and small for held, small in zip(inside, narrow, strict=True))
                found[kind] = (str(address_type(address)), not somebodys)
    return tuple(found.values())


def times(scene: Scene) -> list[Context]:
    """Moments from today on: today itself, and both sides of every date in the policies."""
    moments = {scene.today}
    for name in ("aws:currenttime", "aws:epochtime"):
        for use in scene.uses.get(name, ()):
            for value in use.condition.values:
                moment = seconds(value)
                if moment is None:
                    moment = number(value)
                if moment is not None:
                    whole = int(moment)
                    moments |= {float(m) for m in (whole - 1, whole, whole + 1) if m >= scene.today}
    found: list[Context] = []
    for moment in sorted(moments):
        try:
            text = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        except (ValueError, OverflowError, OSError):
            continue
        found.append({"aws:currenttime": (text,), "aws:epochtime": (str(int(moment)),)})
    return found


def from_addresses(scene: Scene, known: Mapping[str, str | None]) -> tuple[str, ...]:
    """From addresses of every kind; for a domain the first has an arbitrary local part.

    Addresses with identities of their own take precedence over their domain, and are left out.
    """
    identity, elsewhere = scene.identity, scene.own_identities
    if not identity.is_domain:
        return spellings(identity.name)
    if not elsewhere and not scene.uses.get("ses:fromaddress"):
        return (f"{fresh_name((), forms.LOCAL)}@{identity.name}",)
    fresh = f"{fresh_local(scene)}@{identity.name}"
    groups = scene.groups("ses:fromaddress", known)
    if not any(groups):
        return (fresh,)
    if elsewhere:
        groups = (*groups, forms.literal_group(*elsewhere))
    found = dict.fromkeys(spellings(fresh))
    for name in dict.fromkeys((identity.name, identity.name.lower())):
        found |= dict.fromkeys(_from_addresses(name, groups))
    return tuple(address for address in found if address not in elsewhere)


def spellings(address: str) -> tuple[str, ...]:
    """An address as it is written, and with its domain in lower case."""
    local, _, domain = address.rpartition("@")
    return tuple(dict.fromkeys((address, f"{local}@{domain.lower()}")))


def fresh_local(scene: Scene) -> str:
    """A local part that stands for an arbitrary one."""
    return fresh_name((*scene.groups("ses:fromaddress"), forms.literal_group(*scene.own_identities)), forms.LOCAL)


@lru_cache(4096)
def fresh_name(groups: Groups, characters: frozenset[str]) -> str:
    """A name only patterns for any name match: longer than they are, of a character none of them has."""
    used: set[str] = set()
    longest = 4
    for group in groups:
        for text in group:
            size = 0
            for piece in text.pattern:
                if isinstance(piece, str):
                    used.update(piece.lower() + piece.upper())
                    size += len(piece)
                else:
                    size += 1
            longest = max(longest, size)
    plain = [c for c in "zqjxkvwyZQ0123456789abcdefghilmnoprstu_-" if c in characters]
    unused = next((c for c in plain if c not in used), None)
    if unused is None:
        return "".join(plain[(7 * i * i + 3 * i) % len(plain)] for i in range(longest + 20))
    return unused * (longest + 1)


@lru_cache(2048)
def _from_addresses(domain: str, groups: Groups) -> tuple[str, ...]:
    local = _local_groups(domain, groups)
    if local is None:
        return tuple(one.texts[0] for one in explore((groups,), forms.mail_address(domain)))
    found = [f"{name}@{domain}" for name in forms.members(forms.LOCALS, local)]
    return (*found, f"zq@zq.{domain}")


def _local_groups(domain: str, groups: Groups) -> Groups | None:
    """The groups as seen by the local part, when every pattern ends in ``@domain`` or matches anything."""
    tail = f"@{domain}"
    found = []
    for group in groups:
        texts: list[Text] = []
        for text in group:
            pattern = text.pattern
            last = pattern[-1] if pattern else ""
            if pattern == (MANY,):
                texts.append(text)
            elif isinstance(last, str) and last.endswith(tail) and not text.fielded:
                rest: Pattern = (*pattern[:-1], last[: -len(tail)]) if last != tail else pattern[:-1]
                if any("@" in piece for piece in rest if isinstance(piece, str)):
                    continue  # two @: no address
                texts.append(Text(rest, text.fold))
            else:
                return None
        found.append(tuple(texts))
    return tuple(found)


def chosen_values(
    scene: Scene, name: str, extra: tuple[str, ...], known: Mapping[str, str | None]
) -> list[tuple[str, ...] | None]:
    """Values a key of the caller's choosing can have (``extra`` among them); None: it is left out."""
    uses = scene.uses[name]
    about = key(name)
    if about.source is ValueSource.FIXED:
        return [_fixed(scene, name)]
    texts = (*scene.groups(name, known), *(forms.literal_group(one) for one in extra))
    single: list[str] = []
    if about.value_type is ValueType.BOOL:
        single = ["true", "false"]
    elif about.value_type is ValueType.TEXT and any(texts):
        single = ["", *forms.members(forms.FREE, texts)]
    else:
        single = ["zq"]
    single += _numbers(uses) + _moments(uses) + [one for one, _ in _addresses(uses) if _has_ip(uses)]
    if not about.multivalued:
        return [None, *((one,) for one in dict.fromkeys(single))]
    return [None, *_sets(uses, single)]


def _has_ip(uses: Iterable[Use]) -> bool:
    return any(OPERATORS[use.condition.operator].family == "ip" for use in uses)


def _fixed(scene: Scene, name: str) -> tuple[str, ...] | None:
    value = scene.fixed[name]
    return None if value is None else (value,)


def _numbers(uses: Iterable[Use]) -> list[str]:
    values = [
        number(value)
        for use in uses
        if OPERATORS[use.condition.operator].family == "numeric"
        for value in use.condition.values
    ]
    found: set[float] = set()
    for value in values:
        if value is not None:
            found |= {value - 1, value, value + 1}
    ordered = sorted(found)
    between = {(low + high) / 2 for low, high in pairwise(ordered)}
    return [f"{value:.9f}".rstrip("0").rstrip(".") for value in sorted(found | between)]


def _moments(uses: Iterable[Use]) -> list[str]:
    found: set[int] = set()
    for use in uses:
        if OPERATORS[use.condition.operator].family == "date":
            for value in use.condition.values:
                moment = seconds(value)
                if moment is not None:
                    found |= {int(moment) - 1, int(moment), int(moment) + 1}
    return [str(moment) for moment in sorted(found)]


def _sets(uses: list[Use], single: list[str]) -> list[tuple[str, ...]]:
    """Sets of values: every outcome that unions of single values can bring about."""

    def outcome(values: tuple[str, ...]) -> tuple[bool, ...]:
        name = uses[0].condition.name
        request = Request(Caller(CallerKind.ROOT, ""), "", "", {name: values})
        return tuple(condition_holds(use.condition, request, False) for use in uses)

    kinds: dict[tuple[tuple[bool, ...], ...], tuple[str, ...]] = {}
    frontier: list[tuple[str, ...]] = [(one,) for one in dict.fromkeys(single)]
    profile = {one: outcome((one,)) for one in dict.fromkeys(single)}
    while frontier:
        values = frontier.pop(0)
        kind = tuple(sorted({profile[value] for value in values}))
        if kind in kinds:
            continue
        kinds[kind] = values
        if len(kinds) > 512:
            raise Budget("more than 512 kinds of value sets")
        frontier += [(*values, one) for one in profile if profile[one] not in kind]
    return list(kinds.values())
