# Targets: demo test test-all search lint format bench install locks clean. Needs Python 3.11 or later with venv, and make; works from any path.
SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 3000
JOBS ?= 2
BIN := .venv/bin
LOCKS := $(shell cat requirements.lock requirements-dev.lock pyproject.toml | cksum | tr ' ' '-')
RUNTIME := .venv/.runtime-$(LOCKS)
DEV := .venv/.dev-$(LOCKS)
COMPILE := $(BIN)/uv pip compile pyproject.toml --extra build --generate-hashes --universal --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet
export OMP_WAIT_POLICY := PASSIVE

.PHONY: help demo test test-all search lint format bench install install-dev locks clean

help:
	@echo "make demo      simulate a CRM, train, promote, load, serve at http://127.0.0.1:$(PORT) (PORT= to change)"
	@echo "make test      run the test suite"
	@echo "make test-all  run the long tests: PostgreSQL, browser, crash loops"
	@echo "make search    run the property tests on examples no run has seen"
	@echo "make lint      ruff, format check, mypy --strict; make format mends what ruff can"
	@echo "make bench     print what features, scoring and the service cost on this machine"
	@echo "make install   only make .venv; make locks renews the pinned requirements"

demo: $(RUNTIME)
	@exec $(BIN)/python -m cli.demo --port "$(PORT)"

test: $(DEV)
	$(BIN)/python -m pytest -n $(JOBS) -m "not long" $(TESTS)

test-all: $(DEV)
	$(BIN)/python -m pytest -m long $(TESTS)

search: $(DEV)
	$(BIN)/python -m pytest -n $(JOBS) -m "not long" --hypothesis-profile=new $$(grep -rl "from hypothesis" tests --include="test_*.py")

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV)
	@for script in benchmarks/bench_*.py; do echo "== $$script"; name=$${script##*/}; $(BIN)/python -m "benchmarks.$${name%.py}" || exit 1; done

install: $(RUNTIME)

install-dev: $(DEV)

$(RUNTIME):
	@$(MAKE) --no-print-directory .environment LOCK=requirements.lock
	@rm -f .venv/.runtime-*; touch "$@"

$(DEV):
	@$(MAKE) --no-print-directory .environment LOCK=requirements-dev.lock
	@rm -f .venv/.runtime-* .venv/.dev-*; touch "$(RUNTIME)" "$@"

.PHONY: .environment
.environment:
	@test -n "$(PYTHON)" || { echo "no python3 found: install Python 3.11 or later, or set PYTHON="; exit 1; }
	@"$(PYTHON)" -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"Python 3.11 or later is needed, $(PYTHON) is {v.major}.{v.minor}; set PYTHON=")'
	@test -x $(BIN)/python || { echo "making .venv"; "$(PYTHON)" -m venv .venv; }
	@echo "installing $(LOCK)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .

locks: $(DEV)
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --extra dev --constraint requirements.lock --output-file requirements-dev.lock

clean:
	rm -rf .venv .leadcast build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
