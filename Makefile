# `make` lists the targets. Needs git, make and Python >= 3.11, nothing else.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
OUT ?= results/quick
# Empty: that of this project, bptt_rnn.experiment.
EXPERIMENT ?=
REFERENCE := results/reference
VALIDATION ?= results/validation
# Extra-P and big_O, which validation compares with, pin an old NumPy: they get an environment of their own.
PEERS ?= .venv-extrap
# big_O, bigO and perfplot, which the functions of tests/corpus are put to, run them: theirs has what this project has, and them.
PEERS_OF_CORPUS ?= .venv-corpus
# PyTorch and JAX, which are raced against, are large: they get one too.
RACE ?= .venv-race
BIN := $(VENV)/bin
# Wheels only: nothing is ever built from source, so a machine without a compiler gets the same environment or a clear error.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes
# The package itself: as a link to this checkout, without its dependencies (locked above) and without a build environment from the network.
LINK := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|' 2>/dev/null \
		|| grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) not found; Python >= 3.11 is needed (make PYTHON=...)" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "error: $(PYTHON) is $$($(PYTHON) -V); Python >= 3.11 is needed (make PYTHON=...)" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

# A stamp is older than the lock file when the environment is stale. The test environment holds the same versions and more.
$(VENV)/.run-stamp: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(INSTALL) -r requirements.lock
	$(LINK)
	@touch $@

$(VENV)/.test-stamp: requirements-test.lock pyproject.toml | $(VENV)/bin/python
	$(INSTALL) -r requirements-test.lock
	$(LINK)
	@touch $@ $(VENV)/.run-stamp

.PHONY: run
run: $(VENV)/.run-stamp ## measure the quick profile, show the verdicts, write the report to results/quick-<time>
	@out="$(OUT)-$$(date +%Y%m%d-%H%M%S)"; \
	status=0; $(BIN)/bptt-bench run $(EXPERIMENT) --profile quick --out "$$out" || status=$$?; \
	if (( status > 1 )); then exit $$status; fi; \
	$(BIN)/bptt-bench report "$$out" || status=$$?; \
	if (( status > 1 )); then exit $$status; fi
# Status 1 means that a claim was refuted: a finding, shown in the table and in the report, not a failure of the tool.

.PHONY: test
test: $(VENV)/.test-stamp ## the whole test suite, two tests at a time; those that measure come last, one after the other
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not measures"
	$(BIN)/python -m pytest -m measures

.PHONY: lint
lint: $(VENV)/.test-stamp ## style (ruff) and types (mypy --strict)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict

.PHONY: docs
docs: $(VENV)/.test-stamp ## the documentation as HTML into docs/_build/html, its examples checked; warnings are errors
	$(BIN)/python -m sphinx -W --keep-going --quiet -b html -d docs/_build/doctrees docs docs/_build/html
	$(BIN)/python -m sphinx -W --keep-going --quiet -b doctest -d docs/_build/doctrees docs docs/_build/doctest

.PHONY: benchmark
benchmark: $(VENV)/.test-stamp ## the benchmark suite through pytest-benchmark, with fits and verdicts
	$(BIN)/python -m pytest --benchmark -m bptt_bench tests/scaling

.PHONY: reference
reference: $(VENV)/.run-stamp ## measure the full profile and the points beyond it anew into results/reference (about 30 minutes)
	rm -rf $(REFERENCE).new
	$(BIN)/bptt-bench foresee $(EXPERIMENT) --out $(REFERENCE).new
	$(BIN)/bptt-bench report $(REFERENCE).new || (( $$? == 1 ))
	$(BIN)/bptt-bench verdict $(REFERENCE).new --json > $(REFERENCE).new/verdicts.json || (( $$? == 1 ))
	rm -rf $(REFERENCE)
	mv $(REFERENCE).new $(REFERENCE)

# Extra-P needs NumPy 1, which has wheels up to Python 3.12. Its window (PySide6) is left out. big_O comes as source only.
$(PEERS)/.stamp: requirements-extrap.lock requirements-big-o.lock
	@for python in $(PYTHON) python3.12 python3.11; do \
		"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null || continue; \
		"$$python" -m venv --clear $(PEERS); break; \
	done
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes --no-deps \
		-r requirements-extrap.lock
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --require-hashes --no-deps \
		-r requirements-big-o.lock
	@touch $@

