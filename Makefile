# Each target sets up what it needs. Settings are environment variables or make variables: make serve PORT=9000

PYTHON ?= python3
VENV := .venv
# Tools are run as modules: the scripts beside Python name the directory that they were installed in.
BIN := $(VENV)/bin
READY := $(VENV)/.ready
COMPILED := artifacts/core/__pycache__/.compiled
# A process a CPU, each with a run of neighbouring tests, so that what a module sets up is set up once or twice.
PYTEST := $(BIN)/python -m pytest -n auto --dist worksteal
LIMIT ?= 10
MINUTES ?= 30

TRAINING = $(if $(DATA),--data "$(DATA)") $(if $(CONFIG),--config "$(CONFIG)")

.DEFAULT_GOAL := help
.PHONY: help port setup run serve train picks evaluate tune bench test test-slow check format lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(COMPILED) ## set up the virtual environment in .venv

$(READY): requirements.lock
	@$(PYTHON) tools/set_up.py $(VENV)
	@touch $@

# What answers, as machine code: again when its sources change.
$(COMPILED): $(READY) $(wildcard artifacts/core/*.py artifacts/core/steps/*.py)
	@echo "compiling what answers: half a minute, once"
	@$(BIN)/python -m artifacts compile
	@touch $@

# Before anything is set up or trained: is the port free?
port:
	@$(or $(wildcard $(BIN)/python),$(PYTHON)) -m service.port make $(or $(filter run serve,$(MAKECMDGOALS)),run)

run: port $(COMPILED) ## train on the sample shop if nothing is published yet, then serve on PORT (8000)
	@$(BIN)/python -m artifacts verify >/dev/null 2>&1 || $(BIN)/python -m training train
	@$(BIN)/python -m service.port make run
	@$(BIN)/python -m gunicorn -c service/gunicorn.conf.py service.wsgi:app

serve: port $(COMPILED) ## serve the published version
	@$(BIN)/python -m gunicorn -c service/gunicorn.conf.py service.wsgi:app

train: $(COMPILED) ## train on DATA=path-or-URL with CONFIG=file.toml and publish (the sample shop without DATA)
	@$(BIN)/python -m training train $(TRAINING) $(if $(FORCE),--force "$(FORCE)")

picks: $(COMPILED) ## write picks to OUT=picks.ndjson (.csv, .parquet), LIMIT=10 each, for USERS=file or every known user
	@$(BIN)/python -m training picks --out "$(or $(OUT),picks.ndjson)" --limit "$(LIMIT)" \
		$(if $(USERS),--users "$(USERS)") $(if $(REPEAT),--repeat "$(REPEAT)") $(if $(REASON),--reason) \
		$(if $(EXCEL),--excel $(if $(filter comma,$(EXCEL)),comma,semicolon))

evaluate: $(COMPILED) ## evaluate the published recipe and its baselines, with an HTML report
	@$(BIN)/python -m training evaluate $(TRAINING)

tune: $(COMPILED) ## search hyper-parameters for MINUTES=30 and write the configuration found to OUT=tuned.toml
	@$(BIN)/python -m training tune $(TRAINING) --out "$(or $(OUT),tuned.toml)" --minutes "$(MINUTES)"

bench: $(COMPILED) ## measure speed and memory against floors and peers, S being DATA with CONFIG, into benchmarks/results/
	@$(BIN)/python -m benchmarks $(TRAINING)

test: $(COMPILED) ## run the tests, with FAST=1 those alone that start no process, database or service
	$(PYTEST) -m "not slow$(if $(FAST), and not integration)" $(if $(FAST),--hypothesis-profile fast)

test-slow: $(COMPILED) ## run the tests that take long and rarely fail
	$(PYTEST) -m slow

check: $(COMPILED) ## formatter, linter, types, import layers, repeated lines, tests with their coverage: the one gate
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy
	$(BIN)/python $(BIN)/lint-imports
	$(BIN)/python -m pylint artifacts training service
	$(PYTEST) -m "not slow" --cov --cov-report=term

format: $(READY) ## format the code and fix what the linter can
	$(BIN)/python -m ruff format .
	$(BIN)/python -m ruff check --fix .

lock: $(READY) ## resolve pyproject.toml's dependencies anew into requirements.lock
	$(BIN)/python -m uv pip compile pyproject.toml --extra train --extra compile --extra dev --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --no-header --no-annotate --quiet -o requirements.lock
