# make setup    a virtual environment in .venv with everything, after the system's packages that it lacks (apt-get)
# make demo     ingest the sample corpus and ask it six questions
# make serve    the HTTP API on http://127.0.0.1:8080
# make dev-server   server mode on this machine: private PostgreSQL and Redis, a first key (QDRANT_URL: your Qdrant)
# make light    the wheel installed with nothing more than it needs, its size, and a question asked offline
# make test     the tests              make check   style, types, architecture, what is in deploy/
# make chaos    what is killed, stopped and cut off in full size; SEED=… repeats a run
# make test-llm  Footnote before a real language model of 240 MB, which is installed for it; never judges what it says
# make eval     the golden set asked, measured, told as a page and held against its baseline; RUN=… its folder
# make bench    speed, memory and retrieval quality, beside baselines

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUN ?= eval-runs/golden-$(shell date +%Y%m%d-%H%M%S)
# What generates clients from the API's description, for their test.
CLIENTS := $(wildcard tests/clients/*/requirements.txt tests/clients/*/package*.json) tests/clients/install.sh
EXTRAS ?= models,server,eval,judge,tracing,tune,ocr,outlook,office,dev

.DEFAULT_GOAL := help
.PHONY: help setup install models demo serve dev-server light test test-llm chaos check eval bench constraints clean

help:
	@sed -n 's/^# //p' Makefile

setup: install models

install: $(VENV)/.installed

# Installed anew only when what is to be installed has changed.
$(VENV)/.installed: pyproject.toml constraints.txt $(CLIENTS)
	PYTHON=$(PYTHON) sh deploy/install-system.sh
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Footnote needs Python 3.11 or newer: make setup PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS)]'
	PYTHON=$(PYTHON) sh tests/clients/install.sh $(VENV)/clients
	touch $@

# In the user's cache folder: the default model is copied there, another one compiled for this machine.
models: install
	$(BIN)/footnote models compile

demo: setup
	PATH="$(abspath $(BIN)):$$PATH" sh deploy/demo/run.sh

serve: setup
	$(BIN)/footnote serve

dev-server: setup
	@$(BIN)/python deploy/dev_server.py

light:
	PYTHON=$(PYTHON) sh deploy/light.sh

# A process a core; a file's tests stay together, as they share what is set up for them.
test: setup
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile

chaos: setup
	CHAOS_SEED=$(SEED) $(BIN)/python -m pytest tests/durability -m chaos --durations=0

test-llm: setup $(VENV)/llm/.installed
	$(BIN)/python -m pytest tests/llm -m llm --durations=0

# In an environment of its own: the product never needs it.
$(VENV)/llm/.installed: tests/llm/requirements.txt
	test -x $(VENV)/llm/bin/python || $(PYTHON) -m venv $(VENV)/llm
	$(VENV)/llm/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest --quiet tests/deploy

# JUDGE=--judge lets a language model judge as well (FOOTNOTE_JUDGE__URL, __MODEL, __API_KEY).
eval: RUN := $(RUN)
eval: setup
	$(BIN)/footnote eval run --out $(RUN) $(JUDGE)
	$(BIN)/footnote eval report $(RUN) --against eval/baselines/golden
	$(BIN)/footnote eval compare eval/baselines/golden $(RUN)

bench: setup
	$(BIN)/footnote eval bench

# After a change of dependencies: writes down what is installed now.
constraints: install
	{ sed -n '1p' constraints.txt; $(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu$$//'; \
	  sed -n '/^# Not installed/,$$p' constraints.txt; } > constraints.new && mv constraints.new constraints.txt

clean:
	rm -rf $(VENV) .demo build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
