"""How long the functions take to load, beside botocore alone, which any function that calls AWS loads.

    python benchmarks/monitor_bench.py [times]

Each import is made in a fresh interpreter, with compiled files in place; the median of the processor's time is printed.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

MODULES = (
    "boto3",
    "sesreport.policy",
    "sesreport.governance.monitor.watch",
    "sesreport.governance.monitor.config_rule",
    "sesreport.settings.register",
)
RUN = "import time; start = time.process_time(); import {module}; print(time.process_time() - start)"


def seconds(module: str) -> float:
    """One import in an interpreter of its own."""
    run = subprocess.run([sys.executable, "-c", RUN.format(module=module)], capture_output=True, text=True, check=True)
    return float(run.stdout)


def main() -> None:
    """Print a line for each module: seconds, and the ratio to boto3."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    base = 0.0
    for module in MODULES:
        seconds(module)
        median = statistics.median(seconds(module) for _ in range(times))
        base = base or median
        print(f"{module:32} {median:6.3f} s  {median / base:5.2f} x boto3")


if __name__ == "__main__":
    main()
