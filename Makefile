# Every target sets up what it needs; `make help` lists them.
PYTHON ?= python3
PORT ?= 8001
TEXTS ?=
RELEASES ?=
VENV := .venv
BIN := $(VENV)/bin
CLAIMLOG := $(BIN)/claimlog
TEXTS_OPTION = $(if $(TEXTS),--texts "$(TEXTS)")
RELEASES_OPTION = $(if $(RELEASES),--releases "$(RELEASES)")

.PHONY: serve build check test test-spark fuzz faults verify release bench schemas lock clean help
.DEFAULT_GOAL := help

# A virtual environment cannot be made by an older Python; say so before pip says something else.
$(VENV)/.run: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: $(PYTHON) is older than Python 3.11; name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing pinned dependencies into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	@echo "installing what tests and checks need"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# The validators of descriptors want other versions of libraries than ours, so they live apart.
$(VENV)/.validators: $(VENV)/.run requirements-validators.txt
	@echo "installing the validators of descriptors into $(VENV)/validators"
	@test -x $(VENV)/validators/bin/python || $(PYTHON) -m venv $(VENV)/validators
	@$(VENV)/validators/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-validators.txt
	@touch $@

# Spark is large and few need it, so it lives apart as well.
$(VENV)/.spark: $(VENV)/.run requirements-spark.txt
	@echo "installing Spark into $(VENV)/spark"
	@test -x $(VENV)/spark/bin/python || $(PYTHON) -m venv $(VENV)/spark
	@$(VENV)/spark/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.txt
	@$(VENV)/spark/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

serve: build  ## set up, validate, build, open Datasette on http://127.0.0.1:8001 (PORT=, TEXTS=, RELEASES=all)
	@$(CLAIMLOG) serve --port $(PORT) $(TEXTS_OPTION) $(RELEASES_OPTION)

build: $(VENV)/.run  ## set up, validate, compile to build/ (TEXTS= checks the anchors too)
	@$(CLAIMLOG) build $(TEXTS_OPTION)

check: $(VENV)/.dev  ## validation, schemas, lint, types, import contract
	@$(CLAIMLOG) validate $(TEXTS_OPTION)
	@$(CLAIMLOG) schemas
	@$(BIN)/frictionless validate datapackage.json > /dev/null || { $(BIN)/frictionless validate datapackage.json; exit 1; }
	@$(BIN)/ruff check scripts tests
	@$(BIN)/ruff format --check --quiet scripts tests
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: $(VENV)/.dev $(VENV)/.validators  ## set up, run every test
	@$(BIN)/python -m pytest -n 2

faults: $(VENV)/.dev  ## fail and kill commands at every system call (needs strace) and put the table into the README
	@PYTHONPATH=tests $(BIN)/python -m faults --each $(or $(EACH),1) --readme

test-spark: $(VENV)/.spark  ## local Spark: the same tables as the embedded engine's (needs Java 17; CLAIMS=)
	@$(VENV)/spark/bin/python -m pytest -s tests/test_spark.py tests/test_engines.py
	@$(VENV)/spark/bin/claimlog bench engines --claims $(or $(CLAIMS),20000) $(if $(README),--readme)

fuzz: $(VENV)/.dev  ## fuzz the line reader for SECONDS=60, guided by coverage
	@$(BIN)/python tests/fuzz_lines.py $(or $(SECONDS),60)

verify: $(VENV)/.run  ## check every claim against the texts in TEXTS=dir
	@$(CLAIMLOG) verify $(TEXTS_OPTION)

release: $(VENV)/.run  ## write the release VERSION= to dist/, with its entry in releases/
	@$(CLAIMLOG) release $(or $(VERSION),$(error name it: make release VERSION=0.2.0))

bench: $(VENV)/.dev  ## measure: beside peers, the site, growth; tables and plots for the README (CLAIMS=, GROWTH=)
	@$(CLAIMLOG) bench peers --claims $(or $(CLAIMS),1000000) --readme
	@$(CLAIMLOG) bench site --claims $(or $(CLAIMS),100000) --readme
	@$(CLAIMLOG) bench growth --claims $(or $(GROWTH),10000000) --readme

schemas: $(VENV)/.run  ## write shared columns and code lists into the schema files that repeat them
	@$(CLAIMLOG) schemas --write

lock: $(VENV)/.dev  ## pin the newest dependencies, with hashes
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade --extra spark -c requirements.txt pyproject.toml requirements-spark.in -o requirements-spark.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade requirements-validators.in -o requirements-validators.txt

clean:  ## remove everything that make made
	rm -rf $(VENV) build build-spark dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +

help:  ## show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile
