# Everything there is to know: make run, make test, make check, make bench, make fuzz.

PYTHON ?= python3
BIN := .venv/bin
UI := web/ui
UI_SOURCES := $(shell find $(UI) -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -path '*/generated/*')

# The tests start the server a hundred times, and each of those would compile all of it again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test walk check bench fuzz docs clean

help:
	@echo "make run    install what is missing, then serve the demonstration on http://127.0.0.1:8080"
	@echo "make test   install what the tests need, then run all of them"
	@echo "make walk   the whole guide by mouse, keyboard and touch, in Danish and in English"
	@echo "make check  lint, formatting, types, import contracts, generated documents"
	@echo "make bench  measure, beside peers, and print the table"
	@echo "make fuzz   SECONDS=300 of fuzzing at the media node's port, guided by coverage"

# The environment is made anew only when what it is made of has changed, or the relay, which is compiled into it.
COMPILED := $(shell sed -n 's|^    "\([a-z_]*\)",$$|media/\1.py|p' setup.py)

.venv/installed: pyproject.toml constraints.txt setup.py $(COMPILED)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/installed-test: .venv/installed
	$(BIN)/pip install --quiet --constraint constraints.txt --group test
	touch $@

# Node from the machine where it is 20 or newer, else from PyPI.
$(UI)/dist/index.html: $(UI_SOURCES) signaling/messages.py web/schemas.py .venv/installed
	tools/build-ui

run: .venv/installed $(UI)/dist/index.html
	@VENTERUM_DEMO=$${VENTERUM_DEMO:-true} exec $(BIN)/venterum serve

check: .venv/installed-test $(UI)/dist/index.html
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m web.documents --check
	tools/with-node npm --prefix $(UI) run --silent check

# An identity provider that nobody here wrote, for the tests of the login.
tests/identity/node_modules/.package-lock.json: tests/identity/package-lock.json .venv/installed-test
	tools/with-node npm --prefix tests/identity ci --silent --no-audit --no-fund

# A browser's real-time threads can spin in the kernel as they reap a child, and starve whoever would end that: they get no such priority.
MODEST := $(if $(filter 0,$(shell id -u)),setpriv --bounding-set=-sys_nice)

# Two at a time, but for those that need the machine to themselves.
test: check tests/identity/node_modules/.package-lock.json
	tools/install-test-services
	$(MODEST) $(BIN)/pytest -m 'not alone and not longer' --numprocesses 2 --dist worksteal
	$(MODEST) $(BIN)/pytest -m 'alone and not longer'

# The guide by every hand in both languages.
walk: .venv/installed-test $(UI)/dist/index.html
	tools/install-test-services
	$(MODEST) $(BIN)/pytest tests/e2e/test_walk.py

bench: .venv/installed-test $(UI)/dist/index.html
	-tools/install-test-services janus libsrtp2-dev gcc iproute2
	$(BIN)/python -m benchmarks

# Goes on from what earlier runs found; an input that disturbs a call is kept in var/fuzz as crash-….
SECONDS ?= 300
fuzz: .venv/installed-test
	$(BIN)/pip install --quiet --constraint constraints.txt --group fuzz
	@mkdir -p var/fuzz/corpus
	$(BIN)/python -m tests.media.fuzz -max_total_time=$(SECONDS) -artifact_prefix=var/fuzz/ var/fuzz/corpus

docs: .venv/installed
	$(BIN)/python -m web.documents

clean:
	rm -rf .venv build media/*.so $(UI)/node_modules $(UI)/dist $(UI)/src/generated
