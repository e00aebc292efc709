# The only entry point: `make` alone lists the targets.
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
down: python  ## Remove everything that `make up` created
	@$(PYTHON) -m compose.quickstart down

.PHONY: python
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: PYTHON=...")'

.PHONY: venv
venv: .venv/installed  ## Create the virtual environment with all locked dependencies

.venv/installed: requirements-dev.lock pyproject.toml
	@echo "installing the locked dependencies into .venv ..."
	@$(MAKE) --no-print-directory python
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install --quiet --no-deps --editable .
	@touch $@

.PHONY: format
format: venv  ## Format the code and fix what the linter can fix
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

.PHONY: check
check: venv  ## Check format, lint, types and import directions, and run the pure tests; needs only Python
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
test: check  ## Run the checks and the tests on a real Docker engine, etcd and Traefik (sets them up itself)
	@$(BIN)/pytest -q -m "(real or slow) and not deep and not faults"

.PHONY: test-deep
test-deep: venv  ## Run what takes an hour or two: a million of everything that the other tests sample
	@$(BIN)/pytest -q -m deep

.PHONY: bench
bench: venv  ## Run the benchmarks on a real Docker engine and etcd; results go to tests/bench/results
	@$(BIN)/python -m tests.bench $(NAMES)

# Tests that break something on purpose: processes, networks, engines and etcds, and whole hosts.
FAULTS := tests/faults tests/hosts tests/traffic tests/daemon/test_socket_proxy.py \
	tests/engine/test_faults.py tests/store/test_concurrent_bridges.py tests/store/test_faults.py \
	tests/store/test_late_writes.py tests/store/test_leases.py tests/store/test_watches.py
FAULTS_LIMIT := 7200

.PHONY: test-faults
test-faults: venv  ## Test faults of etcd, Docker, network and bridge, at length and at random (FAULTS_SEED=... repeats)
	@$(BIN)/pytest -q -m "not deep" --session-timeout=$(FAULTS_LIMIT) $(FAULTS)

.PHONY: lock
lock: venv  ## Resolve the dependencies again and lock them with their hashes
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --upgrade pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --group build -o requirements-build.lock

.PHONY: clean
clean:  ## Remove the virtual environment and all caches of the project's tools
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
