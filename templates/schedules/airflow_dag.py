"""The SES governance pack of the last closed month as an Airflow DAG: collect and report, then your own notebooks.

What it needs:

- Airflow 3 with ``apache-airflow-providers-standard`` and ``apache-airflow-providers-papermill``. On Airflow 2.4 or
  newer import ``DAG`` from ``airflow`` and ``BashOperator`` from ``airflow.operators.bash``.
- ``sesreport`` and ``ipykernel`` in the Python environment of scheduler and workers. Airflow's own constraints may
  not fit sesreport's lock file, so give this queue an image or a virtual environment of its own.
- ``SESREPORT_HOME``: a folder on storage that all workers share, with ``sesreport.toml``; ``data/`` and ``out/``
  are kept there.
- AWS credentials of the caller that the SDK can find on the worker (instance or task role, or ``AWS_PROFILE``),
  with the policy ``sesreport permissions --caller`` prints.

The pack holds all shipped notebooks as executed already. The tasks after it run them once more, each with a log and
retries of its own: the place to set parameters, and to add notebooks of your own.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from airflow.providers.papermill.operators.papermill import PapermillOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

from sesreport.report.notebooks import notebooks

HOME = os.environ.get("SESREPORT_HOME", "/srv/sesreport")
# The month before the one in which the run begins (UTC), as 'last-month' is. The data interval is not: in Airflow 3 it
# is the moment of the schedule itself.
PERIOD = "{{ (dag_run.start_date.replace(day=1) - macros.timedelta(days=1)).strftime('%Y-%m') }}"

with DAG(
    dag_id="ses_governance_pack",
    description="Who can send e-mail as us: the last closed month's pack",
    schedule="17 6 1 * *",  # UTC, as start_date is; months close at midnight UTC
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,  # a month that has passed cannot be collected
    max_active_runs=1,
    # Airflow repeats whatever failed: 4 and 5, which may go away by themselves, and also 2 and 130, at no harm: with 2
    # nothing is collected, and --resume goes on after 130.
    default_args={"owner": "finops", "retries": 2, "retry_delay": timedelta(minutes=30)},
    tags=["ses", "governance"],
) as dag:
    run = BashOperator(
        task_id="collect_and_report",
        # papermill writes into no folder that is not there; --resume goes on with what a try had read.
        bash_command=f"mkdir -p airflow/{PERIOD} && sesreport run --period last-month --quiet --resume",
        cwd=HOME,
        execution_timeout=timedelta(hours=6),
    )
    for path in notebooks():
        notebook = PapermillOperator(
            task_id=path.stem.lstrip("0123456789_"),
            input_nb=str(path),
            output_nb=f"{HOME}/airflow/{PERIOD}/{path.name}",
            parameters={"pack": f"{HOME}/out/{PERIOD}"},
            kernel_name="python3",
        )
        run >> notebook
