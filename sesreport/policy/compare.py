"""Does a policy change let anybody do anything new?

A request is new when the new policies allow it and the old ones do not: it lies in a new Allow, in no new
Deny, and either in no old Allow or in an old Deny. All of an identity's actions count here, not the sending
ones alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from sesreport.policy import forms, fragment, patterns
from sesreport.policy.accounts import Standing
from sesreport.policy.automata import Budget, Groups, Text
from sesreport.policy.evaluator import Request, decide
from sesreport.policy.model import Effect, Policy, PolicyError, Statement
from sesreport.policy.proof import say, sender_words
from sesreport.policy.reach import example
from sesreport.policy.reader import read_policies, read_policy
from sesreport.policy.scene import SENDING_ACTIONS, Organization, Scene, Use, add_policies, read_identity
from sesreport.policy.search import Box, Search, meet
from sesreport.policy.space import Space, axis_name, build, statement_box

#: Management actions of an identity (SES Developer Guide, "Identity policy anatomy"), and the sending action
#: that page does not list (Service Authorization Reference, Amazon SES API v2).
OTHER_ACTIONS = (
    "ses:SendBulkEmail",
    "ses:BatchGetMetricData",
    "ses:CancelExportJob",
    "ses:CreateDeliverabilityTestReport",
    "ses:CreateEmailIdentityPolicy",
    "ses:CreateExportJob",
    "ses:DeleteEmailIdentity",
    "ses:DeleteEmailIdentityPolicy",
    "ses:GetDomainStatisticsReport",
    "ses:GetEmailIdentity",
    "ses:GetEmailIdentityPolicies",
    "ses:GetExportJob",
    "ses:ListExportJobs",
    "ses:ListRecommendations",
    "ses:PutEmailIdentityConfigurationSetAttributes",
    "ses:PutEmailIdentityDkimAttributes",
    "ses:PutEmailIdentityDkimSigningAttributes",
    "ses:PutEmailIdentityFeedbackAttributes",
    "ses:PutEmailIdentityMailFromAttributes",
    "ses:TagResource",
    "ses:UntagResource",
    "ses:UpdateEmailIdentityPolicy",
)

MAX_STEPS = 50_000
_LETTERS = forms.PRINTABLE - frozenset(' *?:"')


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer; true when nothing new is granted.

    ``witness`` is a request that only the new policies allow, ``words`` says it in one sentence. Without a
    witness a false answer means that it could not be proved, and ``errors`` or ``undecided`` say why.
    """

    narrower_or_equal: bool
    witness: Request | None = None
    statement: Statement | None = None
    words: str = ""
    errors: tuple[PolicyError, ...] = ()
    undecided: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.narrower_or_equal


def narrower_or_equal(
    new: Any,
    old: Any,
    *,
    identity_arn: str | None = None,
    organization: Organization | None = None,
    register: Mapping[str, str] | None = None,
    today: date | None = None,
) -> Comparison:
    """Whether every request that ``new`` allows is one that ``old`` allows.

    Each side is one policy (JSON text or parsed object) or all policies of an identity (a mapping of name to
    policy). Without ``identity_arn`` the identities that the policies name are compared, and one they do not
    name. ``today`` leaves out requests before it; None counts all times.

    Raises ``ValueError`` when ``identity_arn`` is not the ARN of an SES identity.
    """
    news, olds = _policies(new), _policies(old)
    unreadable = any(policy.errors for policy in (*news, *olds))
    if news == olds and (new == old or not unreadable):
        return Comparison(True)
    errors = tuple(error for policy in (*news, *olds) for error in policy.errors)
    arns = [identity_arn] if identity_arn is not None else list(_identities((*news, *olds)))
    answer = Comparison(True)
    for arn in arns:
        answer = _compare(arn, news, olds, organization or Organization(None), dict(register or {}), today)
        if not answer:
            break
    words = answer.words
    if identity_arn is None and arns and _MADE_UP in arn:
        words = words.replace(f" at {read_identity(arn).name}", " at an identity that its resource matches")
    if answer and errors:
        return Comparison(False, errors=errors)
    return Comparison(answer.narrower_or_equal, answer.witness, answer.statement, words, errors, answer.undecided)


def _policies(source: Any) -> tuple[Policy, ...]:
    if isinstance(source, Policy):
        return (source,)
    if isinstance(source, Mapping) and all(_is_policy(source.get(name, "{}")) for name in ("Statement", "Version")):
        return read_policies(source)
    return (read_policy(source),)


def _is_policy(value: Any) -> bool:
    """Whether it is a policy under a name of its own, and not a policy's own element: a policy may have any name."""
    if isinstance(value, str):
        return value.lstrip().startswith("{")
    return isinstance(value, Policy) or (isinstance(value, Mapping) and "Statement" in value)


_IDENTITY = re.compile(r"arn:aws[a-z-]*:ses:[a-z0-9-]+:[0-9]{12}:identity/[^*?$]+\Z")


def _identities(policies: Iterable[Policy]) -> Iterator[str]:
    """The identities that policies name, one for each resource with wildcards, and one that they do not name."""
    resources = {resource for policy in policies for s in policy.statements for resource in s.resources}
    named = {resource for resource in resources if _IDENTITY.match(resource)}
    yield from sorted(named)
    made_up = {_example(resource) for resource in resources - named}
    yield from sorted(arn for arn in made_up if _IDENTITY.match(arn))
    yield _example("*")


