# Every target sets up what it needs: a fresh clone needs python3 and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LINTED := tools conformance impl tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help check test long lint fuzz docs compare bench bench-explorer bench-schedules format clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST)

# More patience than by default: that a machine is slow or busy is no reason to fail.
check: $(READY) ## set up, then judge every specification in spec/
	$(BIN)/interlock check spec --limit 900 --total-seconds 300 --query-seconds 40

test: $(READY) ## set up, then pass the tests, all but those that take long
	$(BIN)/python -m pytest tests -n auto --dist worksteal -m "not slow"

long: $(READY) ## the tests that take long: what else is known of each specification
	$(BIN)/python -m pytest tests -n auto -m slow

lint: $(VENV)/.linters ## ruff, mypy and pyright
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

fuzz: $(READY) ## the property tests with many more examples
	INTERLOCK_FUZZ=1 $(BIN)/python -m pytest tests -k "fuzz or agree or random or property"

docs: $(READY) ## regenerate what is generated in docs/
	$(BIN)/python docs/generate.py

compare: $(READY) ## compare the designs of the list_lru, as a page
	$(BIN)/interlock compare spec/list_lru --format html --output designs.html

bench: $(READY) ## CPU seconds for each specification, by phase
	$(BIN)/python benchmarks/phases.py

bench-explorer: $(READY) ## the explorer against Spin, Rumur and TLC, those that are installed
	$(BIN)/python benchmarks/explorer/run.py

bench-schedules: ## schedules against frontrun, interleave-test and Hypothesis, in an environment of their own
	$(PYTHON) -m venv .bench
	.bench/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/schedules/requirements.txt
	.bench/bin/python benchmarks/schedules/run.py

format: $(VENV)/.linters ## lay out Python and specifications
	$(BIN)/ruff format .
	$(BIN)/interlock fmt spec

clean: ## remove what was set up or built
	rm -rf $(VENV) .bench build dist .mypy_cache .ruff_cache .pytest_cache

# A stamp and not the folder: an installation that stopped half-way is done again.
$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

$(VENV)/.linters: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
	@touch $@
