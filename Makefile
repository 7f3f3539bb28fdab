# Everything a newcomer or CI runs. `make` alone prints what there is.
PYTHON ?= python3.11
BIN := .venv/bin
SHELL := /bin/bash
# Where Python is told to keep no bytecode, each of a run's processes would rewrite every test for itself.
unexport PYTHONDONTWRITEBYTECODE
# Properties that `make test` tries on a few examples.
PROPERTIES := tests/zonewire/filters/test_matching.py tests/zonewire/digests/test_exactly_once.py \
	tests/zonewire/intake/pages/test_wrapping.py

# Slow tests that need the machine for themselves.
ALONE := tests/e2e/test_trouble.py tests/e2e/test_frugal.py

# The files that hold tests of a mark: reading all the others would take longer than these tests.
MARKED = $(shell grep -rlE 'mark\.$(1)\b' tests --include='*.py')

# Packages for Node that judge pages and mails.
JUDGES := tests/validators/node_modules/.package-lock.json

.PHONY: help
help: ## print this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: run
run: setup ## start everything on this machine, with sample articles, and say where to look
	@$(BIN)/zonewire up --sample

.PHONY: setup
setup: .venv/.runtime $(if $(OTEL),.venv/.otel) ## build .venv from the lock (PIP=1: without uv; OTEL=1: with traces)

.PHONY: test
test: .venv/.dev ## run the whole test suite
	@$(BIN)/pytest -q -n 3 --dist loadfile -m "not browser and not validators and not slow and not proof"

.PHONY: slow
slow: .venv/.dev ## run the tests that take long
	@$(BIN)/pytest -q -n 3 --dist loadfile -m slow $(addprefix --ignore=,$(ALONE))
	@$(BIN)/pytest -q -m slow $(ALONE)

.PHONY: proofs
proofs: .venv/.dev ## hold ledger, digests, matching and pages against models, on many examples
	@PROOF_FACTOR=$${PROOF_FACTOR:-2} $(BIN)/pytest -q -n 2 --dist worksteal tests/proofs $(PROPERTIES)

.PHONY: browser
browser: .venv/.dev ## run the tests that drive headless Chromium
	@$(BIN)/pytest -q -n 2 -m browser $(call MARKED,browser)

.PHONY: validators
validators: .venv/.dev $(JUDGES) ## judge pages and mails with html-validate, caniemail and SpamAssassin
	@$(BIN)/pytest -q -n 2 --dist loadfile -m validators $(call MARKED,validators)

.PHONY: rehearsals
rehearsals: .venv/.dev ## stage ten faults on running installations, mend each, and say what was seen (half an hour)
	@$(BIN)/python -m tests.rehearsals $(ONLY)

.PHONY: gallery
gallery: .venv/.dev ## show every page and mail in its states, in one page
	@$(BIN)/python -m tests.gallery $(ONLY)

.PHONY: lint
lint: .venv/.dev ## ruff, mypy, the import rule, the compose file and the Dockerfile
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	@$(BIN)/hadolint Dockerfile

.PHONY: bench
bench: .venv/.dev ## measure against the peers, side by side
	@$(BIN)/python -m bench

.PHONY: docs
docs: .venv/.dev ## write the generated pages of docs/ anew
	@$(BIN)/python -m docs.generate

.PHONY: lock
lock: .venv/.uv ## resolve requirements/*.in into the locks
	@set -e; for name in bootstrap runtime otel dev; do $(BIN)/uv pip compile -q --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
	  requirements/$$name.in -o requirements/$$name.txt; done

$(JUDGES): tests/validators/package-lock.json
	@command -v npm >/dev/null || { echo "npm is needed (Debian: nodejs and npm)"; exit 1; }
	@cd tests/validators && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.venv/.uv: requirements/bootstrap.txt
	@$(PYTHON) -m venv .venv || { echo "$(PYTHON) with its venv module is needed (Debian: python3.11-venv)"; exit 1; }
	@$(if $(PIP),,$(BIN)/pip -q --disable-pip-version-check install --require-hashes -r requirements/bootstrap.txt)
	@touch $@

INSTALL = $(if $(PIP),$(BIN)/pip -q --disable-pip-version-check install,$(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode)

.venv/.runtime: .venv/.uv requirements/runtime.txt pyproject.toml
	@$(INSTALL) --require-hashes -r requirements/runtime.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.otel: .venv/.runtime requirements/otel.txt
	@$(INSTALL) --require-hashes -r requirements/otel.txt
	@touch $@

.venv/.dev: .venv/.runtime requirements/dev.txt
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@
