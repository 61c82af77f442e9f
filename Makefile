PYTHON ?= python3.11
BIN := .venv/bin
PY := $(BIN)/python
TORCH := torch==2.13.0
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-deps
PORT ?= 8000
EXTRAS := book test peers env torch
NOTEBOOKS := $(wildcard *.ipynb chapters/*.ipynb)
SOURCES := $(NOTEBOOKS) $(wildcard _config.yml _toc.yml *.md chapters/*.md reference/*.md references.bib) \
  $(shell find _ext _static src/lossbook -type f -not -name '*.pyc')
# Where pages load Python from when a reader runs a cell: "cdn", or "local" for a site that works offline.
export PYODIDE ?= $(if $(filter test check full durations pages,$(MAKECMDGOALS)),local,cdn)
# Notebooks are executed and compared; a file's tests stay in one process, the longest files start first.
PYTEST := $(PY) -m pytest --nbval --numprocesses 2 --dist loadfile --no-loadscope-reorder
# What `make check` runs: the tests that most changes can break, in about a minute.
CHECKED := tests/test_sampling.py tests/calculus tests/codegen/test_generated.py tests/exercises/test_judge.py \
  tests/exercises/test_parse.py tests/fronts/test_losses.py tests/native/test_numpy.py tests/numerics/test_rewrites.py \
  chapters/sigmoid.ipynb
CHECKED_PAGE := chapters/sigmoid

.DEFAULT_GOAL := help
.PHONY: help env book pdf check test full durations serve lab execute generate layers vectors accuracy pages bench lint links format lock editor clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1@\2/p' $(MAKEFILE_LIST) | tr '@' '\t' | expand -t 18

env: .venv/.ready ## install everything into .venv, from the lock

book: _build/html/.ready ## build the site in _build/html; with PYODIDE=local its cells run offline
	@echo "The book is built. To read it and run its cells: make serve"

pdf: _build/pdf/losses-derived.pdf _build/html/.ready ## print the whole book to a PDF, which the site then links

check: lint _build/html/.ready ## lint, what most changes can break, and one page, in 90 seconds, for daily work
	$(PYTEST) $(CHECKED) --deselect tests/calculus/test_random_pairs.py
	$(PY) -m pytest tests/book/test_pages_in_a_browser.py -k "$(CHECKED_PAGE) or planted"

test: lint _build/singlehtml/.ready ## lint, every notebook executed again, the site in a browser; a sample of each costly kind
	$(BIN)/lossbook kernels
	$(PYTEST)

full: lint _build/singlehtml/.ready ## the same with every case, for nightly runs
	$(BIN)/lossbook kernels
	$(PYTEST) --full

durations: lint _build/singlehtml/.ready ## the same as test; writes tests/durations.json, which orders the files
	$(BIN)/lossbook kernels
	$(PYTEST) --record-durations

serve: _build/html/.ready ## serve the site at http://localhost:8000; PORT=... for another port
	$(PY) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

lab: .venv/.lab ## open the book in JupyterLab; CHAPTER=chapters/softmax.ipynb opens one chapter
	$(BIN)/jupyter lab $(or $(CHAPTER),index.ipynb)

execute: .venv/.ready ## execute every notebook again and store its outputs
	$(PY) tools/execute.py $(NOTEBOOKS)

generate: .venv/.ready ## write the generated code and the public functions again
	$(BIN)/lossbook generate

layers: .venv/.ready ## draw the layers of the package again, for the README
	$(PY) tools/layers.py

pages: _build/html/.ready ## measure each page of the site in a browser and write the table of pages
	PYTHONPATH=tests/book $(PY) tools/pages.py

bench: .venv/.ready ## time every loss, other libraries, and copying the logits (ten minutes; SMOKE=1: one minute)
	$(BIN)/lossbook bench $(if $(SMOKE),--smoke --output _build/bench-smoke.json,--output chapters/data/bench.json)

vectors: .venv/.ready ## write the test vectors again
	$(PY) tools/vectors.py

accuracy: .venv/.ready ## measure every loss against 50 digits and store the table for the book (half an hour; SMOKE=1: one minute)
	$(BIN)/lossbook accuracy $(if $(SMOKE),--smoke,--json chapters/data/accuracy.json)

lint: .venv/.ready ## check style, types, layers and spelling
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy --no-error-summary
	$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache
	$(PY) tools/layers.py --check
	$(BIN)/codespell

# Links between pages are checked in the built site; links to other sites need the network.
links: _build/html/.ready ## check the links between pages; with EXTERNAL=1 those to other sites, too
	$(PY) -m pytest --quiet tests/book/test_site.py tests/test_repository.py -k link
	$(if $(EXTERNAL),$(BIN)/jupyter-book build . --builder linkcheck -n --keep-going --quiet)

format: .venv/.ready ## format code and notebooks
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/.ready ## write the lock files again, with the newest versions; pip must find a CPU wheel of torch
	$(BIN)/pip-compile --quiet --upgrade --strip-extras --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --no-emit-trusted-host --unsafe-package torch --unsafe-package pip --no-allow-unsafe \
	  $(EXTRAS:%=--extra %) --output-file requirements.lock pyproject.toml
	sed -i '/^# WARNING/,$$d' requirements.lock
	! grep -E '^(cuda|nvidia|triton)' requirements.lock
	$(BIN)/pip-compile --quiet --upgrade --strip-extras --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --no-emit-trusted-host --unsafe-package pip --no-allow-unsafe \
	  --constraint requirements.lock --extra lab --output-file requirements-lab.lock pyproject.toml
	sed -i '/^# WARNING/,$$d' requirements-lab.lock

editor: ## bundle _static/run/codemirror.js again; needs npm, or NPM=... for another command
	cd tools/editor && $(or $(NPM),npm) ci --no-audit --no-fund && $(or $(NPM),npm) run build && $(or $(NPM),npm) run check

clean: ## remove .venv and everything that was built
	rm -rf .venv _build

# Install torch separately and without its dependencies, so that no CUDA package is installed.
# compileall uses all cores, pip only one. Some packages contain files for other versions of Python, which fail to compile.
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

# Downloads about 100 MB and keeps 30 MB.
.venv/pyodide/.ready: tools/pyodide.py _ext/pyodide.json | .venv/.ready
	$(PY) tools/pyodide.py fetch $(@D)
	@touch $@

# Records where the site loads Python from, so that a change builds it again.
_build/.pyodide-local: .venv/pyodide/.ready
_build/.pyodide-%:
	@mkdir -p $(@D) && rm -f $(@D)/.pyodide-* && touch $@

# A failed build is deleted: the next one would skip the pages that it has read, and so hide their warnings.
# If there is a PDF, the site is built again when it changes, since the pages link it.
_build/html/.ready: .venv/.ready _build/.pyodide-$(PYODIDE) $(SOURCES) $(wildcard _build/pdf/losses-derived.pdf)
	$(BIN)/jupyter-book build . -W -n --keep-going --quiet || { rm -rf _build; exit 1; }
	@touch $@

# The site and the single page have separate output folders and share the pages that Sphinx has read.
_build/singlehtml/.ready: _build/html/.ready
	$(BIN)/jupyter-book build . --builder singlehtml -W -n --keep-going --quiet || { rm -rf _build/singlehtml; exit 1; }
	@touch $@

_build/pdf/losses-derived.pdf: .venv/.ready $(SOURCES) tools/print_book.py
	$(BIN)/jupyter-book build . --builder singlehtml -W -n --keep-going --quiet
	$(PY) tools/print_book.py _build/singlehtml/index.html $@
