"""Who can send, as which addresses, because of which statement; and what keeps everybody else out.

Policy text comes from outsiders: everything that lands in HTML is escaped, and control characters never
reach a terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from html import escape

from sesreport.core.text import one_line
from sesreport.policy.analyze import Policies, analyze
from sesreport.policy.engine import Question, decide_exposure
from sesreport.policy.evidence import QuestionAsked, widest_of
from sesreport.policy.exposure import LIMITS, Exposure
from sesreport.policy.model import Effect, Policy, PrincipalKind, Statement
from sesreport.policy.proof import condition_words, pattern_words
from sesreport.policy.scene import SENDING_ACTIONS, Organization

MEANINGS = {
    "none": "These policies let nobody send.",
    "own": "Only the identity's own account can send.",
    "service": "Only AWS services can send, besides the own account.",
    "organization": "Accounts of the organization can send.",
    "vendor": "Approved outside accounts can send.",
    "external": "Outside accounts that nobody approved can send.",
    "public": "Anybody with an AWS account can send.",
}


def headline(exposure: Exposure) -> str:
    """An exposure on one line; what could not be read or judged comes first, and is never called safe."""
    meaning = MEANINGS[exposure.exposure]
    if not exposure.judged:
        return "needs review: these policies cannot be judged; they count as open to anybody"
    if exposure.needs_review:
        rest = "what is left lets nobody in" if exposure.exposure == "none" else f"what is left: {meaning}"
        unread = "be read" if exposure.errors else "be decided exactly"
        return f"needs review: part of these policies cannot {unread}; {rest}".removesuffix(".")
    if exposure.exposure == "none" and exposure.bulk_beyond:
        return "none: These policies allow none of the sending actions that SES documents; see bulk sending below."
    return f"{exposure.exposure}: {meaning}"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and lines of plain text."""

    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """An exposure in words; prints as text and shows as HTML in a notebook."""

    exposure: Exposure
    sections: tuple[Section, ...]

    def __str__(self) -> str:
        head = [self.exposure.identity, headline(self.exposure)]
        parts = [[part.heading, *(f"  - {line}" for line in part.lines)] for part in self.sections]
        return "\n\n".join("\n".join(map(one_line, lines)) for lines in [head, *parts])

    def _repr_html_(self) -> str:
        body = "".join(
            f"<h4>{escape(one_line(section.heading))}</h4><ul>"
            + "".join(f"<li>{escape(one_line(line))}</li>" for line in section.lines)
            + "</ul>"
            for section in self.sections
        )
        name, _, meaning = headline(self.exposure).partition(":")
        said = f"<strong>{escape(one_line(name))}</strong>:{escape(one_line(meaning))}"
        head = f"<h3>{escape(one_line(self.exposure.identity))}</h3><p>{said}</p>"
        return f'<section class="sesreport-exposure">{head}{body}</section>'


def explain(exposure: Exposure, *, before: Iterable[Section] = (), after: Iterable[Section] = ()) -> Explanation:
    """Put an exposure made by :func:`sesreport.policy.analyze` in words.

    ``before`` and ``after`` are sections of the caller's own, such as what was assumed.
    """
    sections = [
        Section("Needs review", _lines(_review, exposure)),
        *before,
        Section("Who can send", _lines(_senders, exposure)),
        Section("As which addresses", _lines(_addresses, exposure)),
        Section("AWS services", _lines(_services, exposure)),
        Section("Bulk sending", _lines(_bulk, exposure)),
        Section("Because of", _lines(_because, exposure)),
        Section("What keeps the others out", _lines(_protection, exposure)),
        *after,
        Section("What this does not show", (LIMITS,)),
    ]
    return Explanation(exposure, tuple(section for section in sections if section.lines))


def explain_policies(
    identity_arn: str,
    policies: Policies,
    *,
    organization: Organization | None = None,
    register: Mapping[str, str] | None = None,
    today: date,
    identities: Mapping[str, Policies] | Iterable[tuple[str, Policies]] = (),
) -> Explanation:
    """Analyze policies and explain the result; without an organization only the own account is inside.

    Raises ``ValueError`` when ``identity_arn`` is not the ARN of an SES identity.
    """
    exposure = analyze(
        identity_arn,
        policies,
        organization=organization or Organization(None),
        register=register or {},
        today=today,
        identities=identities,
    )
    return explain(exposure)


def _lines(tell: Callable[[Exposure], Iterable[str]], exposure: Exposure) -> tuple[str, ...]:
    """The lines of one section; where they cannot be made, one that says so."""
    try:
        return tuple(tell(exposure))
    except Exception as fault:  # noqa: BLE001 - one part of an explanation must not end the others
        return (f"needs review: this part could not be told ({type(fault).__name__}: {str(fault)[:200]})",)


def _senders(exposure: Exposure) -> Iterable[str]:
    return (witness.words for witness in exposure.witnesses)


def _review(exposure: Exposure) -> Iterable[str]:
    yield from map(str, exposure.errors)
    yield from exposure.undecided


