# make demo       every lesson as a workbook to open, checked against PyTorch
# make test       lint, types, and tests of every kind of thing
# make test-all   the same, and then all cases of everything
#                 (LibreOffice and Gnumeric, where installed, are tried too)
# make workbooks  the committed workbooks anew
# make screens    every kind of tab as a spreadsheet program's window shows it, into build/screens
# make clean      remove the environment .venv, demo/ and all caches
#
# Another Python:  make demo PYTHON=python3.12
# Fewer tests:     make test PYTEST_ARGS="tests/data/test_points.py"

PYTHON ?= python3
PYTEST_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo test test-all test-rest workbooks screens clean
.DELETE_ON_ERROR:

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

demo: $(VENV)/.installed
	@mkdir -p demo
	@echo "Generating every lesson into demo/"
	@$(BIN)/xlsgd generate --all -o demo --force
	@echo "Checking every cell against PyTorch, two workbooks at once"
	@$(BIN)/xlsgd verify -j 2 demo/*.xlsx
	@echo
	@echo "Now open demo/graddesc.xlsx in Excel, LibreOffice or Google Sheets."
	@echo "Change first: tab sgd, the cell under learning rate. Every epoch and chart follows."
	@echo "Why does it explode? demo/learning-rates.xlsx, or: $(BIN)/xlsgd explain demo/two-neuron.xlsx --tab two"

# Two processes, each with files in their order, so that what a file sets up once is set up once;
# the one that is done first takes over from the other. No header: it names folders of this machine.
# What `make test` tries and what only test-all does: tests/widths.py.
PYTEST = $(BIN)/python -m pytest --no-header -n 2 --dist worksteal

test: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST) --width some $(PYTEST_ARGS)

test-all: test test-rest

test-rest: $(VENV)/.installed-dev
	$(PYTEST) --width rest $(PYTEST_ARGS)

workbooks: $(VENV)/.installed
	@mkdir -p workbooks
	@$(BIN)/xlsgd generate --all -o workbooks --force

screens: $(VENV)/.installed-dev
	$(BIN)/python scripts/screens.py --times

clean:
	rm -rf $(VENV) demo build dist *.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. The empty files .installed and .installed-dev say when it was last brought up
# to date; pyproject.toml and constraints.txt are what it follows from.

$(VENV)/.installed: pyproject.toml constraints.txt $(BIN)/python
	@echo "Installing xlsgd and its libraries into $(VENV); PyTorch is large, this takes minutes"
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt $(BIN)/python
	@echo "Installing xlsgd, its libraries and the test tools into $(VENV); PyTorch is large, this takes minutes"
	@$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $(VENV)/.installed $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "xlsgd needs Python 3.11 or newer; got $(PYTHON): $$($(PYTHON) --version 2>&1)" >&2; \
	  echo "Install one, then name it: make $(or $(MAKECMDGOALS),demo) PYTHON=python3.12" >&2; \
	  exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot create environments: its modules venv and ensurepip are missing." >&2; \
	  echo "On Debian and Ubuntu they come with: apt-get install python3-venv" >&2; \
	  exit 1; }
	@echo "Creating the environment $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear $(VENV) || { \
	  rm -rf $(VENV); \
	  echo "$(PYTHON) -m venv $(VENV) failed; its message is above." >&2; \
	  exit 1; }
