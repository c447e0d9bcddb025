# `make run` and `make test` are all a newcomer needs; both set the virtual environment up first.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV := .venv
FLOWER := .venv-flower
LLM := .venv-llm
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Extra arguments: make run ARGS="--questions 30", make test ARGS="-k cascade"
ARGS ?=
# Seconds of random histories in `make fuzz`.
BUDGET ?= 900

.PHONY: help run test test-revm test-flower test-llm lint bench fuzz season attacks values coop swarm soak anvil clients gas clean

help:
	@echo "make run     deploy to an embedded chain, run real forecasts through it, audit every wei"
	@echo "make test    the test suite (uses anvil when it is installed: make anvil)"
	@echo "make lint    ruff and mypy"
	@echo "make bench   gas beside the peers' figures, speed and memory beside well-kept libraries"
	@echo "make fuzz    long random histories and mutants, BUDGET=$(BUDGET) seconds"
	@echo "make season  the run over 1,500 questions that docs/season.md shows"
	@echo "make attacks every attack on every mechanism, and docs/attacks.md from it; goes on where it was stopped"
	@echo "make values  the studies of values, of learning under them and of lies about them, and the pages that show them"
	@echo "make coop    the studies of bargaining, and the page that shows them"
	@echo "make test-revm  the suite once more, on the fast chain"
	@echo "make test-flower  what needs Flower and Ray, in an environment of its own ($(FLOWER))"
	@echo "make test-llm  what asks a real local model, in an environment of its own ($(LLM)); it compiles for minutes"
	@echo "make gas     rewrite the gas snapshot"
	@echo "make swarm   a market of more than twenty processes on this machine: watch it, kill some, Ctrl-C to finish"
	@echo "make soak    the same on three chains with everybody killed at random, again and again; then every wei audited"
	@echo "make anvil   install the anvil node for the tests that use one (needs npm)"
	@echo "make clients install anvil, and cast and ethers, which the tests of our node speak to it with (needs npm)"

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $(READY)

run: $(READY)
	$(BIN)/headwater run $(ARGS)

# Four at a time on two cores: the longest tests wait for blocks and windows of seconds, and take little of a core.
test: $(READY)
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder -m "not slow" $(ARGS)

test-revm: $(READY)
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow and not anvil and not integration" --chain revm $(ARGS)

# Flower wants older versions of some packages than the rest: its lock stands in the other one's place.
$(FLOWER)/.ready: requirements-flower.lock pyproject.toml
	$(PYTHON) -m venv $(FLOWER)
	$(FLOWER)/bin/pip install --quiet --disable-pip-version-check -r requirements-flower.lock
	$(FLOWER)/bin/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $(FLOWER)/.ready

test-flower: $(FLOWER)/.ready
	$(FLOWER)/bin/pytest tests/integration/test_flower.py tests/unit/agents/test_campaign_ray.py $(ARGS)

# llama-cpp-python is compiled from source.
$(LLM)/.ready: requirements-llm.lock pyproject.toml
	$(PYTHON) -m venv $(LLM)
	$(LLM)/bin/pip install --quiet --disable-pip-version-check -r requirements-llm.lock
	$(LLM)/bin/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $(LLM)/.ready

test-llm: $(LLM)/.ready
	$(LLM)/bin/pytest tests/integration/test_llm_local.py $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python -m bench $(ARGS)

fuzz: $(READY)
	$(BIN)/python tests/stateful/fuzz.py --chain revm --budget $(BUDGET) $(ARGS)

season: $(READY)
	$(BIN)/python docs/season.py $(ARGS)

swarm: $(READY)
	$(BIN)/headwater swarm $(ARGS)

soak: $(READY)
	$(BIN)/python -m headwater_agents.swarm.soak $(ARGS)

values: $(READY)
	$(BIN)/python docs/values.py
	$(BIN)/python docs/learning.py
	$(BIN)/python docs/lies.py
	$(BIN)/python docs/accord.py

coop: $(READY)
	$(BIN)/python docs/coop.py $(ARGS)

attacks: $(READY)
	$(BIN)/python docs/attacks.py $(ARGS)

gas: $(READY)
	$(BIN)/python -m bench.gas --write
	PYTHONPATH=. $(BIN)/python docs/gas.py

anvil:
	npm install --no-save --no-audit --no-fund @foundry-rs/anvil@1.7.1

clients:
	npm install --no-save --no-audit --no-fund @foundry-rs/anvil@1.7.1 @foundry-rs/cast@1.7.1 ethers@6.17.0
	npm ci --no-audit --no-fund --prefix docs/javascript-bot

clean:
	rm -rf $(VENV) $(FLOWER) $(LLM) .pytest_cache .mypy_cache .ruff_cache .hypothesis node_modules