def _example(resource: str) -> str:
    """An identity that a resource with wildcards matches, where one can be told from its parts."""
    usual = ("arn", "aws", "ses", "us-east-1", "690707070707", f"identity/{_MADE_UP}.example")
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return ":".join(usual)
    place = [u if "*" in part or "?" in part else part for u, part in zip(usual[:5], parts[:5], strict=True)]
    return ":".join([*place, parts[5].replace("*", _MADE_UP).replace("?", "z")])


_MADE_UP = "zq"


def _compare(
    arn: str,
    news: tuple[Policy, ...],
    olds: tuple[Policy, ...],
    organization: Organization,
    register: dict[str, str],
    today: date | None,
) -> Comparison:
    moment = datetime(today.year, today.month, today.day, tzinfo=UTC).timestamp() if today else 0.0
    identity = read_identity(arn)
    try:
        return _compared(Scene(identity, organization, frozenset(register), moment), news, olds, register)
    except Exception as fault:  # noqa: BLE001 - what cannot be compared is not proved, and no more than that
        said = f"could not be compared ({type(fault).__name__}: {str(fault)[:200]})"
        return Comparison(False, undecided=(said,))


def _compared(scene: Scene, news: tuple[Policy, ...], olds: tuple[Policy, ...], register: dict[str, str]) -> Comparison:
    scene.actions = _actions((*news, *olds))
    granted = add_policies(scene, news)
    scene.statements = granted
    before = add_policies(scene, olds)
    try:
        found = _new(scene, before)
    except (Budget, RecursionError) as limit:
        return Comparison(False, undecided=(f"too much to decide exactly: {limit}",))
    if found is None:
        return Comparison(True)
    space, box, statement = found
    request, who, _ = example(scene, space, box)
    if decide(news, request).allowed and not decide(olds, request).allowed:
        vendor = register.get(who.account) if who.account is not None else None
        words = say(request, who, statement, vendor, sender_words(scene, request, space.fresh))
        return Comparison(False, request, statement, words)
    unclear = [s.label for s, _ in (*granted, *before) if not _is_clear(scene, s)]
    return Comparison(False, undecided=tuple(f"{label}: not decided exactly" for label in unclear))


def _is_clear(scene: Scene, statement: Statement) -> bool:
    return all(fragment.is_clear(scene, Use(item, statement.variables)) for item in statement.conditions)


def _actions(policies: Iterable[Policy]) -> tuple[str, ...]:
    """Every documented action, and one of every other kind that the policies tell apart."""
    written = (action.lower() for policy in policies for each in policy.statements for action in each.actions)
    return _told_apart(tuple(dict.fromkeys(written)))


@lru_cache(maxsize=1000)
def _told_apart(written: tuple[str, ...]) -> tuple[str, ...]:
    """The same by the actions as they are written, in small letters, which are the same few in most policies."""
    groups: dict[tuple[Text, ...], None] = {}
    for action in written:
        for rest in patterns.remainders(patterns.parse(action, wildcards=True, variables=False), "ses:"):
            groups[(Text(rest),)] = None
    known = (*SENDING_ACTIONS, *OTHER_ACTIONS)
    names = _action_names(tuple(groups))
    lowered = {action.lower() for action in known}
    return (*known, *(f"ses:{name}" for name in names if f"ses:{name}" not in lowered))


def _action_names(groups: Groups) -> tuple[str, ...]:
    try:
        return tuple(one for one in forms.members(forms.FREE, groups) if set(one) <= _LETTERS)
    except Budget:
        return ("zq",)


def _new(scene: Scene, before: list[tuple[Statement, int]]) -> tuple[Space, Box, Statement] | None:
    search = Search(MAX_STEPS)
    links = fragment.link(scene, axis_name)
    for of_services in (False, True):
        space = build(scene, links, of_services=of_services)
        old_allows: list[Box] = []
        old_denies: list[Box] = []
        for statement, actions in before:
            box = statement_box(scene, space, statement, actions, doubtful=Effect.DENY)
            if box is not None:
                (old_allows if statement.effect is Effect.ALLOW else old_denies).append(box)
        for callers in _strangest_first(space):
            for statement, whole in space.allows:
                box = meet(whole, 0, callers)
                part = None if box is None else _outside(search, space, box, old_allows, old_denies)
                if part is not None:
                    return space, part, statement
    return None


def _strangest_first(space: Space) -> list[int]:
    """Masks of callers, so that a witness is somebody from far away where one can be had."""
    order = (
        Standing.STRANGER,
        Standing.NAMED,
        Standing.VENDOR,
        Standing.MEMBER,
        Standing.OWN,
        Standing.SERVICE,
    )
    axis = space.axes[0]
    masks = dict.fromkeys(order, 0)
    for index, point in enumerate(axis.points):
        assert point.who is not None
        masks[point.who.standing] |= 1 << index
    return [mask for mask in masks.values() if mask]


def _outside(search: Search, space: Space, box: Box, old_allows: list[Box], old_denies: list[Box]) -> Box | None:
    """A part of a new Allow that the old policies do not allow and the new ones do not deny."""
    part = search.find(box, [*space.denies, *old_allows])
    if part is not None:
        return part
    for denied in old_denies:
        both = tuple(mine & theirs for mine, theirs in zip(box, denied, strict=True))
        part = search.find(both, space.denies) if all(both) else None
        if part is not None:
            return part
    return None
