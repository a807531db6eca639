"""The symbolic verdict against the referee's answers to a universe of requests, both ways."""

from __future__ import annotations

from datetime import date

from hypothesis import given, reject
from hypothesis import strategies as st
from tests_shared import examples

from sesreport.policy import Organization, analyze_models, decide, narrower_or_equal, read_policies
from tests.policy.universe import Constants, Setting, TooManyError, classify, requests, verdict
from tests.policy.vocabulary import documents, settings

TODAY = date(2026, 11, 24)
many = examples(60)


def exposure_of(setting: Setting, policies):
    return analyze_models(
        setting.identity,
        policies,
        organization=Organization(setting.org, setting.members),
        register=dict.fromkeys(setting.vendors, "vendor"),
        today=TODAY,
    )


@many
@given(settings, st.lists(documents(), min_size=1, max_size=2))
def test_every_can_and_every_cannot(setting, sources):
    policies = read_policies({f"p{index}": source for index, source in enumerate(sources)})
    exposure = exposure_of(setting, policies)
    try:
        shown = verdict(setting, policies, TODAY.isoformat())
    except TooManyError:
        reject()
    assert not exposure.needs_review
    assert {name: getattr(exposure, name) for name in shown.facts} == shown.facts
    # Every class that is claimed has a request that the referee allows, and no other class has one.
    assert {witness.exposure for witness in exposure.witnesses} == shown.classes
    for witness in exposure.witnesses:
        assert decide(policies, witness.request).allowed


@many
@given(settings, documents(2), documents(2))
def test_a_change_is_narrower_exactly_when_no_request_is_new(setting, new, old):
    news, olds = read_policies({"p": new}), read_policies({"p": old})
    compared = narrower_or_equal(
        new,
        old,
        identity_arn=setting.identity,
        organization=Organization(setting.org, setting.members),
        register=dict.fromkeys(setting.vendors, "vendor"),
        today=TODAY,
    )
    assert not compared.undecided
    both = (*news, *olds)
    try:
        fresh = any(
            decide(news, request).allowed and not decide(olds, request).allowed
            for request, _, _ in requests(setting, both, TODAY.isoformat())
        )
    except TooManyError:
        reject()
    if fresh:
        assert not compared
    if not compared:
        assert decide(news, compared.witness).allowed and not decide(olds, compared.witness).allowed


def test_the_universe_tells_classes_apart():
    setting = next(iter(settings.elements))
    policies = read_policies(
        {"p": {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}}
    )
    constants = Constants(policies, setting)
    found = {classify(setting, constants, who, common) for _, who, common in requests(setting, policies, "2026-11-24")}
    assert found == {"own", "organization", "vendor", "service", "public"}
