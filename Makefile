# Two commands do everything on a fresh machine: `make prove` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RESULTS := results

.DEFAULT_GOAL := help
.PHONY: help prove doctor test lint docs evidence clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The light environment: the command alone, no frameworks. A stamp file each, so that a second make costs nothing.
$(VENV)/.light: pyproject.toml
	@echo "── making $(VENV) with gpusetup and its six small dependencies (about 10 s, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.full: $(VENV)/.light
	@echo "── adding PyTorch, TensorFlow and the tools of development (1 to 5 min and about 2 GB, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

doctor: $(VENV)/.light ## Diagnose this machine's GPU stack; needs no framework (about 10 s the first time)
	@$(BIN)/gpusetup doctor

prove: $(VENV)/.full ## The main job: doctor, plan and quick self-test in both frameworks, saved in results/ (about 1 min after set-up)
	@echo "── diagnosing, planning and proving this machine (about 1 minute)"; mkdir -p $(RESULTS); failed=0; \
	echo "── what is wrong with it (saved: $(RESULTS)/machine.json)"; \
	$(BIN)/gpusetup detect --output $(RESULTS)/machine.json && \
	$(BIN)/gpusetup doctor --machine $(RESULTS)/machine.json || failed=$$?; \
	echo; echo "── the stack that fits it (saved: $(RESULTS)/stack.json)"; \
	$(BIN)/gpusetup plan --machine $(RESULTS)/machine.json --output $(RESULTS)/stack.json || failed=$$?; \
	echo; echo "── proving both frameworks (saved: $(RESULTS)/proof.json)"; \
	$(BIN)/gpusetup selftest --quick --save $(RESULTS)/proof.json || failed=$$?; \
	exit $$failed

test: $(VENV)/.full ## Set up and run all tests (under 15 min on two cores)
	@echo "── running all tests (under 15 minutes on two cores; those whose tool is missing are skipped with the reason)"
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.full ## ruff and mypy, strict
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports --no-logo && $(BIN)/mypy

$(VENV)/.docs: $(VENV)/.light
	@echo "── adding the tools of the documentation (about 20 s, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

docs: $(VENV)/.docs ## The documentation site, with its links checked: build/site
	@$(BIN)/python -m tools.rule_pages
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "written: build/site/index.html"

evidence: $(VENV)/.full ## The long campaigns: benchmarks and whole matrices, with their figures
	@failed=0; for script in benchmarks/*.py; do echo "── $$script"; $(BIN)/python $$script || failed=1; done; exit $$failed

clean: ## Remove what was made (not results/)
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/.built
