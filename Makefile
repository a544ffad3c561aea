# The only commands anyone needs; `make` alone lists them. Logic lives in Python.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
LOCKED := $(VENV)/.locked
INSTALLED := $(VENV)/.installed

# Which data: ml-100k (fetched once), synthetic (generated), or a folder in MovieLens-100K's format.
DATA ?= ml-100k
RELEASES ?= serving_models
PORT ?= 50051
MODEL_SERVER_PORT ?= 8500
# Two people of the data, how much the first one's taste counts, and watch or like.
FIRST ?= 196
SECOND ?= 186
FIRST_WEIGHT ?= 0.5
OBJECTIVE ?= watch

# A folder is used as it is; a name is found or fetched.
TRAIN_ON = $(if $(wildcard $(DATA)/.),--data $(DATA),--dataset $(DATA))
PAIR = --first $(FIRST) --second $(SECOND) --first-weight $(FIRST_WEIGHT) --objective $(OBJECTIVE)

.DEFAULT_GOAL := help
.PHONY: help setup demo train serve recommend evaluate test check lint types proto proto-check lock clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: $(INSTALLED) ## install everything into .venv (needs Python 3.11)

$(LOCKED): requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) not found; install Python 3.11 or say make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Installing into $(VENV): TensorFlow among others, about 1 GB to download the first time ..."
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@touch $@

$(INSTALLED): $(LOCKED) pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(INSTALLED) ## from nothing to a list for two: data, train, serve, ask, print (DATA=synthetic downloads nothing)
	$(BIN)/python -m trainer $(TRAIN_ON) --output $(RELEASES)
	$(BIN)/python -m server.serve --releases $(RELEASES) --port 0 --model_server_port 0 -- $(BIN)/pairrec pair $(PAIR)

train: $(INSTALLED) ## train on DATA and export a release to RELEASES
	$(BIN)/python -m trainer $(TRAIN_ON) --output $(RELEASES)

serve: $(INSTALLED) ## serve the newest release until Ctrl-C (PORT, MODEL_SERVER_PORT, TF_SERVING_TARGET)
	$(BIN)/python -m server.serve --releases $(RELEASES) --port $(PORT) --model_server_port $(MODEL_SERVER_PORT)

recommend: $(INSTALLED) ## ask what is served for a pair: FIRST=196 SECOND=186 FIRST_WEIGHT=0.7 OBJECTIVE=like
	@$(BIN)/pairrec pair --address localhost:$(PORT) $(PAIR)

evaluate: $(INSTALLED) ## measure the exported models on protocol P1 of MovieLens-100K
	$(BIN)/python -m trainer.evaluate

test: $(INSTALLED) ## run all tests
	$(BIN)/python -m pytest

check: lint types proto-check test ## what CI runs: lint, types, generated code, tests

lint: $(INSTALLED) ## check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED) ## check types
	$(BIN)/mypy

proto: $(INSTALLED) ## generate the stubs beside the .proto files
	$(BIN)/python proto/generate.py

proto-check: $(INSTALLED) ## lint the contract and compare the stubs with it
	$(BIN)/buf lint proto
	$(BIN)/python proto/generate.py --check

lock: $(INSTALLED) ## lock the newest versions that pyproject.toml allows
	$(BIN)/uv pip compile pyproject.toml --all-extras --generate-hashes --no-header --no-emit-index-url \
		--python-version 3.11 --python-platform x86_64-manylinux_2_28 --upgrade --quiet -o requirements.lock

clean: ## remove the environment and caches; releases stay
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
