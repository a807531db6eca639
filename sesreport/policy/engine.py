"""Computes an identity's exposure: the requests that its policies allow minus those they deny.

The classes of exposure and their order are those of :class:`sesreport.policy.exposure.Exposure`. What AWS
calls public is taken from the Amazon S3 User Guide, "The meaning of public": access by fixed values only is
not public.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sesreport.policy import fragment
from sesreport.policy.accounts import Standing
from sesreport.policy.automata import Budget
from sesreport.policy.callers import Who
from sesreport.policy.exposure import CLASSES, Exposure
from sesreport.policy.model import Effect, Policy, PrincipalKind, Statement
from sesreport.policy.reach import Reach, reach
from sesreport.policy.scene import SENDING_ACTIONS, Organization, Scene, Use, add_policies, read_identity
from sesreport.policy.search import Search
from sesreport.policy.space import Axis, Space, axis_name, build

#: Steps of subtracting Deny statements that one identity may take.
MAX_STEPS = 20_000
#: How often the engine tries again with less: keys given up, then without Deny statements.
MAX_ATTEMPTS = 5


_RANK = {name: rank for rank, name in enumerate(CLASSES)}


@dataclass(frozen=True, slots=True)
class Question:
    """All that an exposure depends on."""

    identity_arn: str
    policies: tuple[Policy, ...]
    organization: Organization
    register: Mapping[str, str]
    today: date
    own_identities: tuple[str, ...] = ()
    actions: tuple[str, ...] = SENDING_ACTIONS


def _scene(question: Question) -> Scene:
    identity = read_identity(question.identity_arn)
    moment = datetime(question.today.year, question.today.month, question.today.day, tzinfo=UTC).timestamp()
    register = frozenset(question.register)
    scene = Scene(identity, question.organization, register, moment, question.actions)
    scene.statements = add_policies(scene, question.policies)
    if question.own_identities and identity.is_domain:
        ends = (f"@{identity.name}", f".{identity.name}")
        names = [arn.partition(":identity/")[2] for arn in question.own_identities]
        scene.own_identities = tuple(sorted({n for n in names if "@" in n and n.endswith(ends)}))
    return scene


@dataclass(frozen=True, slots=True)
class DecidedExposure:
    """An exposure with the spaces it was read off."""

    exposure: Exposure
    scene: Scene
    reaches: tuple[Reach, Reach] | None


def decide_exposure(question: Question) -> DecidedExposure:
    """Run the engine; past its budget, answer from the Allow statements alone.

    Whatever goes wrong in it costs this identity alone: it then counts as public, and needs review.
    Raises ``ValueError`` when ``identity_arn`` is not the ARN of an SES identity.
    """
    identity = read_identity(question.identity_arn)
    try:
        return _decide(question)
    except Exception as fault:  # noqa: BLE001 - a policy must never end the judgement of the others
        said = f"could not be judged ({type(fault).__name__}: {str(fault)[:200]}): taken for public"
        return DecidedExposure(
            unjudged(question, (said,)), Scene(identity, question.organization, frozenset(), 0.0), None
        )


def _decide(question: Question) -> DecidedExposure:
    scene = _scene(question)
    if not any(statement.effect is Effect.ALLOW for statement, _ in scene.statements):
        return DecidedExposure(Exposure(question.identity_arn, "none", False), scene, None)
    limits: tuple[str, ...] = ()
    for _ in range(MAX_ATTEMPTS):
        try:
            reaches = _reaches(scene)
        except (Budget, RecursionError) as limit:
            fresh = _scene(question)
            given_up = scene.given_up | set(limit.keys if isinstance(limit, Budget) else ())
            if given_up == scene.given_up:
                limits += (f"too much to decide exactly ({limit}): Deny statements were left out",)
                _without_denies(fresh)
            fresh.given_up = given_up
            scene = fresh
            continue
        return DecidedExposure(_exposure(question, scene, *reaches, (*limits, *_unclear(scene))), scene, reaches)
    return DecidedExposure(unjudged(question, (*limits, "too much to decide at all: taken for public")), scene, None)


def unjudged(question: Question, undecided: tuple[str, ...]) -> Exposure:
    """The exposure of an identity about which nothing could be decided."""
    domain = read_identity(question.identity_arn).is_domain
    return Exposure(
        question.identity_arn,
        "public",
        True,
        services=frozenset({"*"}),
        any_from_address=domain,
        undecided=undecided,
        judged=False,
    )


def _reaches(scene: Scene) -> tuple[Reach, Reach]:
    search = Search(MAX_STEPS)
    links = fragment.link(scene, axis_name)
    found = []
    for of_services in (False, True):
        if any(_lets_in(statement, of_services) for statement, _ in scene.statements):
            found.append(reach(build(scene, links, of_services=of_services), search))
        else:
            found.append(Reach(Space([Axis([], frozenset())], None)))
    return found[0], found[1]


def _lets_in(statement: Statement, services: bool) -> bool:
    """Whether an Allow names callers of one kind at all."""
    if statement.effect is Effect.DENY:
        return False
    if statement.not_principal:
        return True
    kinds = {principal.kind for principal in statement.principals} - {PrincipalKind.DELETED}
    if PrincipalKind.ANYONE in kinds:
        return True
    return PrincipalKind.SERVICE in kinds if services else bool(kinds - {PrincipalKind.SERVICE})


def _without_denies(scene: Scene) -> None:
    """Keep the Allow statements, each condition on its own merits: the sound answer when time is up."""
    scene.statements = [(s, mask) for s, mask in scene.statements if s.effect is Effect.ALLOW]
    conditions = {(c, s.variables) for s, _ in scene.statements for c in s.conditions}
    for name, uses in scene.uses.items():
        scene.uses[name] = [use for use in uses if (use.condition, use.variables) in conditions]
    scene.uses = {name: uses for name, uses in scene.uses.items() if uses}


def _unclear(scene: Scene) -> tuple[str, ...]:
    found = []
    for statement, _ in scene.statements:
        for condition in statement.conditions:
            if not fragment.is_clear(scene, Use(condition, statement.variables)):
                counted = "as met" if statement.effect is Effect.ALLOW else "as not met"
                what = f"{condition.operator} on {condition.key}"
                found.append(f"{statement.label}: {what} is not decided exactly; it counts {counted}")
    return tuple(found)


def standing_class(who: Who, public: bool) -> str:
    """The class of exposure one caller stands for; a stranger is ``external`` where it is not public."""
    if who.standing is Standing.STRANGER and not public:
        return "external"
    return who.standing.value


def _exposure(question: Question, scene: Scene, people: Reach, services: Reach, undecided: tuple[str, ...]) -> Exposure:
    public = people.public is not None
    widest = "none"
    accounts: set[str] = set()
    orgs: set[str] = set()
    network = False
    for who in people.who():
        found = standing_class(who, public)
        if _RANK[found] > _RANK[widest]:
            widest = found
        if who.standing in (Standing.VENDOR, Standing.NAMED) and who.account in scene.named:
            accounts.add(who.account or "")
        elif who.standing is Standing.STRANGER and not public:
            if who.common:
                network = True
            elif who.organization in scene.named_orgs:
                orgs.add(who.organization or "")
    names: set[str] = set()
    guarded: bool | None = None
    acts_for: set[str] = set()
    for who in services.who():
        names.add("*" if who.common else who.caller.arn)
        known = who.source is not None and who.source is not Standing.STRANGER
        guarded = known and guarded is not False
        if known and who.source in (Standing.VENDOR, Standing.NAMED):
            acts_for.add(who.account or "")
    if names and CLASSES.index(widest) < CLASSES.index("service"):
        widest = "service"
    if public:
        guarded = None
    return Exposure(
        question.identity_arn,
        widest,
        public,
        frozenset(accounts),
        frozenset(orgs),
        frozenset({"*"}) if "*" in names else frozenset(names),
        guarded,
        frozenset(acts_for) if guarded else frozenset(),
        people.fresh is not None or services.fresh is not None,
        _from_patterns(widest, public, people, services),
        ("network",) if network else (),
        undecided=undecided,
    )


def class_masks(reached: Reach, public: bool) -> dict[str, int]:
    """The callers on the first axis that stand for each class of exposure."""
    masks: dict[str, int] = {}
    for index, who in reached.numbered():
        name = standing_class(who, public)
        masks[name] = masks.get(name, 0) | 1 << index
    if public:
        masks["public"] = reached.public.box[0] if reached.public is not None else 0
    return masks


def _from_patterns(widest: str, public: bool, people: Reach, services: Reach) -> tuple[str, ...]:
    found: dict[str, None] = {}
    reached = services if widest == "service" else people
    mask = class_masks(reached, public).get(widest, 0)
    statements: dict[tuple[str, int], Statement] = {}
    for through in reached.parts:
        if through.box[0] & mask:
            statements[through.statement.policy, through.statement.index] = through.statement
    for statement in statements.values():
        limits = from_limits(statement)
        if not limits:
            return ()
        found.update(dict.fromkeys(limits))
    return tuple(found)


def from_limits(statement: Statement) -> tuple[str, ...]:
    """The globs to which a statement limits ses:FromAddress (``${*}``: a literal asterisk); empty: none."""
    for condition in statement.conditions:
        if condition.name == "ses:fromaddress" and not condition.if_exists and condition.qualifier != "ForAllValues":
            if condition.base == "StringLike":
                return condition.values
            if condition.base in ("StringEquals", "StringEqualsIgnoreCase"):
                return tuple(v.replace("*", "${*}").replace("?", "${?}") for v in condition.values)
    return ()
