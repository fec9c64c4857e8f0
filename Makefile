# Two commands do everything on a fresh machine: `make prove` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RESULTS := results
JOBS    ?= auto
ROOMS   := $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard tests/*/test_*.py)))))
PYTEST  = PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n $(JOBS)

.DEFAULT_GOAL := help
.PHONY: help prove doctor fast test lint docs evidence clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The light environment: the command alone, no frameworks. A stamp file each, so that a second make costs nothing.
$(VENV)/.light: pyproject.toml
	@echo "── making $(VENV) with gpusetup and its six small dependencies (about 10 s, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.tools: $(VENV)/.light
	@echo "── adding the tools of development (about 30 s, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[tools]'
	@touch $@

$(VENV)/.full: $(VENV)/.tools
	@echo "── adding PyTorch, TensorFlow and JAX (1 to 5 min and about 2 GB, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# What the wheel carries compiled: without it a command parses tables and templates anew, and starts three times as slow.
$(VENV)/.compiled: $(VENV)/.light $(wildcard gpusetup/facts/*.toml) $(shell find recipes containers -name '*.j2')
	@$(BIN)/python -c 'from gpusetup.facts import cache; from gpusetup.render import template_cache; cache.write(); template_cache.write()'
	@touch $@

doctor: $(VENV)/.light ## Diagnose this machine's GPU stack; needs no framework (about 10 s the first time)
	@$(BIN)/gpusetup doctor

# A plan ends with 4 where there is no recipe for this host, or no stack for its card, and says what is possible: that is an
# answer about the plan, and whether the frameworks compute correctly is proven all the same.
REFUSED := 4

prove: $(VENV)/.full ## The main job: doctor, plan and quick self-test in both frameworks, saved in results/ (about 1 min after set-up)
	@echo "── diagnosing, planning and proving this machine (about 1 minute)"; mkdir -p $(RESULTS); failed=0; \
	echo "── what is wrong with it (saved: $(RESULTS)/machine.json)"; \
	$(BIN)/gpusetup detect --output $(RESULTS)/machine.json && \
	$(BIN)/gpusetup doctor --machine $(RESULTS)/machine.json || failed=$$?; \
	echo; echo "── the stack that fits it (saved, if there is one: $(RESULTS)/stack.json)"; \
	$(BIN)/gpusetup plan --machine $(RESULTS)/machine.json --output $(RESULTS)/stack.json || \
	{ code=$$?; test $$code = $(REFUSED) || failed=$$code; }; \
	echo; echo "── proving both frameworks (saved: $(RESULTS)/proof.json)"; \
	$(BIN)/gpusetup selftest --quick --save $(RESULTS)/proof.json || failed=$$?; \
	exit $$failed

fast: $(VENV)/.tools $(VENV)/.compiled ## Only the pure tests: no framework, root, network or shell; the loop to work in (about 1 min on two cores)
	@GPUSETUP_TESTS_SHARE=$${GPUSETUP_TESTS_SHARE:-0.2} $(PYTEST) --durations 5 --ignore tests/lab --ignore tests/shims --ignore tests/gpu $(PYTEST_ARGS) \
	  -m 'not (command or frameworks or root or slow)'

# The lab mounts this tree below an overlay, under which nothing may appear while it runs: so bytecode is written before.
.PHONY: bytecode
bytecode: $(VENV)/.light
	@$(BIN)/python -m compileall -q gpusetup checks

test: $(VENV)/.full $(VENV)/.compiled bytecode ## Set up and run all tests (about 16 min on two cores); one whose tool is missing is skipped with the reason
	@$(PYTEST) $(PYTEST_ARGS)

test-%: $(VENV)/.full $(VENV)/.compiled bytecode ## The tests of one room, as in `make test-doctor` (the rooms are the folders of tests/)
	@test -d tests/$* || { echo "there is no tests/$*; the rooms are: $(ROOMS)" >&2; exit 2; }
	@$(PYTEST) tests/$* $(PYTEST_ARGS)

lint: $(VENV)/.tools ## ruff, mypy (strict), the arrows between the rooms, and no distribution in the engine
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports --no-logo && \
		$(BIN)/python -m tools.distribution_names && $(BIN)/mypy

$(VENV)/.docs: $(VENV)/.light
	@echo "── adding the tools of the documentation (about 20 s, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

docs: $(VENV)/.docs ## The documentation site, with its links checked: build/site
	@$(BIN)/python -m tools.rule_pages
	@$(BIN)/python -m tools.matrix_page
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "written: build/site/index.html"

# The lab's samples are whole in its own benchmarks.
evidence: $(VENV)/.full ## The long campaigns: benchmarks and whole matrices, with their figures; every sample of the tests, whole
	@failed=0; for script in benchmarks/*.py; do echo "── $$script"; $(BIN)/python $$script || failed=1; done; \
	echo "── what the tests sample, whole"; GPUSETUP_TESTS_ALL=1 $(PYTEST) --ignore tests/lab $(PYTEST_ARGS) || failed=1; \
	exit $$failed

clean: ## Remove what was made (not results/)
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/.built
