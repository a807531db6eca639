"""Who is judged together with whom, and where."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from sesreport.analysis import analyze
from sesreport.analysis.verdicts import _related
from sesreport.demo.snapshot import demo_config
from sesreport.store import Snapshot


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("example.com", {"ceo@example.com", "News@Mail.Example.com", "mail.example.com"}),
        ("ceo@example.com", {"example.com"}),
        ("News@Mail.Example.com", {"mail.example.com", "example.com"}),
        ("mail.example.com", {"News@Mail.Example.com", "example.com"}),
        ("ample.com", set()),
        ("other.org", set()),
    ],
)
def test_only_identities_of_the_same_addresses_have_a_say(name: str, others: set[str]) -> None:
    names = ["example.com", "ceo@example.com", "News@Mail.Example.com", "mail.example.com", "ample.com", "other.org"]
    assert set(dict(_related(names, names))[name]) == others


def test_processes_judge_as_this_one_does(demo: Snapshot) -> None:
    here = analyze(demo, demo_config()).verdicts
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = analyze(demo, demo_config(), executor=pool).verdicts
    assert {place: v.exposure for place, v in here.items()} == {place: v.exposure for place, v in there.items()}
