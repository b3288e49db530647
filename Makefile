# Every target sets up what it needs; `make help` lists them.
# what is not said, or said to be nothing
override or_else = $(if $(value $(1)),,$(eval override $(1) := $(2)))
$(call or_else,PYTHON,python3)
$(call or_else,PORT,8001)

# What a caller says is a value, never a command: make expands none of it, and recipes read it from
# their environment, in quotes. $(value ...) is the text as it was given, functions and all.
override SAID := PYTHON PORT TEXTS ROLE OUT RELEASES VERSION CLAIMS GROWTH SECONDS EACH DOCS
override SAID += $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name)))
$(foreach name,$(SAID),$(eval override $$(name) := $$(value $$(name))))
override name :=
export PYTHON PORT TEXTS ROLE OUT RELEASES VERSION CLAIMS GROWTH EACH DOCS
# the shell has a SECONDS of its own
export FUZZ_SECONDS := $(SECONDS)

.PHONY: serve desk site build texts check test test-all test-spark fuzz faults verify release rebuild-releases bench schemas docs licences lock clean help
.DEFAULT_GOAL := help

# An environment that is whole says so itself. Only to make one PYTHON is needed, and not an older
# one than 3.11: say so before pip says something else.
override ENVIRONMENTS := environment-run environment-texts environment-dev environment-validators environment-spark
.PHONY: $(ENVIRONMENTS)
$(ENVIRONMENTS): environment-%:
	@.venv/bin/python scripts/workshop/environment.py --whole $* 2> /dev/null || { \
	  command -v "$$PYTHON" > /dev/null || { \
	    printf 'make: there is no program %s; name one: make PYTHON=python3.12\n' "$$PYTHON" >&2; exit 2; }; \
	  "$$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    printf 'make: %s is older than Python 3.11; name a newer one: make PYTHON=python3.12\n' "$$PYTHON" >&2; exit 2; }; \
	  "$$PYTHON" scripts/workshop/environment.py $*; }

serve: build  ## set up, validate, build, open Datasette on http://127.0.0.1:8001 (PORT=, TEXTS=, RELEASES=all)
	@exec .venv/bin/claimlog serve --port="$$PORT" $${TEXTS:+"--texts=$$TEXTS"} $${RELEASES:+"--releases=$$RELEASES"}

site: build  ## the site as plain files in OUT=public, which need no server (RELEASES=all)
	@.venv/bin/claimlog site "--out=$${OUT:-public}" $${RELEASES:+"--releases=$$RELEASES"}

desk: environment-run  ## code texts of the directory TEXTS= in a browser, on http://127.0.0.1:8010 (PORT=, ROLE=)
	@test -n "$$TEXTS" || { echo "make: name the directory of texts: make desk TEXTS=dir" >&2; exit 2; }
	@port=$$PORT; test "$$port" != 8001 || port=8010; \
	  exec .venv/bin/claimlog desk "--texts=$$TEXTS" "--port=$$port" $${ROLE:+"--role=$$ROLE"}

build: environment-run  ## set up, validate, compile to build/ (TEXTS= checks the anchors too)
	@.venv/bin/claimlog build $${TEXTS:+"--texts=$$TEXTS"}

texts: environment-texts  ## set up what takes texts out of HTML and PDF files as well (claimlog[texts])

check: environment-dev  ## validation, schemas, documentation, lint, types, import contract, licences
	@.venv/bin/claimlog validate $${TEXTS:+"--texts=$$TEXTS"}
	@.venv/bin/claimlog schemas
	@.venv/bin/python -m workshop.docs --check
	@.venv/bin/frictionless validate datapackage.json > /dev/null || { .venv/bin/frictionless validate datapackage.json; exit 1; }
	@.venv/bin/ruff check scripts tests
	@.venv/bin/ruff format --check --quiet scripts tests
	@.venv/bin/mypy
	@.venv/bin/mypy --config-file tests/mypy.ini
	@.venv/bin/lint-imports
	@.venv/bin/python scripts/workshop/licences.py --quiet
	@.venv/bin/python scripts/workshop/licences.py --lock requirements-texts.txt --quiet

test: environment-dev environment-validators  ## set up, run the tests, and of the slow ones one in twenty
	@.venv/bin/python -m pytest -n 3 --dist worksteal --slow=sample # on two cores: one works while another waits

test-all: environment-dev environment-validators  ## set up, run every test, as before a release
	@.venv/bin/python -m pytest -n 3 --dist worksteal

faults: environment-dev  ## fail and kill commands at every system call (needs strace) and put the table into docs/
	@PYTHONPATH=tests .venv/bin/python -m faults --each="$${EACH:-1}" --docs

test-spark: environment-spark  ## local Spark: the same tables as the embedded engine's (needs Java 17; CLAIMS=)
	@.venv/spark/bin/python -m pytest -s tests/test_spark.py tests/test_engines.py
	@.venv/spark/bin/python -m workshop.bench engines --claims="$${CLAIMS:-20000}" $${DOCS:+--docs}

fuzz: environment-dev  ## fuzz the line reader for SECONDS=60, guided by coverage
	@.venv/bin/python tests/fuzz_lines.py "$${FUZZ_SECONDS:-60}"

verify: environment-run  ## check every claim against the texts in TEXTS=dir
	@.venv/bin/claimlog verify $${TEXTS:+"--texts=$$TEXTS"}

release: environment-run  ## write the release VERSION= to dist/, with its entry in releases/
	@test -n "$$VERSION" || { echo "make: name it: make release VERSION=0.2.0" >&2; exit 2; }
	@.venv/bin/claimlog release -- "$$VERSION"
	@.venv/bin/python -m workshop.docs

rebuild-releases: environment-run  ## make every release again by its own code, in dist/, and verify it with this code
	@.venv/bin/claimlog release --rebuild all --exact --out dist

bench: environment-dev  ## measure: beside peers, the site, growth, copies, the desk; tables and plots for docs/ (CLAIMS=, GROWTH=)
	@.venv/bin/python -m workshop.bench peers --claims="$${CLAIMS:-1000000}" --docs
	@.venv/bin/python -m workshop.bench site --claims="$${CLAIMS:-100000}" --docs
	@.venv/bin/python -m workshop.bench growth --claims="$${GROWTH:-10000000}" --docs
	@.venv/bin/python -m workshop.bench files --claims="$${CLAIMS:-100000}" --docs
	@.venv/bin/python -m workshop.bench copies --docs
	@.venv/bin/python -m workshop.bench desk --docs

schemas: environment-run  ## write shared columns and code lists into the schema files that repeat them
	@.venv/bin/claimlog schemas --write

docs: environment-run  ## refresh what README.md and docs/ take from schemas, rules, log and releases
	@.venv/bin/python -m workshop.docs

licences: environment-run  ## list name, version and licence of everything that is installed to run
	@.venv/bin/python scripts/workshop/licences.py

# pip and setuptools: Datasette asks for them to install plugins, and no command of ours does
override PIN := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade
override OURS := $(PIN) --no-emit-package pip --no-emit-package setuptools
lock: environment-dev  ## pin the newest dependencies, with hashes
	@$(OURS) --extra interchange pyproject.toml -o requirements.txt
	@$(OURS) -c requirements.txt requirements-build.in -o requirements-build.txt
	@$(OURS) --extra texts -c requirements.txt -c requirements-build.txt pyproject.toml -o requirements-texts.txt
	@$(OURS) --extra dev --extra interchange --extra texts -c requirements.txt -c requirements-build.txt -c requirements-texts.txt pyproject.toml -o requirements-dev.txt
	@$(OURS) --extra spark --extra interchange -c requirements.txt -c requirements-build.txt pyproject.toml requirements-spark.in -o requirements-spark.txt
	@$(PIN) requirements-validators.in -o requirements-validators.txt

clean:  ## remove everything that make made
	rm -rf .venv .venv.lock build build-spark dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +

help:  ## show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile
