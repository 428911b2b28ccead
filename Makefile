# The template's own commands. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
UV_VERSION := 0.13.8
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Three tests on two processors: services that start, drain or wait for each other leave them idle.
PROCESSES ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) * 3 / 2)))
# Where it is set, as in many images, each of the hundreds of processes compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-all lint questions lock bench matrix pictures release clean

help: ## list the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/.installed: pyproject.toml uv.lock
	@command -v $(PYTHON) >/dev/null || { echo "there is no $(PYTHON): name a Python 3.11 or later, as in make PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11: name a newer one, as in make PYTHON=python3.13" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv sync --frozen --quiet
	@touch $@

demo: $(BIN)/.installed ## render the default service and serve it on http://127.0.0.1:8000
	@$(BIN)/python -m tools.demo

RUN_TESTS = $(BIN)/pytest --numprocesses $(PROCESSES) --dist loadgroup --no-loadscope-reorder
test: $(BIN)/.installed ## test the factory, all renders and the default services (minutes)
	$(RUN_TESTS) -m quick $(PYTEST)

test-all: $(BIN)/.installed lint ## run make lint and all tests (PYTEST=--durations=30)
	$(RUN_TESTS) $(PYTEST)

lint: $(BIN)/.installed ## check the style and types of tools and tests
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy

questions: $(BIN)/.installed ## write README's table of questions and examples/default.yml
	$(BIN)/python -m tools.table

lock: $(BIN)/.installed ## take the newest versions for all services and for the tools here
	$(BIN)/uv lock --upgrade
	$(BIN)/python -m tools.lock --upgrade

bench: $(BIN)/.installed ## measure rendering, updating, the stack and images (BENCH=--quick, BENCH=--layers)
	@status=0; $(BIN)/python -m bench.rendering $(BENCH) || status=1; \
	$(BIN)/python -m bench.real_path $(BENCH) || status=1; \
	$(BIN)/python -m bench.jobs $(BENCH) || status=1; \
	$(BIN)/python -m bench.stack $(BENCH) || status=1; \
	$(BIN)/python -m bench.stack --framework django $(BENCH) || status=1; \
	$(BIN)/python -m bench.accounts $(BENCH) || status=1; \
	$(BIN)/python -m bench.accounts --framework django $(BENCH) || status=1; \
	$(BIN)/python -m bench.images $(BENCH) || status=1; exit $$status

matrix: $(BIN)/.installed ## print the variants as a job matrix (JSON)
	@$(BIN)/python -m tools.matrix

pictures: $(BIN)/.installed ## make the pictures of README.md anew (Chromium and Prometheus)
	@$(BIN)/python -m tools.pictures

release: $(BIN)/.installed ## record a release: make release VERSION=0.2.0
	$(BIN)/python -m tools.release $(VERSION)

clean: ## remove what was made here
	rm -rf .venv build .mypy_cache .pytest_cache .ruff_cache .hypothesis
