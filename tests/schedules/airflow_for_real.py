"""Runs the Airflow DAG under a real Airflow 3 against the demonstration, and looks whether every task ends well.

``make airflow``, or ``python tests/schedules/airflow_for_real.py --folder FOLDER`` to keep its environment for the next
time. It is no part of the suite: pip installs Airflow and this project into a virtual environment of their own, which
takes minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sesreport.core.period import Period
from sesreport.demo import serve
from sesreport.report.manifest import COMPLETE, pack_status
from sesreport.report.notebooks import notebooks

ROOT = Path(__file__).parents[2]
PACKAGES = ("apache-airflow==3.*", "apache-airflow-providers-standard", "apache-airflow-providers-papermill")
DRIVER = """
import json, runpy, sys
dag = runpy.run_path(sys.argv[1])["dag"]
for task in dag.tasks:
    task.retries = 0  # a try after half an hour tells nothing more
run = dag.test()
print(json.dumps({each.task_id: str(each.state) for each in run.get_task_instances()}))
"""
"""What Airflow's Python runs; its last line says how each task ended."""


def environment(folder: Path) -> Path:
    """The ``bin`` folder of a virtual environment with Airflow and this project as it is now."""
    if not (folder / "bin" / "airflow").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip(folder, *PACKAGES)
    pip(folder, str(ROOT))
    return folder / "bin"


def pip(folder: Path, *packages: str) -> None:
    command = [folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
    subprocess.run(command, check=True)


def ended(folder: Path, home: Path) -> dict[str, str]:
    """How each task of the DAG ended, with ``home`` as the folder that all workers share."""
    programs = environment(folder / "environment")
    (home / "sesreport.toml").write_text("[collect]\npace = 0\n")
    (home / "dags").mkdir()
    dag = shutil.copy(ROOT / "templates" / "schedules" / "airflow_dag.py", home / "dags")
    with serve(today=datetime.now(UTC).date()) as endpoint:
        told = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))},
            **endpoint.environment(),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "AIRFLOW_HOME": str(folder / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "SESREPORT_HOME": str(home),
            "XDG_CACHE_HOME": str(folder / "cache"),
        }
        subprocess.run([programs / "airflow", "db", "migrate"], env=told, check=True, stdout=subprocess.DEVNULL)
        command = [programs / "python", "-c", DRIVER, dag]
        done = subprocess.run(command, env=told, cwd=home, stdout=subprocess.PIPE, text=True, check=True)
    states: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return states


def wrong(states: dict[str, str], home: Path) -> list[str]:
    """What is not as it should be, in lines."""
    period = str(Period.parse("last-month", today=datetime.now(UTC).date()))
    found = [f"{task}: {state}" for task, state in states.items() if state != "success"]
    if len(states) != 1 + len(notebooks()):
        found.append(f"{len(states)} tasks for {len(notebooks())} notebooks")
    if pack_status(home / "out" / period) != COMPLETE:
        found.append(f"there is no complete pack of {period}")
    for path in notebooks():
        executed = home / "airflow" / period / path.name
        cells = json.loads(executed.read_text())["cells"] if executed.exists() else []
        outputs = [output["output_type"] for cell in cells for output in cell.get("outputs", ())]
        if not outputs or "error" in outputs:
            found.append(f"{executed}: was not executed to its end")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="Where the environment is kept; default is a temporary folder.")
    given = parser.parse_args()
    with TemporaryDirectory() as temporary, TemporaryDirectory() as home:
        folder = (given.folder or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        states = ended(folder, Path(home))
        lines = wrong(states, Path(home))
    print("\n".join(lines) or f"all {len(states)} tasks ended well")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
