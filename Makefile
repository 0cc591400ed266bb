# Each target sets up what it needs. Settings are environment variables or make variables: make serve PORT=9000

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LIMIT ?= 10
MINUTES ?= 30

TRAINING = $(if $(DATA),--data "$(DATA)") $(if $(CONFIG),--config "$(CONFIG)")

.DEFAULT_GOAL := help
.PHONY: help setup run serve train picks evaluate tune bench test test-slow check format lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## set up the virtual environment in .venv

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Aisle needs Python 3.11 or newer; set PYTHON=")'
	@echo "Setting up $(VENV) with the locked packages, about 1 GB: a few minutes, once"
	@$(PYTHON) -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null || { echo "training needs the OpenMP" \
		"runtime libgomp.so.1, which comes with gcc: install libgomp1 (Debian, Ubuntu) or libgomp (Fedora)"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

run: $(READY) ## train on the sample shop if nothing is published yet, then serve on PORT (8000)
	@$(BIN)/python -m artifacts verify >/dev/null 2>&1 || $(BIN)/python -m training train
	@$(BIN)/gunicorn -c service/gunicorn.conf.py service.wsgi:app

serve: $(READY) ## serve the published version
	@$(BIN)/gunicorn -c service/gunicorn.conf.py service.wsgi:app

train: $(READY) ## train on DATA=path-or-URL with CONFIG=file.toml and publish (the sample shop without DATA)
	@$(BIN)/python -m training train $(TRAINING) $(if $(FORCE),--force "$(FORCE)")

picks: $(READY) ## write picks to OUT=picks.ndjson (.csv, .parquet), LIMIT=10 each, for USERS=file or every known user
	@$(BIN)/python -m training picks --out "$(or $(OUT),picks.ndjson)" --limit "$(LIMIT)" \
		$(if $(USERS),--users "$(USERS)") $(if $(REPEAT),--repeat "$(REPEAT)") $(if $(REASON),--reason) \
		$(if $(EXCEL),--excel $(if $(filter comma,$(EXCEL)),comma,semicolon))

evaluate: $(READY) ## evaluate the published recipe and its baselines, with an HTML report
	@$(BIN)/python -m training evaluate $(TRAINING)

tune: $(READY) ## search hyper-parameters for MINUTES=30 and write the configuration found to OUT=tuned.toml
	@$(BIN)/python -m training tune $(TRAINING) --out "$(or $(OUT),tuned.toml)" --minutes "$(MINUTES)"

bench: $(READY) ## measure speed and memory against floors and peers, S being DATA with CONFIG, into benchmarks/results/
	@$(BIN)/python -m benchmarks $(TRAINING)

test: $(READY) ## run the tests
	$(BIN)/python -m pytest -m "not slow"

test-slow: $(READY) ## run the tests that take over a minute
	$(BIN)/python -m pytest -m slow

check: $(READY) ## formatter, linter, types, import layers, tests: the one gate
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -m "not slow"

format: $(READY) ## format the code and fix what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(READY) ## resolve pyproject.toml's dependencies anew into requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra train --extra dev --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --no-header --no-annotate --quiet -o requirements.lock
