"""The same question put to z3: a formula over strings, sharing no code with the engine or the referee.

It reads policy objects itself and writes down, for the fragment of ``vocabulary``, what a request is and
when each statement matches. A solver then says whether some request of a class is allowed.
"""

from __future__ import annotations

import re
from typing import Any

import z3

from tests.policy.universe import JOINER, SENDING, Setting

_ALWAYS = z3.BoolVal(True)
_NEVER = z3.BoolVal(False)
_DIGIT = z3.Range("0", "9")
_LOWER = z3.Union(z3.Range("a", "z"), z3.Range("0", "9"))
_NAME = z3.Plus(z3.Union(z3.Range("a", "z"), z3.Range("A", "Z"), z3.Range("0", "9"), z3.Re("-"), z3.Re("_")))
_PRINTABLE = z3.Range("!", "~")
_LOCAL = z3.Plus(z3.Union(z3.Range("!", "?"), z3.Range("A", "~")))
_SUBDOMAINS = z3.Star(z3.Concat(z3.Plus(_LOWER), z3.Re(".")))
_KINDS = ("root", "user", "role", "federated", "service")


def glob(value: str) -> z3.ReRef:
    """A wildcard pattern as a regular expression."""
    parts = [z3.Star(z3.AllChar(z3.ReSort(z3.StringSort()))) if c == "*" else _one(c) for c in value]
    return z3.Re("") if not parts else parts[0] if len(parts) == 1 else z3.Concat(*parts)


def _one(character: str) -> z3.ReRef:
    return z3.AllChar(z3.ReSort(z3.StringSort())) if character == "?" else z3.Re(character)


def _fielded(value: str) -> z3.ReRef:
    """An ARN pattern: wildcards stay between the first five colons."""
    inner = z3.Diff(z3.AllChar(z3.ReSort(z3.StringSort())), z3.Re(":"))
    fields = value.split(":", 5)
    if len(fields) != 6:
        return z3.Empty(z3.ReSort(z3.StringSort()))
    parts: list[z3.ReRef] = []
    for field in fields[:5]:
        parts += [z3.Star(inner) if c == "*" else inner if c == "?" else z3.Re(c) for c in field]
        parts.append(z3.Re(":"))
    return z3.Concat(*parts, glob(fields[5]), z3.Re(""))


