# The only way in: `make` alone lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help
help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: up
up: python  ## Quick start: Traefik, etcd, the bridge and a routed container
	@$(PYTHON) -m compose.quickstart up

.PHONY: down
down: python  ## Remove everything that `make up` made
	@$(PYTHON) -m compose.quickstart down

.PHONY: python
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: PYTHON=...")'

.PHONY: venv
venv: .venv/installed  ## Make the virtual environment with all locked dependencies

.venv/installed: requirements-dev.lock pyproject.toml
	@echo "installing the locked dependencies into .venv ..."
	@$(MAKE) --no-print-directory python
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install --quiet --no-deps --editable .
	@touch $@

.PHONY: format
format: venv  ## Format the code and mend what the linter can mend
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

.PHONY: check
check: venv  ## Format, lint, types, import directions and pure tests; needs nothing but Python
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint pure

.PHONY: lint
lint:
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

.PHONY: pure
pure:
	@$(BIN)/pytest -q -m "not real and not slow and not deep"

.PHONY: test
test: check  ## Everything, on a real Docker engine, etcd and Traefik (sets them up itself)
	@$(BIN)/pytest -q -m "(real or slow) and not deep and not faults"

.PHONY: test-deep
test-deep: venv  ## What takes an hour or two: a million of everything that the other tests sample
	@$(BIN)/pytest -q -m deep

.PHONY: bench
bench: venv  ## Measure on a real Docker engine and etcd; tables and figures go to tests/bench/results
	@$(BIN)/python -m tests.bench $(NAMES)

# Wherever something breaks on purpose: processes, networks, engines and etcds, and whole hosts.
FAULTS := tests/faults tests/hosts tests/traffic tests/daemon/test_socket_proxy.py \
	tests/engine/test_faults.py tests/store/test_concurrent_bridges.py tests/store/test_faults.py \
	tests/store/test_late_writes.py tests/store/test_leases.py tests/store/test_watches.py
FAULTS_LIMIT := 7200

.PHONY: test-faults
test-faults: venv  ## Faults of etcd, Docker, network and bridge, at length and at random (FAULTS_SEED=... repeats)
	@$(BIN)/pytest -q -m "not deep" --session-timeout=$(FAULTS_LIMIT) $(FAULTS)

.PHONY: lock
lock: venv  ## Resolve the dependencies anew and lock them with their hashes
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --upgrade pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --group build -o requirements-build.lock

.PHONY: clean
clean:  ## Remove the virtual environment and all caches of the project's tools
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
