# Muster's commands. `make help` lists them. Each command sets up the environment first, if it needs it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run events deploy destroy smoke replay test chaos bench check format lock proto openapi clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH_PARTS := growth memory cold_start hot_spots
# Quotes a line of text for the shell, so that commands report what is wrong with it, not the shell.
quote = '$(subst ','\'',$1)'
# Returns a flag with the value of a variable, unless that is empty.
option = $(if $($1),$2=$(call quote,$($1)))
# Returns a flag if a variable is 1. Other values are errors, so that a value such as "no" does not set the flag.
switch = $(if $(filter-out 1,$($1)),$(error muster: $1=$($1) is not valid: set $1=1 or leave it out))$(if $($1),$2)
# The flags of deploy and of destroy.
deployment = $(call option,PROJECT,--project) $(call option,REGION,--region) $(call option,DOMAIN,--domain) \
	$(call option,STATE,--state-bucket) $(call switch,YES,--yes)
export PYTHONPATH := $(CURDIR)
# Bytecode is cached, because the stack starts ten processes and a test run hundreds, which would each compile again.
unexport PYTHONDONTWRITEBYTECODE

help: ## Show this list
	@if [ -t 1 ]; then on=$$'\e[36m' off=$$'\e[0m'; fi; awk -v on="$$on" -v off="$$off" \
		'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %smake %-8s%s %s\n", on, $$1, off, $$2}' $(MAKEFILE_LIST)

# The environment is rebuilt if a lock file changes. Only one make at a time sets it up. If Python is too old or has no
# venv, the error is one line, not a traceback. Ctrl-C is no error: the traps end a step without its advice, and
# `import infra` ends venv without a traceback.
$(READY): requirements.txt requirements-dev.txt
	@command -v $(PYTHON) >/dev/null || { echo "muster: no $(PYTHON) here: install Python 3.11 or newer, or name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "muster: $$($(PYTHON) --version) is too old: Python 3.11 or newer is needed, try make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
ifndef ALONE
	+@$(PYTHON) -m infra.alone $(VENV).lock $(MAKE) --silent --no-print-directory ALONE=1 $(READY)
else
	@echo "Setting up $(VENV) (once; about a minute)..."
	@rm -rf $(VENV)
	@trap 'exit 130' INT; $(PYTHON) -c 'import infra, runpy; runpy.run_module("venv", run_name="__main__")' $(VENV) \
		|| { echo "muster: $(PYTHON) cannot make a virtual environment: install its venv package (on Debian and Ubuntu: python3-venv)" >&2; exit 1; }
	@awk '/^uv==/ {p = 1; print; next} p && /^ +--hash/ {print; next} {p = 0}' requirements-dev.txt > $(VENV)/uv.txt
	@trap 'exit 130' INT; $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt \
		&& VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes --compile-bytecode -r requirements-dev.txt \
		|| { echo "muster: packages cannot be installed: see above, and check that the package index can be reached" >&2; exit 1; }
	@touch $(READY)
endif

run: $(READY) ## Serve the local stack on http://127.0.0.1:8080 (PORT=..., DATA=dir keeps the data)
	@exec $(BIN)/python -m infra.local $(call option,PORT,--port) $(call option,DATA,--data)

events: $(READY) ## Show inventory events of the running stack as they happen (JSON=1: one JSON object per line)
	@exec $(BIN)/python -m infra.events $(call switch,JSON,--json)

replay: $(READY) ## Deliver events again: SUBSCRIPTION=pool-cleanup SINCE=30m (PROJECT=... on Google Cloud)
	@exec $(BIN)/python -m infra.replay $(call quote,$(SUBSCRIPTION)) --since=$(call quote,$(SINCE)) $(call option,PROJECT,--project)

deploy: $(READY) ## Deploy to Google Cloud: PROJECT=... REGION=... DOMAIN=... (STATE=bucket for Terraform's state, YES=1 does not ask)
	@exec $(BIN)/python -m infra.deploy apply $(deployment)

destroy: $(READY) ## Remove a deployment, but keep its data: PROJECT=... REGION=... DOMAIN=... (STATE=, YES=1 as for deploy)
	@exec $(BIN)/python -m infra.deploy destroy $(deployment)

# The key stays in the environment, because everybody on the machine can see the arguments of processes.
smoke: $(READY) ## Test a deployment or the local stack: KEY=... make smoke URL=...
	@exec $(BIN)/python -m infra.smoke $(call quote,$(URL))

test: $(READY) ## Run all tests
	@$(BIN)/python -m pytest

chaos: $(READY) ## Kill processes under load, then check all data and events (SECONDS=300, SEED=..., KEEP=folder)
	@exec $(BIN)/python -m tests.chaos $(call option,SECONDS,--seconds) $(foreach seed,$(SEED),--seed=$(call quote,$(seed))) $(call option,KEEP,--keep)

bench: $(READY) ## Compare each call with the least time that its RPCs need (ONLY=registration, PART=growth, memory, cold_start or hot_spots)
	@$(if $(filter-out $(BENCH_PARTS),$(PART)),echo $(call quote,muster: make bench has no part $(PART): PART= takes $(BENCH_PARTS)) >&2; exit 1)
	@exec $(BIN)/python -m tests.bench$(if $(PART),.$(PART)) $(foreach name,$(ONLY),--only=$(call quote,$(name)))

check: $(READY) ## Check style, types, imports and protocol buffers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/buf lint
	@$(BIN)/buf breaking --against proto/released.binpb

format: $(READY) ## Format the code and fix what ruff can fix
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

proto: $(READY) ## Generate the protocol buffer code from proto/
	@$(BIN)/python -m infra.codegen

openapi: $(READY) ## Generate the OpenAPI document and its page from the functions' operations
	@$(BIN)/python -m infra.openapi

lock: $(READY) ## Pin the newest versions of the packages in requirements*.in
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header requirements.in -o requirements.txt
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header requirements-dev.in -o requirements-dev.txt

clean: ## Remove the environment, the state in .local and .local-*, and all caches
	@for state in .local .local-* $(call quote,$(MUSTER_STATE)); do \
		! $(PYTHON) -c 'import json, os, sys; os.kill(json.load(open(sys.argv[1]))["pids"]["stack"], 0)' "$$state/stack.json" 2>/dev/null \
		|| { echo "muster: a stack runs with its state in $$state: stop it first" >&2; exit 1; }; done
	@rm -rf $(VENV) .local .local-* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .schemathesis
	@find . -name __pycache__ -prune -exec rm -rf {} +