class Question:
    """A request as unknowns, and the policies as a formula over them."""

    def __init__(self, setting: Setting, sources: list[dict[str, Any]]):
        self.setting = setting
        #: Whether accounts that are not listed are tried as members: where the policies ask for the organization.
        self.joins = setting.org is not None and "aws:PrincipalOrgID" in str(sources)
        self.kind = z3.Int("kind")
        self.account, self.org, self.arn = z3.String("account"), z3.String("org"), z3.String("arn")
        self.name, self.sender = z3.String("name"), z3.String("from")
        self.action = z3.Int("action")
        self.texts: dict[str, tuple[Any, Any]] = {}
        self.facts: list[Any] = []
        self.named: set[str] = set()
        self.named_orgs: set[str] = set()
        self._request()
        self.allowed = self._allowed(sources)

    def is_kind(self, kind: str) -> Any:
        return self.kind == _KINDS.index(kind)

    def _request(self) -> None:
        own, members = self.setting.own, self.setting.members
        service = self.is_kind("service")
        inside = z3.Or(*(self.account == a for a in (own, *sorted(members))))
        joiner = self.account == JOINER if self.joins else _NEVER
        if not members - {own} and self.joins:  # no members are listed: every account may be one
            joiner = _ALWAYS
        foreign = self.org != (self.setting.org or "?")
        org_form = z3.InRe(self.org, z3.Concat(z3.Re("o-"), z3.Loop(_LOWER, 10, 32)))
        ours = self.setting.org
        iam, sts = z3.Concat("arn:aws:iam::", self.account), z3.Concat("arn:aws:sts::", self.account)
        federated = z3.StringVal(":federated-user/")
        self.sourced = z3.Bool("sourced")
        self.facts += [
            self.kind >= 0,
            self.kind < len(_KINDS),
            self.action >= 0,
            self.action < len(SENDING),
            z3.InRe(self.account, z3.Loop(_DIGIT, 12, 12)),
            z3.If(
                inside,
                self.org == (ours or ""),
                z3.Or(z3.And(foreign, z3.Or(self.org == "", org_form)), z3.And(joiner, self.org == (ours or ""))),
            ),
            z3.InRe(self.name, _NAME),
            z3.Implies(self.is_kind("root"), self.arn == z3.Concat(iam, z3.StringVal(":root"))),
            z3.Implies(self.is_kind("user"), self._path(iam, ":user/")),
            z3.Implies(self.is_kind("role"), self._path(iam, ":role/")),
            z3.Implies(
                self.is_kind("federated"),
                self.arn == z3.Concat(sts, federated, self.name),
            ),
            z3.Implies(service, self.arn == ""),
        ]
        self.facts.append(z3.InRe(self.sender, self._addresses()))

    def _path(self, head: Any, kind: str) -> Any:
        path = z3.String("path")
        self.facts.append(z3.Or(path == "", z3.InRe(path, z3.Concat(z3.Plus(_PRINTABLE), z3.Re("/")))))
        return self.arn == z3.Concat(head, z3.StringVal(kind), path, self.name)

    def _addresses(self) -> z3.ReRef:
        name = self.setting.name
        if "@" in name:
            return z3.Re(name)
        return z3.Concat(_LOCAL, z3.Re("@"), _SUBDOMAINS, z3.Re(name))

    def value(self, key: str) -> tuple[Any, Any]:
        """Whether a key is present, and its text."""
        service = self.is_kind("service")
        is_service = z3.If(service, z3.StringVal("true"), z3.StringVal("false"))
        fixed = {
            "aws:principalaccount": (z3.Not(service), self.account),
            "aws:principalarn": (z3.Not(service), self.arn),
            "aws:principalorgid": (z3.And(z3.Not(service), self.org != ""), self.org),
            "aws:sourceaccount": (z3.And(service, self.sourced), self.account),
            "aws:sourceorgid": (z3.And(service, self.sourced, self.org != ""), self.org),
            "aws:principalisawsservice": (
                _ALWAYS,
                is_service,
            ),
            "aws:securetransport": (_ALWAYS, z3.StringVal("true")),
            "aws:username": (self.is_kind("user"), self.name),
            "ses:fromaddress": (_ALWAYS, self.sender),
        }
        if key in fixed:
            return fixed[key]
        if key not in self.texts:
            present, text = z3.Bool(f"has {key}"), z3.String(key)
            self.facts.append(z3.InRe(text, z3.Plus(z3.Range(" ", "~"))))
            if key.startswith("aws:principaltag/"):
                self.facts.append(z3.Implies(present, z3.Or(self.is_kind("user"), self.is_kind("role"))))
            self.texts[key] = (present, text)
        return self.texts[key]

    def _allowed(self, sources: list[dict[str, Any]]) -> Any:
        allow, deny = [], []
        for source in sources:
            variables = source.get("Version") == "2012-10-17"
            for statement in source["Statement"]:
                (allow if statement["Effect"] == "Allow" else deny).append(self._statement(statement, variables))
        return z3.And(z3.Or(*allow, _NEVER), z3.Not(z3.Or(*deny, _NEVER)))

    def _statement(self, statement: dict[str, Any], variables: bool) -> Any:
        patterns = statement.get("Action", statement.get("NotAction"))
        covered = [
            self.action == index
            for index, action in enumerate(SENDING)
            if any(re.fullmatch(_python_glob(p.lower()), action.lower()) for p in patterns) == ("Action" in statement)
        ]
        parts = [z3.Or(*covered, _NEVER), self._principal(statement["Principal"])]
        for operator, keys in statement.get("Condition", {}).items():
            for key, values in keys.items():
                listed = values if isinstance(values, list) else [values]
                parts.append(self._condition(operator, key.lower(), listed, variables))
        return z3.And(*parts)

    def _principal(self, principal: Any) -> Any:
        if principal == "*":
            return _ALWAYS
        found = []
        for kind, values in principal.items():
            for value in values if isinstance(values, list) else [values]:
                if kind == "Service":
                    self.value("service name")
                    found.append(z3.And(self.is_kind("service"), z3.String("service name") == value))
                elif value == "*":
                    return _ALWAYS
                else:
                    account = re.search(r"[0-9]{12}", value)[0]
                    self.named.add(account)
                    mine = z3.And(z3.Not(self.is_kind("service")), self.account == account)
                    whole = value == account or value.endswith(":root")
                    found.append(mine if whole else z3.And(mine, self.arn == value))
        return z3.Or(*found)

    def _condition(self, operator: str, key: str, values: list[str], variables: bool) -> Any:
        present, text = self.value(key)
        if operator == "Null":
            return z3.Or(*(z3.Not(present) if value == "true" else present for value in values))
        qualifier, _, rest = operator.rpartition(":")
        if_exists = rest.endswith("IfExists")
        base = rest.removesuffix("IfExists")
        negated = "Not" in base
        self.named.update(a for v in values for a in re.findall(r"(?<!\d)\d{12}(?!\d)", v))
        if key == "aws:principalorgid":
            self.named_orgs.update(values)
        met = z3.Or(*(self._compare(base.replace("Not", ""), text, value, variables) for value in values))
        holds = z3.Not(met) if negated else met
        missing = if_exists or qualifier == "ForAllValues" or (negated and qualifier != "ForAnyValue")
        return z3.If(present, holds, z3.BoolVal(missing))

    def _compare(self, base: str, text: Any, value: str, variables: bool) -> Any:
        if variables and "${aws:PrincipalAccount}" in value:
            before, after = value.split("${aws:PrincipalAccount}")
            joined = z3.Concat(z3.StringVal(before), self.account)
            rest = z3.SubString(text, z3.Length(joined), z3.Length(text))
            person = z3.Not(self.is_kind("service"))
            if base == "StringEquals":
                return z3.And(person, text == z3.Concat(joined, z3.StringVal(after)))
            return z3.And(person, z3.PrefixOf(joined, text), z3.InRe(rest, glob(after)))
        if base in ("StringLike", "ArnLike", "ArnEquals"):
            return z3.InRe(text, glob(value) if base == "StringLike" else _fielded(value))
        return text == value

    def classes(self, timeout: int) -> dict[str, bool | None]:
        """For each class of callers, whether one is allowed (None: the solver gave up)."""
        setting, service = self.setting, self.is_kind("service")
        known = {setting.own, *setting.members, *setting.vendors}
        person = z3.Not(service)
        of_ours = self.org == setting.org if self.joins else _NEVER

        def among(accounts: Any) -> Any:
            return z3.And(person, z3.Or(*(self.account == a for a in sorted(accounts)), _NEVER))

        asked = {
            "own": among({setting.own}),
            "service": service,
            "organization": z3.Or(among(setting.members), z3.And(person, self.account != setting.own, of_ours)),
            "vendor": z3.And(among(setting.vendors), z3.Not(of_ours)),
            "external": z3.And(among(self.named - known), z3.Not(of_ours)),
        }
        unnamed = z3.And(*(self.account != a for a in sorted(known | self.named)))
        untied = z3.And(*(self.org != org for org in sorted(self.named_orgs)), _ALWAYS)
        asked["public"] = z3.And(person, unnamed, untied, z3.Not(of_ours))
        found: dict[str, bool | None] = {}
        for name, who in asked.items():
            solver = z3.Solver()
            solver.set("timeout", timeout)
            solver.add(*self.facts, self.allowed, who)
            answer = solver.check()
            found[name] = None if answer == z3.unknown else answer == z3.sat
        return found


def _python_glob(value: str) -> str:
    return "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in value)
