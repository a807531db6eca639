"""How long the pack of a large organization takes with thirteen months behind it, beside a floor of empty notebooks.

The floor: as many notebooks as the pack runs, one after the other, each importing pandas and matplotlib and nothing
else. Timed are reports of 5,000 identities by processes of their own: the first one ever, the one of the month after
it, and the same once more. Prints seconds, the highest memory of the reporting process, and the ratios

    first / floor (target 2)    next month / floor (target 1)    rerun / floor (target 1)

With ``--large`` also one month of 20,000 identities in 200 accounts, whose target is 60 s.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import history_bench
from run_bench import EMPTY

IDENTITIES, MONTHS = 5000, 13
IMPORTS = ["import pandas as pd\n", "import matplotlib.pyplot as plt\n", "figure = plt.figure()"]


def main(large: bool) -> None:
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        snapshots = folder / "data" / "snapshots"
        snapshots.mkdir(parents=True)
        history_bench.synthesize(snapshots, MONTHS + 1, IDENTITIES)
        *_, before, last = (Path(path).name for path in sorted(snapshots.iterdir()))
        first = report(folder, before)
        floor = empty_notebook(folder) * first[2]
        told = {"first": first, "next month": report(folder, last), "rerun": report(folder, last)}
        say(f"floor: {first[2]} empty notebooks{floor:10.1f} s")
        for what, (seconds, megabytes, _) in told.items():
            say(f"{what:<12}{seconds:8.1f} s{megabytes:8.0f} MB   / floor {seconds / floor:.2f}")
    if large:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
            snapshots = folder / "data" / "snapshots"
            snapshots.mkdir(parents=True)
            history_bench.ACCOUNTS = 200
            history_bench.synthesize(snapshots, 1, 20_000)
            seconds, megabytes, _ = report(folder, next(snapshots.iterdir()).name)
            say(f"20,000 identities, one month{seconds:8.1f} s{megabytes:8.0f} MB (target 60 s)")


def report(folder: Path, snapshot: str) -> tuple[float, float, int]:
    """Seconds, megabytes and notebooks of a report of the month before a snapshot."""
    year, month = int(snapshot[:4]), int(snapshot[4:6])
    period = f"{year - (month == 1)}-{(month - 2) % 12 + 1:02}"
    program = (
        "import resource, sys; from sesreport.cli.main import main\n"
        "sys.argv[0] = 'sesreport'\n"
        "try: main()\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    command = [sys.executable, "-c", program, "report", "--quiet", "--period", period]
    started = time.perf_counter()
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if ended.returncode not in (0, 3):
        raise SystemExit(ended.stderr)
    manifest = json.loads((folder / "out" / period / "manifest.json").read_text())
    if manifest["inputs"]["snapshot"]["id"] != snapshot:
        raise SystemExit(f"the pack of {period} is of {manifest['inputs']['snapshot']['id']}")
    return seconds, int(ended.stdout.split()[-1]) / 1024, len(manifest["notebooks"])


def empty_notebook(folder: Path) -> float:
    """Seconds of a notebook that imports pandas and matplotlib, the quickest of three."""
    notebook = json.loads(json.dumps(EMPTY))
    notebook["cells"].append({**notebook["cells"][0], "id": "imports", "metadata": {}, "source": IMPORTS})
    (folder / "empty.ipynb").write_text(json.dumps(notebook))
    papermill = Path(sys.executable).with_name("papermill")
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        subprocess.run(
            [papermill, "empty.ipynb", "made.ipynb", "--no-progress-bar"], cwd=folder, check=True, capture_output=True
        )
        taken.append(time.perf_counter() - started)
    return min(taken)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main("--large" in sys.argv[1:])
