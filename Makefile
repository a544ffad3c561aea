# The only commands anyone needs; `make` alone lists them. Logic lives in Python.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
LOCKED := $(VENV)/.locked
INSTALLED := $(VENV)/.installed

# Which data: ml-100k (fetched once), synthetic (generated), or a folder in a layout of docs/data.md.
DATA ?= ml-100k
# How candidates are searched: bruteforce, or scann for very large catalogues.
INDEX ?=
RELEASES ?= serving_models
# Which model to train: default, or a notebook's: multitask, retrieval, mf, content.
MODEL ?= default
PORT ?= 50051
MODEL_SERVER_PORT ?= 8500
# Where to deploy to: local, compose or kubernetes, there with OVERLAY=staging or production; and the local one's folder.
PLATFORM ?= local
OVERLAY ?=
DEPLOYED ?= .deployed
# Two people of the data, how much the first one's taste counts, and watch or like.
FIRST ?= 196
SECOND ?= 186
FIRST_WEIGHT ?= 0.5
OBJECTIVE ?= watch
# Whose lists to make ahead, a CSV or Parquet file of first,second[,first_weight]; and the job's own folder for them.
PAIRS ?=
OUTPUT ?= precomputed
# Whom to forget; the USER that shells set is whoever is logged in.
FORGET = $(if $(filter command,$(origin USER)),$(USER))
# How to split and what to measure: p1, folds, time, item-stratified, pairs, guests, or all of them.
PROTOCOL ?= p1

# Where a gateway is asked what is served.
GATEWAY = $(or $(PAIRREC_ADDRESS),localhost:$(PORT))

# One word for the shell, whatever is in it.
quote = '$(subst ','\'',$(1))'
# A folder is used as it is; a name is found or fetched.
IS_FOLDER = $(findstring /,$(DATA))$(wildcard $(subst $() ,\ ,$(DATA))/.)
TRAIN_ON = $(if $(IS_FOLDER),--data,--dataset) $(call quote,$(DATA))
TRAIN = $(BIN)/python -m trainer $(TRAIN_ON) --output $(call quote,$(RELEASES)) --model $(call quote,$(MODEL)) \
	$(if $(INDEX),--index $(call quote,$(INDEX)))
SERVE = $(BIN)/python -m server.serve --releases $(call quote,$(RELEASES))
DEPLOYMENT = --platform $(call quote,$(PLATFORM)) --folder $(call quote,$(DEPLOYED)) \
	$(if $(OVERLAY),--overlay $(call quote,$(OVERLAY)))
PAIR = $(BIN)/pairrec pair --first $(call quote,$(FIRST)) --second $(call quote,$(SECOND)) \
	--first-weight $(call quote,$(FIRST_WEIGHT)) --objective $(call quote,$(OBJECTIVE))

.DEFAULT_GOAL := help
.PHONY: help setup demo train serve deploy status stop recommend precompute evaluate baselines forget test soak bench check lint types proto proto-check lock lock-images clean conformance

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: $(INSTALLED) ## install everything into .venv (needs Python 3.11)

$(LOCKED): requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) not found; install Python 3.11 or say make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test ! -L $(VENV) || { echo "make: $(VENV) is a link; installing would empty what it points to: remove the link" >&2; exit 1; }
	@echo "Installing into $(VENV): TensorFlow among others, about 1 GB to download the first time ..."
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@touch $@

$(INSTALLED): $(LOCKED) pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(INSTALLED) ## from nothing to a list for two: data, train, serve, ask, print (DATA=synthetic downloads nothing)
	$(TRAIN)
	$(SERVE) --port 0 --model_server_port 0 -- $(PAIR)

train: $(INSTALLED) ## train on DATA and export a release to RELEASES
	$(TRAIN)

serve: $(INSTALLED) ## serve the newest release until Ctrl-C (PORT, MODEL_SERVER_PORT, TF_SERVING_TARGET)
	$(SERVE) --port $(call quote,$(PORT)) --model_server_port $(call quote,$(MODEL_SERVER_PORT))

deploy: $(INSTALLED) ## serve for good: PLATFORM=local, compose, or kubernetes with OVERLAY=staging (PORT, RELEASES)
	@$(BIN)/python -m server.deploy deploy $(DEPLOYMENT) --releases $(call quote,$(RELEASES)) \
		--port $(call quote,$(PORT)) --model_server_port $(call quote,$(MODEL_SERVER_PORT))

status: $(INSTALLED) ## say how what is deployed is (PLATFORM)
	@$(BIN)/python -m server.deploy status $(DEPLOYMENT)

stop: $(INSTALLED) ## end what is deployed, and leave nothing of it (PLATFORM)
	@$(BIN)/python -m server.deploy stop $(DEPLOYMENT)

recommend: $(INSTALLED) ## ask what is served for a pair: FIRST=196 SECOND=186 FIRST_WEIGHT=0.7 OBJECTIVE=like
	@$(PAIR) --address localhost:$(call quote,$(PORT))

