"""What holds whatever the policies are: Allow never narrows, Deny never widens, form never matters."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests_shared import examples

from sesreport.policy import (
    CLASSES,
    Exposure,
    Organization,
    analyze,
    analyze_models,
    narrower_or_equal,
    read_policies,
)
from tests.policy.build import DOMAIN, ORGANIZATION, REGISTER, TODAY
from tests.policy.universe import Setting
from tests.policy.vocabulary import documents, settings, statements

laws = examples(30)


def judged(setting: Setting, *sources: Any, today: date = TODAY) -> Exposure:
    return analyze_models(
        setting.identity,
        read_policies({f"p{index}": source for index, source in enumerate(sources)}),
        organization=Organization(setting.org, setting.members),
        register=dict.fromkeys(setting.vendors, "vendor"),
        today=today,
    )


def facts(exposure: Exposure) -> tuple[Any, ...]:
    return (
        exposure.exposure,
        exposure.external_accounts,
        exposure.external_orgs,
        exposure.services,
        exposure.guarded,
        exposure.service_accounts,
        exposure.any_from_address,
        exposure.limited_by,
    )


def at_most(narrow: Exposure, wide: Exposure) -> bool:
    services = narrow.services <= wide.services or wide.services == {"*"}
    return (
        CLASSES.index(narrow.exposure) <= CLASSES.index(wide.exposure)
        and services
        and narrow.any_from_address <= wide.any_from_address
    )


def only(effect: str) -> st.SearchStrategy[dict[str, Any]]:
    return statements().map(lambda statement: {**statement, "Effect": effect})


def with_statement(document: dict[str, Any], statement: dict[str, Any]) -> dict[str, Any]:
    return {**document, "Statement": [*document["Statement"], statement]}


@laws
@given(settings, documents(), only("Allow"))
def test_an_allow_never_narrows(setting, document, statement):
    assert at_most(judged(setting, document), judged(setting, with_statement(document, statement)))


@laws
@given(settings, documents(), only("Deny"))
def test_a_deny_never_widens(setting, document, statement):
    assert at_most(judged(setting, with_statement(document, statement)), judged(setting, document))


@laws
@given(settings, documents(), documents(), st.randoms())
def test_order_never_matters(setting, one, other, random):
    shuffled = {**one, "Statement": random.sample(one["Statement"], len(one["Statement"]))}
    assert facts(judged(setting, one, other)) == facts(judged(setting, other, shuffled))


@laws
@given(settings, documents())
def test_letter_case_of_keys_and_actions_never_matters(setting, document):
    changed = json.loads(json.dumps(document))
    for statement in changed["Statement"]:
        for element in {"Action", "NotAction"} & set(statement):
            statement[element] = [action.swapcase() for action in statement[element]]
        for operator, keys in statement.get("Condition", {}).items():
            statement["Condition"][operator] = {key.swapcase(): values for key, values in keys.items()}
    assert facts(judged(setting, document)) == facts(judged(setting, changed))


@laws
@given(settings, documents(), only("Allow"))
def test_splitting_a_list_of_values_never_matters(setting, document, statement):
    values = {"StringLike": {"ses:FromAddress": ["a*@example.com", "news@example.com"]}}
    whole = {**statement, "Condition": {**statement.get("Condition", {}), **values}}
    parts = [
        {**whole, "Condition": {**whole["Condition"], "StringLike": {"ses:FromAddress": value}}}
        for value in values["StringLike"]["ses:FromAddress"]
    ]
    split = {**document, "Statement": [*document["Statement"], *parts]}
    assert facts(judged(setting, with_statement(document, whole))) == facts(judged(setting, split))


@laws
@given(settings, documents(), st.integers(0, 2000))
def test_time_only_takes_away(setting, document, days):
    later = date.fromordinal(TODAY.toordinal() + days)
    kept = [s for s in document["Statement"] if s["Effect"] == "Allow"]
    if kept:
        lasting = {**document, "Statement": kept}
        assert at_most(judged(setting, lasting, today=later), judged(setting, lasting))


@laws
@given(documents(2), documents(2))
def test_a_narrower_policy_never_has_a_wider_exposure(new, old):
    asked = {"organization": ORGANIZATION, "register": REGISTER, "today": TODAY}
    assert narrower_or_equal(new, new, identity_arn=DOMAIN, **asked)
    if narrower_or_equal(new, old, identity_arn=DOMAIN, **asked):
        before, after = analyze(DOMAIN, {"p": old}, **asked), analyze(DOMAIN, {"p": new}, **asked)
        assert CLASSES.index(after.exposure) <= CLASSES.index(before.exposure)
