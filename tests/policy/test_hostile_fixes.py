"""A little of `make prove-fixes`: the fixes of a few random organizations keep what is promised of them."""

from __future__ import annotations

import pytest

from tests.policy.prove_fixes import Tally, prove


@pytest.mark.random
def test_the_fixes_of_random_organizations_allow_nothing_new_and_keep_what_is_approved():
    tally = Tally()
    for number in range(60):
        prove(number, 1, tally, referee=number % 2 == 0)
    assert tally.broken == []
    assert tally.counts["policies, replace offered"] > 20
    assert tally.counts["checked by the referee"] > 5


@pytest.mark.parametrize("number", [201, 225, 4771, 4830])
def test_fixes_that_once_lost_what_was_approved(number):
    tally = Tally()
    prove(number, 1, tally, referee=True)
    assert tally.broken == []
