# Needs only Python 3.11+ with venv, and make. Everything else is installed into .venv.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := backend/requirements
# The requirements are complete, so nothing is resolved: a pip that resolves may look for a newer
# release than is pinned, and stops at its missing hash. `pip check` tells if something was missing.
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install -q --no-deps --require-hashes
# npm and node of the Python wheel stand first, so that a machine's own Node is not needed.
# The system's certificates as well as its own, for those behind a proxy.
IN_FRONTEND := cd frontend && export NODE_USE_SYSTEM_CA=1 PATH="$(CURDIR)/$(BIN):$$PATH" &&
IN_BACKEND := cd backend &&
RUN := ../$(BIN)/python

.PHONY: up demo test e2e bench lint schema format requirements web-app locales clean

# Serves the embedded profile with the demo library; MANGAKG_DEMO=0 leaves the library out.
up: $(VENV)/.web web-app locales
	@$(IN_BACKEND) MANGAKG_DEMO=$${MANGAKG_DEMO-1} exec $(RUN) manage.py up

demo: $(VENV)/.web locales
	@$(IN_BACKEND) export MANGAKG_DEMO=1 && $(RUN) manage.py migrate --no-input -v 0 && $(RUN) manage.py demo

test: $(VENV)/.dev web-app locales
	@$(IN_BACKEND) $(RUN) -m tests.run

e2e: $(VENV)/.dev web-app locales
	@$(IN_BACKEND) $(RUN) -m pytest -m e2e

# The words behind it are sections: `make bench web`.
SECTIONS := $(if $(filter bench,$(firstword $(MAKECMDGOALS))),$(filter-out bench,$(MAKECMDGOALS)))
bench: $(VENV)/.dev web-app locales
	@$(IN_BACKEND) $(RUN) -m bench $(SECTIONS)
ifneq ($(SECTIONS),)
.PHONY: $(SECTIONS)
$(SECTIONS): bench
	@:
endif

lint: $(VENV)/.dev frontend/node_modules/.installed locales
	@$(IN_BACKEND) $(RUN) -m tests.lint

# The OpenAPI schema, and the web app's client made from it.
schema: $(VENV)/.dev frontend/node_modules/.installed
	@$(IN_BACKEND) $(RUN) manage.py spectacular --validate --fail-on-warn --file schema.yml
	@$(IN_FRONTEND) npm run --silent api

format: $(VENV)/.dev frontend/node_modules/.installed
	@$(IN_BACKEND) ../$(BIN)/ruff check --fix . && ../$(BIN)/ruff format .
	@$(IN_FRONTEND) npm run --silent format

# For those who change dependencies; needs Poetry with its export plugin.
requirements:
	@$(IN_BACKEND) poetry lock && \
	poetry export --only main -o requirements/base.txt && \
	poetry export --with web -o requirements/web.txt && \
	poetry export --with web,dev -o requirements/dev.txt

web-app: frontend/node_modules/.installed
	@if [ ! -f frontend/build/.built ] || [ -n "$$(find frontend -path frontend/node_modules -prune -o \
		-path frontend/build -prune -o -path frontend/.svelte-kit -prune -o \
		-type f -newer frontend/build/.built -print | head -n 1)" ]; then \
		$(IN_FRONTEND) npm run --silent build -- --logLevel warn && touch build/.built; fi

locales: $(VENV)/.web
	@$(IN_BACKEND) $(RUN) -m common.messages

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "MangaKG needs Python 3.11 or newer; name one with PYTHON=..."; exit 1; }
	@echo "Setting up (some minutes, once) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.web: $(REQUIREMENTS)/web.txt | $(VENV)/bin/python
	@$(INSTALL) -r $(REQUIREMENTS)/web.txt && $(PIP) check -q
	@touch $@

$(VENV)/.dev: $(REQUIREMENTS)/dev.txt | $(VENV)/bin/python
	@$(INSTALL) -r $(REQUIREMENTS)/dev.txt && $(PIP) check -q
	@touch $(VENV)/.web $@

frontend/node_modules/.installed: frontend/package-lock.json | $(VENV)/.web
	@$(IN_FRONTEND) npm ci --silent --no-audit --no-fund
	@touch $@

clean:
	rm -rf $(VENV) frontend/node_modules frontend/build frontend/.svelte-kit
