# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The front door. Everything that it makes goes to .venv/ and .cache/; `make help` lists what it can do.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The Python that .venv was made from, until another one is named.
PYTHON ?= $(if $(wildcard .venv/bin/python),.venv/bin/python,python3)
PARTS ?= lint sanity unit testbed fire molecule

BIN := $(CURDIR)/.venv/bin
export LAMBDAOPS_CACHE := $(CURDIR)/.cache
export V

# Tools keep caches at home; where there is none that can be written, they get one here.
ifneq ($(shell test -n "$$HOME" && test -w "$$HOME" && echo writable),writable)
export HOME := $(LAMBDAOPS_CACHE)/home
$(shell mkdir -p '$(HOME)')
endif

.PHONY: help setup demo test up down env lint sanity unit testbed fire molecule soak bench verdicts clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { gsub(/\$$\$$/, "$$"); printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  PYTHON=python3.12  make the environments from another Python (3.11 or newer)'
	@echo '  PARTS="lint unit"  run only these parts of `make test`'
	@echo '  V=1                show the whole output of each step'

# One Python process, readable for any Python, so that an old one gets a sentence instead of a syntax error.
setup: ## Build .venv and .cache/localstack; quick when they are up to date
	@command -v '$(PYTHON)' > /dev/null || { echo 'There is no $(PYTHON) here; name a Python 3.11 or newer: make setup PYTHON=python3.12' >&2; exit 1; }
	@'$(PYTHON)' -c 'import runpy, sys; sys.version_info >= (3, 11) or sys.exit("lambdaops.deploy needs Python 3.11 or newer, and $(PYTHON) is %s; name another: make setup PYTHON=python3.12" % sys.version.split()[0]); runpy.run_path("tests/tooling/environments.py", run_name="__main__")'

demo: setup ## See it work: drifted images refused, a release, the same again without a change
	@PATH='$(BIN)':"$$PATH" $(BIN)/python examples/demo/run.py

test: setup ## Run everything that CI runs, and count
	@$(BIN)/python tests/tooling/parts.py $(PARTS)

up: setup ## Start the testbed (LocalStack and what it needs)
	@$(BIN)/python -m lambdaops_testbed up

down: setup ## Stop the testbed
	@$(BIN)/python -m lambdaops_testbed down

env: setup ## Print the exports that point a shell at the testbed: eval "$$(make -s env)"
	@$(BIN)/python -m lambdaops_testbed env

lint: setup ## ansible-lint, yamllint, ruff, mypy
	@$(BIN)/python tests/tooling/parts.py lint

sanity: setup ## ansible-test sanity on a copy of the collection
	@$(BIN)/python tests/tooling/parts.py sanity

unit: setup ## Unit tests
	@$(BIN)/python tests/tooling/parts.py unit

testbed: setup ## Tests of the testbed itself, and of modules against it
	@$(BIN)/python tests/tooling/parts.py testbed

fire: setup ## Releases under fire: faults, kills, eight writers, callers that do not stop
	@$(BIN)/python tests/tooling/parts.py fire

molecule: setup ## Scenarios against the testbed
	@$(BIN)/python tests/tooling/parts.py molecule

soak: setup ## Releases under fire for about half an hour, with what was counted
	@LAMBDAOPS_SOAK=1 V=1 $(BIN)/python tests/tooling/parts.py fire

bench: setup ## Measure against the goals; ONLY="writers alias" for parts, SAVE=1 to write docs/benchmarks.md
	@PATH='$(BIN)':"$$PATH" PYTHONPATH='$(CURDIR)/tests/testbed/tests' $(BIN)/python tests/benchmarks/run.py $(if $(SAVE),--save) $(ONLY)

verdicts: setup ## Check real packages against imports in an image, and write docs/verdicts.md
	@PATH='$(BIN)':"$$PATH" LAMBDAOPS_SAVE_VERDICTS=1 $(BIN)/pytest tests/integration/test_artifact_oracles.py

clean: ## Stop the testbed and remove all that was made
	@if test -x $(BIN)/python; then $(BIN)/python -m lambdaops_testbed down; fi
	@rm -rf .venv .cache
