"""Who is judged together with whom, and where."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from sesreport.analysis import analyze
from sesreport.analysis.judged import judged
from sesreport.demo.snapshot import demo_config
from sesreport.policy import addresses_by_domain
from sesreport.snapshot.store import Snapshot


@pytest.mark.parametrize(
    ("domain", "addresses"),
    [
        ("example.com", {"ceo@example.com", "news@mail.example.com"}),
        ("mail.example.com", {"news@mail.example.com"}),
        ("ample.com", set()),
        ("other.org", set()),
    ],
)
def test_addresses_come_before_the_domains_they_are_of(domain: str, addresses: set[str]) -> None:
    names = ["example.com", "ceo@example.com", "news@mail.example.com", "mail.example.com", "ample.com", "other.org"]
    assert set(addresses_by_domain(names)[domain]) == addresses


def test_processes_judge_as_this_one_does(demo: Snapshot) -> None:
    here = judged(analyze(demo, demo_config())).by_identity
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = judged(analyze(demo, demo_config(), executor=pool)).by_identity
    assert {place: v.exposure for place, v in here.items()} == {place: v.exposure for place, v in there.items()}
