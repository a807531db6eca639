"""Charts are drawn whatever matplotlib backend the environment names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sesreport

BACKEND = Path(sesreport.__file__).parent / "report" / "charts" / "backend.py"


@pytest.mark.parametrize(
    ("named", "used"), [("nonsense", "agg"), ("module://an_editors_own", "module://an_editors_own"), ("svg", "svg")]
)
def test_a_backend_is_used_where_matplotlib_knows_it_and_does_no_harm_where_not(named: str, used: str) -> None:
    code = f"import os, runpy; runpy.run_path({str(BACKEND)!r})\n"
    code += "import matplotlib; print(matplotlib.get_backend(), os.environ['MPLBACKEND'])"
    environment = {**os.environ, "MPLBACKEND": named, "DISPLAY": ""}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == [used, named], done.stderr


def test_what_an_analyst_has_chosen_stays() -> None:
    code = f"import runpy, matplotlib; matplotlib.use('svg'); runpy.run_path({str(BACKEND)!r})\n"
    code += "print(matplotlib.get_backend())"
    environment = {**os.environ, "MPLBACKEND": "pdf"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["svg"], done.stderr
