# Every target sets up what it needs: a virtual environment in .venv, filled from hashed locks by plain pip.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
VOC := $(BIN)/voc
install = $(BIN)/python -m pip install --quiet --disable-pip-version-check
stamp = .venv/.stamp-$(1)-$(firstword $(shell cat requirements/$(1).lock pyproject.toml | sha256sum))
CORE := $(call stamp,core)
LAB := $(call stamp,lab)
TEST := $(call stamp,test)
EMBED := $(call stamp,embed)
TORCH := torch==2.13.0
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help reports public lab embed test coverage verify bench lock

help:  ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "make: no $(PYTHON) here; install Python 3.11, 3.12 or 3.13, or name one: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { echo "make: $(PYTHON) is not Python 3.11 to 3.13; name one: make PYTHON=python3.12 …" >&2; exit 1; }
	@echo "Setting up .venv"
	@$(PYTHON) -m venv .venv

.venv/.stamp-%: .venv/bin/python
	@kind=$$(echo $* | cut -d- -f1); echo "Installing requirements/$$kind.lock (about a minute, once)"; \
	$(install) --no-deps --require-hashes -r requirements/$$kind.lock && \
	$(install) --no-deps --no-build-isolation --editable . && \
	rm -f .venv/.stamp-$$kind-* && touch $@

reports: $(CORE)  ## build the sample company, run the sample edition, print the path of the portal
	@$(VOC) simulate --quiet
	@$(VOC) run params/sample.yml
	@if [ -n "$$VOC_PUBLIC_DATA" ]; then $(VOC) run params/public.yml; fi

public: $(CORE)  ## run the public edition on the files under $VOC_PUBLIC_DATA
	@$(VOC) run params/public.yml

lab: $(LAB)  ## open JupyterLab on the notebooks
	@$(VOC) simulate --quiet
	@$(VOC) ingest params/rules/sample.yml --if-changed
	@$(BIN)/jupyter lab --config=lab/jupyter_lab_config.py notebooks

embed: $(EMBED)  ## add sentence vectors for English topics (MiniLM, on torch: 1.1 GB)
	@$(install) $(TORCH)

test: $(TEST)  ## lint and run all tests (make test WORKERS=8 where there are more cores)
	@$(BIN)/ruff check .
	@$(BIN)/python -m pytest -n $(WORKERS)

coverage: $(TEST)  ## planted-truth runs of what changed since the record (all: a quarter of an hour); writes benchmarks/coverage.json
	@$(BIN)/python -m benchmarks.coverage

verify: $(CORE)  ## run the committed reports again and compare
	@$(VOC) simulate --quiet
	@$(VOC) verify params/sample.yml

bench: $(TEST)  ## measure speed (a quarter of an hour); writes benchmarks/results.md
	@$(BIN)/python -m benchmarks.speed
	@$(BIN)/python -m benchmarks.speed --clone

lock:  ## resolve the dependencies again (maintainers; needs uv)
	@requirements/lock.sh
