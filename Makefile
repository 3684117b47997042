# Two commands do everything, each with its own set-up:  make lab   make test
#
#   PYTHON=python3.12      which Python builds .venv (3.11 or later; by default the first one that is found)
#   PIP_FLAGS="..."        more flags for pip, such as the index of the torch build that fits your GPU
#   LAB_FLAGS="..."        more flags for JupyterLab, such as --no-browser or --port=9000
#   TEST_FLAGS="..."       more flags for pytest, such as tests/core or -m "not browser and not notebook"
#   TEST_JOBS=N            processes that share the tests (by default one for each core, at most four)

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TEST_JOBS := logical

.DEFAULT_GOAL := help
.PHONY: help setup lab test lint format bench course notebooks site release grade clean

help:
	@echo "make lab        JupyterLab at the first notebook"
	@echo "make test       everything that must hold: style, spelling, import direction, tests, notebooks, browser"
	@echo "make lint       style, spelling and import direction alone"
	@echo "make format     rewrite the source in the house style"
	@echo "make bench      the benchmark table (alone: BENCH=live, the live view; BENCH=cuba, the CUBA network; BENCH=peers, other libraries; BENCH=published, results of papers)"
	@echo "make course     every notebook at full size on one core and 2 GB: times and memory (some alone: COURSE=\"00 03\")"
	@echo "make site       the course, the reference and the teachers' pages as a site, in build/site"
	@echo "make release    assignments/release, what students get, from assignments/source"
	@echo "make grade      grade what lies in assignments/submitted (docs/teaching.md; SANDBOX=\"docker run ...\" shuts answers in)"
	@echo "make notebooks  run every notebook at full size and save it with its pictures"
	@echo "make clean      remove .venv and the caches"

setup: $(READY)

# Runs again only when what is to be installed has changed. The last import makes matplotlib's list of fonts, which would
# otherwise announce itself in the first notebook.
$(READY): pyproject.toml constraints.txt
	@set -e; \
	python=""; \
	for each in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python); do \
	    if "$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then python="$$each"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "snnlab needs Python 3.11 or later, and found none as: $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python)." >&2; \
	    echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name yours: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; \
	    exit 1; \
	fi; \
	if ! "$$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then \
	    echo "$$python has no venv module. On Debian or Ubuntu: apt-get install python3-venv" >&2; \
	    exit 1; \
	fi; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	    echo "Making $(VENV) with $$("$$python" --version) ..."; \
	    "$$python" -m venv --clear $(VENV); \
	fi; \
	echo "Installing what constraints.txt lists into $(VENV): some minutes, once ..."; \
	$(BIN)/python -m pip install -qq --disable-pip-version-check $(PIP_FLAGS) --constraint constraints.txt --editable '.[lab,test,site]'; \
	$(BIN)/python -c 'import matplotlib.font_manager' 2>/dev/null; \
	touch $@

# JUPYTER_PREFER_ENV_PATH: the kernel "python3" is the one of .venv, whatever kernels the user has at home.
# JUPYTER_CONFIG_PATH: .jupyter leaves out the teachers' menu, which .venv has for the tests, and the question whether news may be fetched.
lab: $(READY)
	@cd notebooks && JUPYTER_PREFER_ENV_PATH=1 \
	    JUPYTER_CONFIG_PATH="$(CURDIR)/.jupyter$${JUPYTER_CONFIG_PATH:+:$$JUPYTER_CONFIG_PATH}" exec ../$(BIN)/python -m jupyter lab --ip=127.0.0.1 \
	    --ServerApp.root_dir="$(CURDIR)/notebooks" --LabApp.default_url=/lab/tree/00-start.ipynb \
	    $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_FLAGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/lint-imports --no-cache --no-logo

# What pytest collects, and how it runs a notebook, stands in pyproject.toml: `pytest` alone runs the same tests, one after the other.
# Here several processes share them, a file at a time and in the order of conftest.py.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses=$(TEST_JOBS) --maxprocesses=4 --dist=loadfile --no-loadscope-reorder $(TEST_FLAGS)

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks $(BENCH)
	$(BIN)/python -m benchmarks.readme

course: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.course $(COURSE)

# Into build/site, from docs/, the notebooks as they were saved, and the docstrings. The pages open without a server.
site: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python docs/build.py

notebooks: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python tests/notebooks/save.py notebooks/*.ipynb

release: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python assignments/grade.py --only-release

# Runs what students wrote: docs/teaching.md says how to shut it in, and why. GRADE_FLAGS="--student NAME" grades one alone.
grade: $(READY)
	SNNLAB_SANDBOX='$(SANDBOX)' OMP_NUM_THREADS=1 $(BIN)/python assignments/grade.py $(GRADE_FLAGS)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
