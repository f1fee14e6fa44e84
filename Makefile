# One place for every command; each target says what it needs. Python and make are enough to start.
PYTHON ?= python3
PORT ?= 8000
HOST ?= 127.0.0.1
DATA ?= data
NETWORK ?=
# What Python has compiled is kept, whatever the shell says: tests start hundreds of processes of four hundred modules.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help run setup setup-dev system system-deep test test-deep bench lint types lock clean
help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort

run: setup ## serve the demo mission (or NETWORK=file.osm.pbf) at http://HOST:PORT, data in DATA
	@exec $(BIN)/python -m fom run --host "$(HOST)" --port "$(PORT)" --data "$(DATA)" $(if $(NETWORK),--network "$(NETWORK)")

setup: $(VENV)/.installed static/vendor/.installed ## virtual environment and browser packages

setup-dev: setup $(VENV)/.installed-dev ## what tests, lint and types need besides

$(VENV)/bin/python:
	@.ci/make-venv "$(PYTHON)" "$(VENV)"

$(VENV)/.installed: requirements.txt | $(VENV)/bin/python
	@echo "installing Python packages (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "installing Python packages for tests (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

static/vendor/.installed: package-lock.json $(VENV)/.installed
	@.ci/browser-packages "$(BIN)/python"
	@touch $@

system: ## Debian's PostgreSQL, PostGIS and Chromium, when missing and allowed
	@.ci/system-packages

system-deep: ## besides, the Java and the spreadsheet program that deep tests need
	@.ci/system-packages deep

test: setup-dev system ## everything that must hold, with a real PostgreSQL and a real Chromium
	$(BIN)/python -m tests.postgres $(BIN)/python -m pytest -n 3 --dist loadgroup $(ARGS)

test-deep: setup-dev system-deep ## long campaigns: a hundred thousand histories, load, crashes (under 60 minutes)
	$(BIN)/python -m tests.postgres $(BIN)/python -m pytest -m "deep and alone" $(ARGS)
	$(BIN)/python -m tests.postgres $(BIN)/python -m pytest -n 3 --dist loadgroup -m "deep and not alone" $(ARGS)

bench: setup-dev system ## measure beside the peers on a country of a million segments (about 35 minutes)
	$(BIN)/python -m bench

lint: setup-dev ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup-dev ## mypy
	$(BIN)/mypy

lock: setup-dev ## renew the hashed lock files from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links -c requirements.txt --group dev pyproject.toml -o requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --group node -o requirements-node.txt

clean: ## remove everything that make put here, except data
	rm -rf $(VENV) node_modules static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis
