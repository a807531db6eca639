"""Wildcards and automata against regular expressions, which share nothing with them."""

from __future__ import annotations

import re
from itertools import product

from hypothesis import example, given
from hypothesis import strategies as st

from sesreport.policy import forms, patterns
from sesreport.policy.automata import Edge, Grammar, Text, explore
from sesreport.policy.scene import digit_runs

globs = st.text(alphabet="ab:*?", max_size=7)
texts = st.text(alphabet="ab:A", max_size=8)
ANYTHING = Grammar(((Edge(frozenset("abA:"), 0),),), frozenset({0}))


def pattern(glob: str) -> patterns.Pattern:
    return patterns.parse(glob, wildcards=True, variables=False)


def regex(glob: str, fold: bool = False) -> re.Pattern[str]:
    source = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in glob)
    return re.compile(source, re.IGNORECASE if fold else 0)


@given(globs, texts)
@example("a*a", "a")
@example("a*a", "aba")
@example("*a?", "aab")
def test_a_wildcard_pattern_matches_as_a_regular_expression_does(glob, text):
    assert patterns.matches(pattern(glob), text) == bool(regex(glob).fullmatch(text))


@given(globs, globs, texts, st.booleans())
def test_an_automaton_accepts_what_its_groups_match(one, other, text, fold):
    groups = ((Text(pattern(one), fold), Text(pattern(other), fold)), (Text(pattern(other)),))
    expected = bool(regex(one, fold).fullmatch(text)) or bool(regex(other, fold).fullmatch(text))
    assert forms.accepts(groups, text) == expected + 2 * bool(regex(other).fullmatch(text))


six = {"min_size": 6, "max_size": 6}


@given(st.lists(st.text(alphabet="ab*?", max_size=3), **six), st.lists(st.text("ab", max_size=3), **six), texts)
@example(["*", "a", "a", "a", "a", "b"], ["b", "b", "a", "a", "a", "a"], ":b")
@example(["a?a", "a", "a", "a", "a", "b"], ["a", "a", "a", "a", "a", "a"], ":b")
def test_in_arns_wildcards_stay_between_colons(fields, parts, rest):
    arn, text = ":".join(fields), ":".join(parts) + rest
    inside = [regex(field).pattern.replace(".", "[^:]") for field in fields[:5]]
    expected = re.fullmatch(":".join([*inside, regex(fields[5]).pattern]), text)
    groups = ((Text(pattern(arn), False, True),),)
    assert forms.accepts(groups, text) == bool(expected)


@given(st.lists(globs, max_size=3), texts)
def test_exploring_finds_every_combination_that_some_text_shows(drawn, text):
    groups = tuple((Text(pattern(glob)),) for glob in drawn)
    found = explore((groups,), ANYTHING)
    assert forms.accepts(groups, text) in {one.accepted[0] for one in found}
    for one in found:
        assert forms.accepts(groups, one.texts[0]) == one.accepted[0]


words = st.tuples(st.text(alphabet="zqa", max_size=4), st.booleans())


@given(st.lists(words, max_size=3), st.text("zqaj", max_size=5))
def test_the_quick_way_to_members_finds_what_automata_find(drawn, text):
    groups = tuple((Text(pattern(word + "*" * star)),) for word, star in drawn)
    found = {forms.accepts(groups, one) for one in forms.members(forms.NAMES, groups)}
    assert found == {one.accepted[0] for one in explore((groups,), forms.NAMES.grammar)}
    assert not text or forms.accepts(groups, text) in found


@given(globs, st.text(alphabet="ab:", max_size=3), texts)
def test_remainders_match_what_follows_a_beginning(glob, head, rest):
    whole = patterns.matches(pattern(glob), head + rest)
    assert whole == any(patterns.matches(one, rest) for one in patterns.remainders(pattern(glob), head))


@given(st.text(alphabet="12*?:", max_size=8), st.text(alphabet="12", min_size=2, max_size=3))
def test_runs_of_digits_tell_apart_every_account_a_pattern_does(glob, account):
    """Two accounts that meet the same runs meet the pattern in the same places."""
    runs = sorted(digit_runs(pattern(glob)), key=repr)
    other = next(
        (
            text
            for text in ("".join(drawn) for drawn in product("12", repeat=len(account)))
            if text != account and all(patterns.matches(r, text) == patterns.matches(r, account) for r in runs)
        ),
        None,
    )
    if other is not None:
        for before, after in (("", ""), (":", ""), ("", ":"), (":", ":")):
            found = {patterns.matches(pattern(glob), f"{before}{one}{after}") for one in (account, other)}
            assert len(found) == 1


def test_variables_resolve_with_values_defaults_and_escapes():
    parsed = patterns.parse("${aws:username}-${aws:x, 'y'}${*}", wildcards=False, variables=True)
    known = {"aws:username": "bob"}
    assert patterns.resolve(parsed, known.get) == ("bob-y*",)
    assert patterns.resolve(parsed, {}.get) is None
