"""From addresses within other From addresses: an answer of yes holds for every address there is."""

from __future__ import annotations

import fnmatch

from hypothesis import given
from hypothesis import strategies as st

from sesreport.policy import addresses_within

DOMAIN = "ab.c"
GLOBS = st.lists(st.text("ab@.c*?", min_size=1, max_size=9), min_size=0, max_size=2).map(tuple)
LOCALS = st.text("abc.", min_size=1, max_size=4)
HOSTS = st.lists(st.sampled_from(["a", "b", "cb"]), max_size=2).map(lambda labels: ".".join([*labels, DOMAIN]))


def matched(address: str, globs: tuple[str, ...]) -> bool:
    return not globs or any(fnmatch.fnmatchcase(address, glob) for glob in globs)


@given(GLOBS, GLOBS, st.lists(st.builds("{}@{}".format, LOCALS, HOSTS), min_size=5, max_size=20))
def test_what_is_within_matches_wherever_it_is_asked_for(
    asked: tuple[str, ...], approved: tuple[str, ...], addresses: list[str]
) -> None:
    if addresses_within(DOMAIN, asked, approved):
        assert all(matched(address, approved) for address in addresses if matched(address, asked))


@given(GLOBS, GLOBS)
def test_globs_are_within_themselves_and_more(asked: tuple[str, ...], more: tuple[str, ...]) -> None:
    assert not asked or addresses_within(DOMAIN, asked, (*asked, *more))
