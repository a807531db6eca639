"""How long the demonstration's run takes, part by part, beside a floor of empty notebooks.

The floor is one empty papermill run in a process of its own, times the number of notebooks.
``sesreport run --demo`` is a
collection of two months and a report; each is timed here as a process of its own. Prints seconds and the ratio

    report / floor

which should stay below 1.5.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EMPTY = {
    "cells": [
        {
            "cell_type": "code", "execution_count": None, "id": "empty", "metadata": {"tags": ["parameters"]},
            "outputs": [], "source": ["period = ''"],
        }
    ],
    "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}  # fmt: skip


def timed(command: list[str], cwd: Path) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)
    return time.perf_counter() - started


def main(rounds: int = 3) -> None:
    sesreport = str(Path(sys.executable).with_name("sesreport"))
    papermill = str(Path(sys.executable).with_name("papermill"))
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    ratios = []
    for number in range(1, rounds + 1):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "empty.ipynb").write_text(json.dumps(EMPTY))
            empty = timed([papermill, "empty.ipynb", "out.ipynb", "--no-progress-bar"], folder)
            collection = timed([sesreport, "collect", "--demo", "--quiet"], folder)
            collection += timed([sesreport, "collect", "--demo", "--quiet", "--today", "2026-10-01"], folder)
            report = timed([sesreport, "report", "--demo", "--quiet", "--period", "2026-10"], folder)
            manifest = json.loads((folder / "out/2026-10/manifest.json").read_text())
        floor = empty * len(manifest["notebooks"])
        ratios.append(report / floor)
        sys.stdout.write(f"round {number}\n")
        for what, seconds in (
            ("one empty notebook", empty),
            (f"floor: {len(manifest['notebooks'])} empty notebooks", floor),
            ("collection (two months)", collection),
            ("report: analysis, notebooks, documents", report),
            ("together", collection + report),
        ):
            sys.stdout.write(f"  {what:<42}{seconds:7.2f} s\n")
        for notebook, entry in manifest["notebooks"].items():
            sys.stdout.write(f"    {notebook:<40}{entry['seconds']:7.2f} s\n")
        sys.stdout.write(f"  report / floor{'':<28}{report / floor:7.2f}\n")
    sys.stdout.write(f"median report / floor over {rounds} rounds: {sorted(ratios)[rounds // 2]:.2f} (target 1.5)\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
