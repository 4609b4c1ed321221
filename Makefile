# Targets: `make help`. Needs Python 3.11 or later with venv, and make; works from any path.
SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 3000
JOBS ?= 2
BIN := .venv/bin
# A changed lock or pyproject.toml gives the stamp another name, so that the environment is renewed.
LOCKS := $(shell cat requirements.lock requirements-dev.lock pyproject.toml | cksum | tr ' ' '-')
RUNTIME := .venv/.runtime-$(LOCKS)
DEV := .venv/.dev-$(LOCKS)
RUNTIME_EXTRAS := --extra train --extra serve --extra postgres --extra build --extra bento
COMPILE := $(BIN)/uv pip compile pyproject.toml --generate-hashes --universal --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet
# Threads of OpenMP that wait sleep instead of spinning on one of few cores.
export OMP_WAIT_POLICY := PASSIVE

.PHONY: help demo test test-all test-lowest coverage search lint format bench bench-long screenshots docs wheel install install-dev locks clean

help:
	@echo "make demo         simulate a CRM, train, promote, load, serve at http://127.0.0.1:$(PORT) (PORT= to change)"
	@echo "make test         run the test suite"
	@echo "make test-all     run the long tests: PostgreSQL, crash loops, whole installations"
	@echo "make test-lowest  run the test suite with the lowest allowed versions of the direct dependencies"
	@echo "make coverage     run the test suite and print branch coverage"
	@echo "make search       run the property tests on examples no run has seen"
	@echo "make lint         ruff, format check, mypy --strict; make format applies ruff's fixes"
	@echo "make bench        one table of speeds beside peers on this machine (BENCH=--json for machines)"
	@echo "make bench-long   what grows with the data, at a million leads; hours"
	@echo "make screenshots  picture every page and state in build/screenshots/ (needs Chromium)"
	@echo "make docs         build the documentation site in site/, links checked"
	@echo "make wheel        build the wheel in dist/"
	@echo "make install      only create .venv; make locks renews the pinned requirements"

demo: $(RUNTIME)
	@exec $(BIN)/python -m cli.demo --port "$(PORT)"

# With worksteal a worker keeps neighbouring tests, which share what they prepare.
test: $(DEV)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not long" $(TESTS)

test-all: $(DEV)
	$(BIN)/python -m pytest -m long $(TESTS)

# Old releases under new transitive packages warn of deprecations that are not ours.
test-lowest: $(DEV)
	@test -x .venv-lowest/bin/python || "$(PYTHON)" -m venv .venv-lowest
	$(BIN)/uv pip compile pyproject.toml $(RUNTIME_EXTRAS) --extra dask --extra docs --extra dev --resolution lowest-direct --no-header --no-annotate --quiet \
		--output-file .venv-lowest/requirements.txt
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check -r .venv-lowest/requirements.txt
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	.venv-lowest/bin/python -m pytest -n $(JOBS) -m "not long" -W ignore::DeprecationWarning $(TESTS)

coverage: $(DEV)
	$(BIN)/python -m pytest -n $(JOBS) -m "not long" --cov --cov-report=term:skip-covered --cov-report=html $(TESTS)

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
	@$(BIN)/python -m benchmarks $(BENCH)

bench-long: $(DEV)
	@$(BIN)/python -m benchmarks --long $(BENCH)

screenshots: $(DEV)
	@$(BIN)/python -m tests.screenshots

docs: $(DEV)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict --clean

wheel: $(DEV)
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

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
	@test -x $(BIN)/python || { echo "creating .venv"; "$(PYTHON)" -m venv .venv; }
	@echo "installing $(LOCK)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .

locks: $(DEV)
	$(COMPILE) $(RUNTIME_EXTRAS) --output-file requirements.lock
	$(COMPILE) --extra serve --extra postgres --extra build --constraint requirements.lock --output-file requirements-serve.lock
	$(COMPILE) $(RUNTIME_EXTRAS) --extra dask --extra docs --extra dev --constraint requirements.lock --output-file requirements-dev.lock

clean:
	rm -rf .venv .venv-lowest .leadcast build dist site htmlcov .coverage* *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
