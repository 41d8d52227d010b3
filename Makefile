# `make run` shows the main job on a real repository, without a key; `make test` runs the whole suite.
# Both bootstrap .venv from nothing but a Python (3.11 or newer) with venv. `make PYTHON=python3.13 ...` makes it anew
# with that one.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed-run
STAMP := $(VENV)/.installed
SCENARIOS := codex_trio/conformance/scenarios
COVERED := engine processors rpc state threads
RECIPE := pyproject.toml protocol/pyproject.toml hatch_build.py requirements.lock
# What is installed was tested together: requirements.lock pins it.
INSTALL = $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --constraint requirements.lock
# The contract is installed with codex-trio, as a copy; whoever works on it wants the files of the checkout.
EDIT_PROTOCOL = $(INSTALL) --no-deps --editable ./protocol

ifneq ($(MAKECMDGOALS),clean)
# A .venv that does not run is none; one of another Python than the one asked for goes.
PRESENT := $(shell $(BIN)/python -c 'import sys; print(sys.base_prefix, sys.version)' 2>/dev/null)
ifneq ($(and $(PRESENT),$(filter file,$(origin PYTHON))),)
WANTED := $(PRESENT)
else
WANTED := $(shell $(PYTHON) -c 'import sys, venv, ensurepip; print(sys.base_prefix, sys.version) if sys.version_info >= (3, 11) else None' 2>/dev/null)
endif
ifeq ($(filter-out None,$(WANTED)),)
$(error $(PYTHON) is no Python 3.11 or newer with venv (Debian has that in python3-venv); name one: make PYTHON=/path/to/python3.12)
endif
ifneq ($(PRESENT),$(WANTED))
$(shell rm -rf $(VENV))
endif
endif

.PHONY: run dev test peers coverage lint types layers schema release-facts lock clean

run: $(RUN_STAMP)
	@$(BIN)/python -m examples.fix_failing_test

# What the checks and benchmarks need.
dev: $(STAMP)

PYTEST = $(BIN)/pytest -n 2 --dist worksteal $(PYTEST_ARGS)

test: $(STAMP)
	$(PYTEST) $(TESTS)

# Judges the MCP client by the official suite, and tries it with servers of other makers: they come from npm and PyPI into
# a folder of their own.
PEERS := $(VENV)-peers
SUITE := conformance@0.2.0-alpha.12 server-everything@2026.8.31 server-filesystem@2026.8.31 server-memory@2026.8.31
$(PEERS)/.installed: Makefile
	@rm -rf $(PEERS) && $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet mcp==2.3.0
	npm install --no-fund --prefix $(PEERS) node@22 $(SUITE:%=@modelcontextprotocol/%)
	@touch $@

peers: $(STAMP) $(PEERS)/.installed
	MCP_PEERS=$(abspath $(PEERS)) MCP_SDK_PYTHON=$(abspath $(PEERS))/bin/python \
		$(PYTEST) tests/extensions/test_mcp_npm_peers.py tests/extensions/test_mcp_sdk_peers.py

# All tests, and how much of the parts that others are built on ran. Being watched makes Python slow: only the tests of
# these parts are, and the scenarios, which run once more for that, with the server in this process.
coverage: $(STAMP)
	$(PYTEST) $(COVERED:%=--ignore=tests/%)
	$(PYTEST) --cov --cov-report= --app-server-transport memory $(COVERED:%=tests/%) $(SCENARIOS)
	@for part in $(COVERED); do \
		printf 'coverage of %s, with branches, in per cent: ' "$$part"; \
		$(BIN)/coverage report --format=total --include="codex_trio/$$part/*" --fail-under=90 || exit 1; \
	done

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/basedpyright
	$(BIN)/basedpyright --project tests

layers: $(STAMP)
	$(BIN)/lint-imports

schema: $(STAMP)
	$(BIN)/python -m codex_trio_protocol.export --check protocol/schema

# What a release of the established server changes; see docs/releases.md.
release-facts: $(STAMP)
	@test -n "$(VERSION)" || { echo 'Which release? make release-facts VERSION=0.172.0'; exit 2; }
	@$(BIN)/python -m release_facts "$(VERSION)" --scenarios "$(SCENARIOS)" \
		$(if $(FROM),--from "$(FROM)") $(if $(OUT),--out "$(OUT)")

# Takes the newest versions that fit; run `make test` with them before they are committed.
lock:
	@rm -rf $(VENV)-lock && $(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(VENV)-lock/bin/python -m pip install --quiet . --group dev
	$(VENV)-lock/bin/python -m pip freeze --exclude codex-trio --exclude codex-trio-protocol >requirements.lock
	@rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) $(VENV)-newest $(VENV)-lock $(PEERS)

# The example's project is tested by pytest.
$(RUN_STAMP): $(RECIPE)
	@$(call venv)
	@echo "Installing codex-trio and what it needs into $(VENV), once (about 60 MB):"
	$(INSTALL) --editable . 'pytest>=8.4'
	$(EDIT_PROTOCOL)
	@touch $@

$(STAMP): $(RECIPE)
	@$(call venv)
	@echo "Installing codex-trio and the development tools into $(VENV), once (about 470 MB):"
	$(INSTALL) --upgrade 'pip>=25.1'
	$(INSTALL) --editable . --group dev
	$(EDIT_PROTOCOL)
	@touch $(RUN_STAMP) $@

define venv
if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	echo "Making $(VENV) with $$($(PYTHON) --version)."; \
	rm -rf $(VENV); $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }; \
fi
endef
