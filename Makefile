# Type 'make' for what there is. Only git, make and Python 3.11 or newer are needed.
PYTHON ?= python3
BIN = .venv/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check
TESTS ?= tests
TIMES ?= 100
UV = $(BIN)/uv pip compile pyproject.toml --group build --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate

.PHONY: help
help:  ## What there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: demo
demo: .venv/demo  ## The demonstration organization's pack in out/<period>/
	$(BIN)/sesreport run --demo

.PHONY: test
test: .venv/dev  ## All tests (TESTS=tests/policy for some)
	$(BIN)/pytest -n 2 --dist loadfile $(TESTS)

.PHONY: prove
prove: .venv/dev  ## Long proofs: every way to a verdict on 200,000 hostile cases (PROVE="--count 20000")
	$(BIN)/python -m tests.policy.prove $(PROVE)

.PHONY: prove-fixes
prove-fixes: .venv/dev  ## Long proof: the fixes of 5,000 random organizations (FIXES="--count 500 --referee 100")
	$(BIN)/python -m tests.policy.prove_fixes $(FIXES)

.PHONY: properties
properties: .venv/dev  ## Long proof: the random tests with a hundred times as many cases (TIMES=1000)
	SESREPORT_TIMES=$(TIMES) $(BIN)/pytest -n 2 -m "hypothesis or random" $(TESTS)

.PHONY: matrix
matrix: .venv/dev  ## Long proof: answers of AWS spoiled in every way, and what is collected (MATRIX="--fault cut")
	$(BIN)/python -m tests.collect.matrix $(MATRIX)

.PHONY: airflow
airflow: .venv/demo  ## Long proof: the Airflow DAG under a real Airflow 3, in an environment of its own
	$(BIN)/python tests/schedules/airflow_for_real.py

.PHONY: lint
lint: .venv/dev  ## Formatting, linters, types, and no outputs in notebooks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/nbstripout --verify notebooks/*.ipynb

.PHONY: lab
lab: .venv/lab  ## JupyterLab on the notebooks
	$(BIN)/jupyter lab notebooks

.PHONY: bench
bench: .venv/demo  ## How long the demonstration's run takes, beside empty notebooks
	$(BIN)/python benchmarks/run_bench.py

.PHONY: wheel
wheel: .venv/dev  ## The wheel in dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

.PHONY: docs
docs: .venv/demo  ## Write the parts of README that come from the code
	$(BIN)/python -m sesreport.cli.docs

.PHONY: lock
lock: .venv/dev  ## Resolve the lock files in requirements/ again
	$(PIP) uv
	$(UV) --all-extras --output-file .venv/all.lock
	$(UV) --constraint .venv/all.lock --output-file requirements/run.lock
	$(UV) --constraint .venv/all.lock --extra demo --output-file requirements/demo.lock
	$(UV) --constraint .venv/all.lock --extra demo --extra dev --output-file requirements/dev.lock
	$(UV) --constraint .venv/all.lock --extra demo --extra lab --output-file requirements/lab.lock

.PHONY: clean
clean:  ## Remove what make made, but no snapshot and no pack
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -m venv .venv

# Each stamp stands for an installed lock file; the package itself is installed in place, without resolving again.
# requirements/run.lock, a plain install, is for where sesreport runs every month: templates/schedules has it.
.venv/demo: requirements/demo.lock pyproject.toml | .venv/bin/python
	$(PIP) --require-hashes -r requirements/demo.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev: requirements/dev.lock .venv/demo
	$(PIP) --require-hashes -r requirements/dev.lock
	@touch $@

.venv/lab: requirements/lab.lock .venv/demo
	$(PIP) --require-hashes -r requirements/lab.lock
	@touch $@