$(PEERS_OF_CORPUS)/.stamp: requirements.lock requirements-corpus.lock requirements-big-o.lock pyproject.toml
	$(PYTHON) -m venv $(PEERS_OF_CORPUS)
	$(PEERS_OF_CORPUS)/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes \
		-r requirements.lock -r requirements-corpus.lock
	$(PEERS_OF_CORPUS)/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --require-hashes --no-deps \
		-r requirements-big-o.lock
	$(PEERS_OF_CORPUS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# PyTorch's CPU build is a version of its own (+cpu): nothing ever pulls in CUDA. Where the index at hand does not serve it,
# name one that does in the variable PIP_EXTRA_INDEX_URL.
$(RACE)/.stamp: requirements-peers.lock pyproject.toml
	$(PYTHON) -m venv $(RACE)
	$(RACE)/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes \
		-r requirements-peers.lock
	$(RACE)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: race
race: $(RACE)/.stamp ## race the tuned gradients against PyTorch and JAX into results/race-<time> (at most 10 minutes)
	@out="results/race-$$(date +%Y%m%d-%H%M%S)"; \
	status=0; $(RACE)/bin/bptt-bench race --out "$$out" || status=$$?; \
	if (( status > 1 )); then exit $$status; fi; \
	$(RACE)/bin/bptt-bench report "$$out" || status=$$?; \
	if (( status > 1 )); then exit $$status; fi

.PHONY: validate
validate: $(VENV)/.test-stamp ## known error rates, ours and those of other tools, into results/validation (at most 20 minutes)
	@$(MAKE) --no-print-directory $(PEERS)/.stamp || echo "no environment for Extra-P and big_O: the table will say so" >&2
	@peers=; if [[ -e $(PEERS)/.stamp ]]; then peers="--peers $(PEERS)/bin/python"; fi; \
	$(BIN)/python -m tests.validation.laws --out $(VALIDATION) $$peers; \
	$(BIN)/python -m tests.validation --out $(VALIDATION) $$peers

.PHONY: notebook
notebook: $(VENV)/.test-stamp ## run the notebook again and keep its outputs
	$(BIN)/python notebooks/execute.py notebooks/*.ipynb

.PHONY: lock
lock: ## write both lock files anew, with the newest versions that pyproject.toml allows
	@env="$$(mktemp -d)"; trap 'rm -rf "$$env"' EXIT; \
	$(PYTHON) -m venv "$$env" && "$$env/bin/pip" install --quiet pip-tools; \
	export CUSTOM_COMPILE_COMMAND="make lock"; \
	compile() { "$$env/bin/pip-compile" --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --all-build-deps \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options "$$@" pyproject.toml; }; \
	compile --output-file requirements.lock; \
	compile --extra docs --extra notebooks --extra test --constraint requirements.lock --output-file requirements-test.lock

.PHONY: lock-peers
lock-peers: ## write the lock files of what this is compared and raced with anew
	@env="$$(mktemp -d)"; trap 'rm -rf "$$env"' EXIT; \
	$(PYTHON) -m venv "$$env" && "$$env/bin/pip" install --quiet pip-tools; \
	export CUSTOM_COMPILE_COMMAND="make lock-peers"; \
	compile() { "$$env/bin/pip-compile" --quiet --generate-hashes --strip-extras \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options "$$@" -; }; \
	printf '%s\n' extrap==4.2.5 setuptools | compile --unsafe-package pyside6-essentials --unsafe-package shiboken6 \
		--output-file requirements-extrap.lock; \
	echo big-O==0.11.0 | compile --unsafe-package numpy --output-file requirements-big-o.lock; \
	printf '%s\n' bigO==0.0.7 perfplot==0.10.2 | compile --constraint requirements.lock --output-file requirements-corpus.lock; \
	"$$env/bin/pip-compile" --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --all-build-deps \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
		--extra peers --extra fast --constraint requirements.lock --output-file requirements-peers.lock pyproject.toml

.PHONY: clean
clean: ## remove the environment and everything made; keeps results
	rm -rf $(VENV) $(PEERS) $(PEERS_OF_CORPUS) $(RACE) build docs/_build docs/reference/api *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
