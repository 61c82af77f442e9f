PYTHON ?= python3.11
BIN := .venv/bin
PY := $(BIN)/python
TORCH := $(shell sed -n 's/^torch = \["\(.*\)"\]/\1/p' pyproject.toml)
PORT ?= 8000
CHAPTERS := $(wildcard chapters/*.ipynb)
PAGES := $(CHAPTERS) $(wildcard *.md chapters/*.md references.bib _config.yml _toc.yml _static/* _ext/*)

.DEFAULT_GOAL := help
.PHONY: help env book serve test lint format execute generate lock clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

# torch comes apart and without dependencies: its CUDA packages must never come along.
.venv/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps $(TORCH)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(PY) -c "import torch" || { echo "torch does not import: point pip at a CPU wheel of $(TORCH), then make clean env"; exit 1; }
	touch $@

env: .venv/.ready ## make .venv from the lock

clean: ## remove all that make made
	rm -rf .venv _build