def _addresses(exposure: Exposure) -> Iterable[str]:
    name = exposure.identity.partition(":identity/")[2]
    if exposure.exposure == "none" or not exposure.judged:
        return
    if "@" in name:
        yield f"{name} only"
        return
    if exposure.any_from_address:
        yield f"any address at {name}, for senders from outside the own account"
    if exposure.from_patterns:
        yield f"{exposure.exposure}: {', '.join(map(pattern_words, exposure.from_patterns))}"
    elif not exposure.any_from_address and exposure.witnesses:
        yield f"{exposure.exposure}: {exposure.witnesses[0].sender}"


def _services(exposure: Exposure) -> Iterable[str]:
    if not exposure.services or exposure.guarded is None or not exposure.judged:
        return
    named = "any AWS service" if exposure.services == {"*"} else ", ".join(sorted(exposure.services))
    if not exposure.guarded:
        yield (
            f"{named}: not guarded. A resource of any account, also of a stranger's, can make it send as this "
            "identity (confused deputy); aws:SourceAccount or aws:SourceArn would hold it to known accounts"
        )
    elif exposure.service_accounts:
        accounts = ", ".join(sorted(exposure.service_accounts))
        yield f"{named}: guarded. It acts for resources of known accounts alone, of these outside: {accounts}"
    else:
        yield f"{named}: guarded. It acts for resources of the own account or the organization alone"


def _bulk(exposure: Exposure) -> Iterable[str]:
    beyond = {grant.exposure for grant in exposure.bulk_beyond}
    if beyond:
        who = "anybody with an AWS account" if "public" in beyond else "an outside account that nobody approved"
        yield (
            f"{who} holds ses:SendBulkEmail, which AWS does not list among the actions of identity policies: whether "
            "SES lets it send by that alone is not documented"
        )


def _because(exposure: Exposure) -> Iterable[str]:
    for grant in exposure.grants:
        if grant.exposure != "none":
            sid = f" {grant.sid!r}" if grant.sid else ""
            limits = f", if {' and '.join(grant.conditions)}" if grant.conditions else ", without condition"
            actions = "all sending" if len(grant.actions) == len(SENDING_ACTIONS) else ", ".join(grant.actions)
            where = f"{grant.policy}, statement {grant.statement + 1}{sid}"
            yield f"{grant.exposure}: {where} allows {grant.grantee} {actions}{limits}"


def _protection(exposure: Exposure) -> Iterable[str]:
    """The Deny statements without which more could send, and the Allow statements that let nobody in."""
    evidence = exposure.evidence
    if not isinstance(evidence, QuestionAsked) or exposure.undecided:
        return
    if exposure.without_precedence.wider_than(exposure):
        yield (
            "address identities with policies of their own come before the domain's policies: without that rule, which "
            "is disputed (awsdocs/amazon-ses-developer-guide#13), the exposure would be "
            f"{exposure.without_precedence.words}"
        )
    question = evidence.question
    decided = evidence.decided()
    denies = [s for s, _ in decided.scene.statements if s.effect is Effect.DENY]
    needed = 0
    for deny in denies:
        without = decide_exposure(_without(question, [deny])).exposure
        if without.wider_than(exposure):
            needed += 1
            yield f"{deny.label} denies: without it the exposure would be {without.exposure}"
    if denies and not needed:
        without = decide_exposure(_without(question, denies)).exposure
        if without.wider_than(exposure):
            labels = "; ".join(deny.label for deny in denies)
            yield f"{labels} deny together: without all of them the exposure would be {without.exposure}"
    for statement, _ in decided.scene.statements:
        if statement.effect is Effect.ALLOW and all(
            widest_of(decided, statement, principal) == "none" for principal in statement.principals
        ):
            yield f"{statement.label} allows nobody: {_why_dead(question, statement, denies)}"
    if not any(s.effect is Effect.ALLOW for s, _ in decided.scene.statements):
        yield "no statement allows a sending action on this identity"


def _without(question: Question, statements: list[Statement]) -> Question:
    policies = tuple(
        replace(policy, statements=tuple(s for s in policy.statements if s not in statements))
        for policy in question.policies
    )
    return replace(question, policies=policies)


def _why_dead(question: Question, statement: Statement, denies: list[Statement]) -> str:
    if not statement.not_principal and all(p.kind is PrincipalKind.DELETED for p in statement.principals):
        return "its principals are deleted users or roles"
    alone = replace(question, policies=(Policy(statement.policy, None, None, (statement,), ()),))
    if decide_exposure(alone).exposure.exposure != "none":
        return "Deny statements take all of it" if denies else "another identity takes precedence"
    for condition in statement.conditions:
        rest = tuple(other for other in statement.conditions if other is not condition)
        relaxed = Policy(statement.policy, None, None, (replace(statement, conditions=rest),), ())
        if decide_exposure(replace(question, policies=(relaxed,))).exposure.exposure != "none":
            return f"nobody it names meets {condition_words(condition)}"
    return "nobody it names meets its conditions"