.PHONY: release rollback releases
# MARGIN, FORCE and VERSION are said to make: one in the environment may be someone else's, and stops it.
said = $(if $($(1)),$(if $(findstring environment,$(origin $(1))),$(error $(1)=$($(1)) is in the environment, where \
	it does not count: unset it, or say make $@ $(1)=...),$($(1))))
forced = $(if $(call said,FORCE),$(if $(filter-out 1,$(FORCE))$(word 2,$(FORCE)),$(error FORCE=$(FORCE) is neither \
	1 nor empty: say FORCE=1, or leave it out),--force))
RELEASE_FLAGS = --releases $(call quote,$(RELEASES)) --address $(call quote,$(GATEWAY))

release: $(INSTALLED) ## train, compare with what is served, publish, wait until it is served (MARGIN=0.02, FORCE=1, INDEX)
	$(TRAIN) --release --address $(call quote,$(GATEWAY)) $(if $(call said,MARGIN),--margin $(call quote,$(MARGIN))) $(forced)

rollback: $(INSTALLED) ## pin the next older release than the served one, VERSION=7, or VERSION=newest for none
	@$(BIN)/python -m trainer.rollback $(if $(call said,VERSION),--to $(call quote,$(VERSION))) $(RELEASE_FLAGS)

releases: $(INSTALLED) ## list the releases: age, metrics, which one is served, and why another is not
	@$(BIN)/python -m trainer.releases $(RELEASE_FLAGS)

precompute: $(INSTALLED) ## make the lists of many pairs ahead: PAIRS=pairs.csv OUTPUT=folder OBJECTIVE=like
	$(BIN)/python -m server.jobs.precompute --pairs $(call quote,$(PAIRS)) --output $(call quote,$(OUTPUT)) \
		--releases $(call quote,$(RELEASES)) --objective $(call quote,$(OBJECTIVE))

evaluate: $(INSTALLED) ## measure exported models on MovieLens-100K or DATA=folder (PROTOCOL=all for most protocols)
	$(BIN)/python -m trainer.evaluate $(if $(IS_FOLDER),$(TRAIN_ON)) --protocol $(PROTOCOL)

baselines: $(INSTALLED) ## the notebooks' models beside the default, EASE and popularity, on one split (DATA=folder)
	$(BIN)/python -m trainer.evaluate $(if $(IS_FOLDER),$(TRAIN_ON)) --protocol baselines

forget: $(INSTALLED) ## remove a person from every release, and from what is trained from now on: USER=196
	@$(BIN)/python -m trainer.forget --user $(call quote,$(FORGET)) --releases $(call quote,$(RELEASES))

test: $(INSTALLED) ## run all tests, those of a file in one of up to 4 processes
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

soak: $(INSTALLED) ## some minutes of hostile requests, outages, silent connections, and 50 releases under load
	$(BIN)/python -m tests.soak

bench: $(INSTALLED) ## measure speed beside floors of the same run, in 7 minutes (RELEASES, TF_SERVING_TARGET)
	$(BIN)/python -m bench.serving --releases $(call quote,$(RELEASES)) \
		$(if $(TF_SERVING_TARGET),--target $(call quote,$(TF_SERVING_TARGET))) --plot docs/latency_against_load.png

check: lint types proto-check test ## what CI runs: lint, types, generated code, tests

lint: $(INSTALLED) ## check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED) ## check types
	$(BIN)/mypy

proto: $(INSTALLED) ## generate the stubs beside the .proto files
	$(BIN)/python proto/generate.py

proto-check: $(INSTALLED) ## lint the contract, compare it with its stubs and with origin/main's
	$(BIN)/buf lint proto
	$(BIN)/python proto/generate.py --check
	$(BIN)/python proto/breaking.py

LOCK = $(BIN)/uv pip compile --generate-hashes --no-header --no-emit-index-url \
	--python-version 3.11 --python-platform x86_64-manylinux_2_28 --quiet
LOCK_IMAGE = $(LOCK) --no-annotate --constraint requirements.lock -o deploy/images

lock: $(INSTALLED) ## lock the newest versions that pyproject.toml allows
	$(LOCK) pyproject.toml --all-extras --upgrade -o requirements.lock
	@$(MAKE) --no-print-directory lock-images

lock-images: $(INSTALLED) ## of these, lock what each image holds; the gateway's has TensorFlow's messages alone
	$(LOCK_IMAGE)/trainer.lock pyproject.toml --extra train --extra gateway
	$(LOCK_IMAGE)/jobs.lock pyproject.toml --extra jobs --extra gateway --extra embedded
	echo tensorflow | $(LOCK_IMAGE)/gateway.lock pyproject.toml --extra gateway --excludes -
	echo tensorflow | $(LOCK_IMAGE)/tensorflow.lock - --no-deps

conformance: $(INSTALLED) ## hold a model server to the contract: TARGET=host:port MODELS=folder it sees too, or the stand-in
	$(BIN)/python -m pytest tests/conformance $(if $(TARGET),--target $(call quote,$(TARGET))) \
		$(if $(MODELS),--models $(call quote,$(MODELS)))

clean: ## remove the environment and caches; releases stay
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
