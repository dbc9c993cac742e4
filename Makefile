# Usher's commands. Plain `make` prints them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
PINS := pyproject.toml constraints.txt tools/environment
# Extra arguments for pytest, as in: make test ARGS="tests/core -x"
ARGS ?=

# Else each process that tests start compiles everything anew; some images switch the cache off.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo test slow check bench faults serve clean servers

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/.installed-demo ## Install Usher into .venv, where it becomes .venv/bin/usher

demo: .venv/.installed-demo ## Run the product with sample data: no accounts, no other service
	@$(BIN)/usher demo

test: servers check ## Run the static checks, then the tests; with CI=true also the slow ones
	@$(BIN)/python -m pytest -n 3 $(ARGS)

slow: servers .venv/.installed-dev ## Run the slow tests alone: faults, load, and the twins of quicker ones
	@# In one process: each would start all experiments.
	@$(BIN)/python -m pytest -m slow $(ARGS)

check: .venv/.installed-dev ## Run the static checks: ruff, mypy, import-linter, codespell, djlint
	@tools/check

bench: servers .venv/.installed-dev ## Measure speed
	@$(BIN)/python -m bench all

faults: servers .venv/.installed-dev ## Kill processes and cut connections, then account for every message
	@$(BIN)/python -m bench.faults all

serve: .venv/.installed-demo ## Run everything in one process, configured by the environment
	@$(BIN)/usher serve

clean: ## Remove the environment, caches and build output; databases stay
	@rm -rf .venv build ./*.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The servers that tests start for themselves; quick when all of them are there.
servers:
	@tools/provision

.venv/.installed-%: $(PINS)
	@tools/environment $*
	@touch $@
