"""Nothing is waited for longer than the tests need."""

from __future__ import annotations

import pytest

from tests.collect.waits import QUICK


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in QUICK.items():
        monkeypatch.setattr(name, value)
