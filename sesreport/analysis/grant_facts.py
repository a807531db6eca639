"""The facts of a grant that a reviewer answers for: their hash, their words, and what became of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from sesreport.analysis.joins import rows
from sesreport.core.vocabulary import IDENTITY
from sesreport.policy import Effect, Policy, within

Facts = Mapping[str, Any]

OUTSIDE = ("vendor", "external", "public", "service", "needs review")
"""Scopes that reach beyond the organization."""
OUTSIDE_ACCOUNT = "outside account"
"""One scope for ``vendor`` and ``external``, which only the register tells apart."""
POLICY = [*IDENTITY, "policy_name"]
_FLAGS = ("any_from_address", "can_send", "can_manage", "guarded")
_LISTS = ("actions", "from_patterns", "external_accounts", "external_orgs", "service_accounts")
_BUT = "everybody but "
_TITLES = {
    "effect": "effect", "scope": "reach", "can_send": "may send", "can_manage": "may read or change the identity",
    "any_from_address": "may use any address of the domain", "guarded": "services act only for sources we know",
    "actions": "actions", "conditions": "conditions", "from_patterns": "From addresses",
    "external_accounts": "outside accounts let in", "external_orgs": "other organizations let in",
    "service_accounts": "accounts that services act for", "refused": "what the identity refuses",
    "resources": "resources", "addresses": "addresses with policies of their own",
    "excepted": "who is excepted", "document": "the policy, which cannot be read",
}  # fmt: skip


def facts_of(grants: pd.DataFrame, policies: pd.DataFrame, read: Callable[[str, str], Policy]) -> pd.Series:
    """The facts of each grant as JSON, everything in one order: equal facts are equal texts.

    Left out are the statement's number and Sid, and the register's standing. Beside the grant's own columns count the
    statement's resources and conditions as they are written, each Deny of the identity as it is written, whom else the
    statement excepts, the addresses whose own policies come before the identity's, and the document where it cannot be
    read. Texts of several values are never joined: ``"a, b"`` and ``"a", "b"`` are not the same.
    ``read`` reads a policy by its name and text.
    """
    excepted, before = _excepted(grants), _addresses(policies)
    written, refused = _written(policies, read)
    documents = dict(zip(rows(policies, POLICY), policies["sha256"], strict=True))
    names = [*POLICY, "statement", "grantee_kind", "effect", "scope", *_FLAGS, *_LISTS]
    made = []
    for values in rows(grants, names):
        row = dict(zip(names, values, strict=True))
        policy = tuple(row[name] for name in POLICY)
        own = written.get((*policy, row["statement"]), {"conditions": None, "resources": None})
        outside = row["scope"] in ("vendor", "external")
        facts = {
            "effect": row["effect"],
            "scope": OUTSIDE_ACCOUNT if outside else row["scope"],
            "refused": sorted(refused.get(policy[:3], [])),
            "addresses": before.get(policy[:3], []),
            "excepted": excepted.get((*policy, row["statement"])),
            "document": documents.get(policy) if row["grantee_kind"] == "unreadable" else None,
            **{name: None if row[name] is None else bool(row[name]) for name in _FLAGS},
            **{name: None if row[name] is None else sorted(row[name]) for name in _LISTS},
            **own,
        }
        made.append(json.dumps(facts, sort_keys=True))
    return pd.Series(made, index=grants.index, dtype="string")


def _written(
    policies: pd.DataFrame, read: Callable[[str, str], Policy]
) -> tuple[dict[tuple[Any, ...], dict[str, list[str]]], dict[tuple[Any, ...], list[str]]]:
    """Conditions and resources of each statement by policy and number; and every Deny, by identity."""
    statements: dict[tuple[Any, ...], dict[str, list[str]]] = {}
    refused: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for *policy, document in rows(policies, [*POLICY, "document"]):
        for statement in read(policy[3], document).statements:
            conditions = sorted(
                json.dumps([one.operator, one.key, sorted(one.values)], ensure_ascii=False)
                for one in statement.conditions
            )
            resources = [f"{'!' if statement.not_resource else ''}{one}" for one in sorted(statement.resources)]
            statements[(*policy, statement.index + 1)] = {"conditions": conditions, "resources": resources}
            if statement.effect is Effect.DENY:
                whom = [f"{one.kind}:{one.value}" for one in statement.principals]
                deny = [
                    [statement.not_principal, sorted(whom)], [statement.not_action, sorted(statement.actions)],
                    resources, conditions, statement.variables,
                ]  # fmt: skip
                refused[tuple(policy[:3])].append(json.dumps(deny, ensure_ascii=False))
    return statements, refused


def _addresses(policies: pd.DataFrame) -> dict[tuple[Any, ...], list[str]]:
    """For each domain the addresses in it that have policies of their own, which come before the domain's."""
    by_place: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    identities = sorted(set(rows(policies, IDENTITY)))
    for account, region, identity in identities:
        if "@" in identity:
            by_place[account, region].append(identity)
    return {
        (account, region, identity): [one for one in by_place[account, region] if within(one, identity)]
        for account, region, identity in identities
        if "@" not in identity and by_place.get((account, region))
    }


def _excepted(grants: pd.DataFrame) -> dict[tuple[Any, ...], list[str]]:
    """The grantees that each statement excepts: it lets in those whom it excepts no longer."""
    found: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    everyone = grants[grants["grantee"].str.startswith(_BUT)]
    for *statement, grantee in rows(everyone, [*POLICY, "statement", "grantee"]):
        found[tuple(statement)].add(grantee.removeprefix(_BUT))
    return {statement: sorted(names) for statement, names in found.items()}


