"""Things that are found by being there."""

from __future__ import annotations

import pytest

from sesreport.core import registry
from sesreport.core.registry import Registry, extended


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Registry[int]:
    monkeypatch.setattr(registry, "_REGISTRIES", [])
    monkeypatch.setitem(registry.FOLDERS, "thing", ())  # type: ignore[arg-type]
    return Registry("thing")


def test_things_come_in_the_order_of_their_names_however_they_were_imported(kind: Registry[int]) -> None:
    for name in ("b", "c", "a"):
        kind.add(name, 1, "sesreport.x")
    assert list(kind) == ["a", "b", "c"]


def test_a_name_that_another_module_has_is_refused(kind: Registry[int]) -> None:
    kind.add("a", 1, "sesreport.x")
    with pytest.raises(ValueError, match=r"two things named 'a': in sesreport\.x and in mine"):
        kind.add("a", 2, "mine")


def test_a_cell_that_is_run_twice_registers_its_thing_anew(kind: Registry[int]) -> None:
    kind.add("a", 1, "__main__", place=1)
    kind.add("a", 2, "__main__", place=1)
    assert kind["a"] == 2


def test_a_place_that_another_has_is_refused(kind: Registry[int]) -> None:
    kind.add("a", 1, "sesreport.x", place=10)
    with pytest.raises(ValueError, match="thing 'b': 10 is taken by 'a'"):
        kind.add("b", 2, "sesreport.x", place=10)


def test_what_somebody_else_has_registered_is_noticed(kind: Registry[int]) -> None:
    kind.add("a", 1, "sesreport.x")
    assert not extended()
    kind.add("b", 1, "mine")
    assert extended()