def _if(conditions: Any) -> str:
    return f" if {' and '.join(map(_condition_words, conditions))}" if conditions else ""


def _condition_words(condition: str) -> str:
    """``StringEquals aws:SourceAccount = 310000000001, 310000000002``."""
    operator, key, values = json.loads(condition)
    return f"{operator} {key} = {', '.join(values)}"


def _deny_words(deny: str) -> str:
    """``310000000001: ses:* if …``."""
    (but, whom), (other, actions), _, conditions, _ = json.loads(deny)
    names = ", ".join(one.partition(":")[2] for one in whom)
    return f"{_BUT if but else ''}{names}: {'all but ' if other else ''}{', '.join(actions)}{_if(conditions)}"


_IN_WORDS = {"conditions": _condition_words, "refused": _deny_words}


def allowed_words(facts: Facts) -> str:
    """What the grant lets its grantee do: ``Send (ses:SendEmail) if …``."""
    if facts["document"] is not None or not facts["actions"]:
        return "Not known: the policy cannot be read, so it counts as letting in anyone to do anything"
    can = ["send"] if facts["can_send"] else []
    can += ["read or change the identity"] if facts["can_manage"] else []
    names = ", ".join(f"all but {name[1:]}" if name.startswith("!") else name for name in facts["actions"])
    said = f"{' and '.join(can) or 'act'} ({names}){_if(facts['conditions'])}"
    return said[0].upper() + said[1:]


def exposure_words(facts: Facts, account: str | None) -> str:
    """Who is let in, and as which address they may write; ``account`` is the grantee's, where it has one."""
    return f"{_who(facts, account)}; {_as_whom(facts)}" if facts["can_send"] else _who(facts, account)


def grantee_words(row: Mapping[str, Any]) -> str:
    """Who a row of the frame ``reviews`` lets in: ``Mailwise, account 310000000001``."""
    written, account = row["grantee"], row["grantee_account_id"]
    if account is None:
        everyone = "anyone (*)" if row["scope"] == "public" else "whoever meets its conditions (*)"
        known = {"*": everyone, "unreadable": "not known: the policy cannot be read"}
        return known.get(written, str(written))
    named = f"{row['grantee_name']}, " if row["grantee_name"] else ""
    plain = written in (account, f"arn:aws:iam::{account}:root")
    return f"{named}account {account}{'' if plain else f' ({written})'}"


def _who(facts: Facts, account: str | None) -> str:
    scope = facts["scope"]
    if scope == "public":
        return "Anyone with an AWS account can send as us"
    if scope == "needs review":
        return "It cannot be judged whom this lets in, so it counts as anyone"
    if scope == "service":
        if not facts["guarded"]:
            return "An AWS service can send as us on anybody's behalf"
        return f"An AWS service can send as us for {', '.join(facts['service_accounts'] or []) or 'sources we know'}"
    if account is not None:
        return "An outside account can send as us"
    named = [*(facts["external_accounts"] or []), *(facts["external_orgs"] or [])]
    return f"Outside accounts can send as us ({', '.join(named) or 'those its conditions let in'})"


def _as_whom(facts: Facts) -> str:
    if facts["from_patterns"]:
        return f"only as {', '.join(facts['from_patterns'])}"
    return "as any address of the domain" if facts["any_from_address"] else "as this address"


def changes_words(old: Facts, new: Facts) -> str:
    """What differs between the facts that were answered for and those of today; empty where nothing does."""
    return "; ".join(
        f"{title}: {_difference(old.get(name), new.get(name), _IN_WORDS.get(name, str))}"
        for name, title in _TITLES.items()
        if old.get(name) != new.get(name)
    )


def _difference(old: Any, new: Any, words: Callable[[str], str]) -> str:
    if not isinstance(old, list) or not isinstance(new, list):
        return f"{_told(old)} → {_told(new)}"
    gone = [words(each) for each in old if each not in new]
    come = [words(each) for each in new if each not in old]
    return ", ".join([*(f"+ {each}" for each in come), *(f"− {each}" for each in gone)])


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none named" if not value else ", ".join(value) if isinstance(value, list) else str(value)


def is_narrower(old: Facts, new: Facts) -> bool:
    """Whether a grant surely lets in less than it did: nothing of it is wider, and something is narrower.

    What cannot be compared as it is written, such as a condition in the place of another, is not.
    """
    if old == new or old["document"] is not None or new["document"] is not None or old["effect"] != new["effect"]:
        return False
    if old["scope"] != new["scope"] and old["scope"] != "public":
        return False
    flags = all(old[name] or new[name] is False for name in ("any_from_address", "can_send", "can_manage"))
    if not flags or (old["guarded"] and not new["guarded"]):
        return False
    if old["actions"] != new["actions"] and any(name.startswith("!") for name in (*old["actions"], *new["actions"])):
        return False
    shrinks = ("actions", "external_accounts", "external_orgs", "service_accounts")
    if old["resources"] != new["resources"]:
        return False
    grows = ("conditions", "refused", "excepted", "addresses")
    limited = new["from_patterns"] is not None and _within(new["from_patterns"], old["from_patterns"])
    return (
        (old["from_patterns"] is None or limited)
        and all(_within(new[name], old[name]) for name in shrinks)
        and all(_within(old[name], new[name]) for name in grows)
    )


def _within(part: list[str] | None, whole: list[str] | None) -> bool:
    return set(part or ()) <= set(whole or ())
