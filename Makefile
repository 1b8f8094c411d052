# make book   execute every chapter, then build the site into _build/html
# make test   unit tests, every chapter compared with its committed outputs, numeric regression
# Both need only Python 3.11, 3.12 or 3.13 and make: they set up .venv the first time. `make help` lists the rest.

PYTHON ?= python3
# chapters executed side by side, and test processes
JOBS ?= 2

SHELL := /bin/sh
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help book site pdf notebooks test test-quick test-thorough test-portable test-site coverage stress mutants lint format bench recovery check-clean check-site \
  run-times exports exposure-tables second-engine test-interop test-wheel test-cluster test-fast release scaling clean clean-venv setup

PY := .venv/bin/python
READY := .venv/installed
# what drives a browser is installed for those targets alone
BROWSER_READY := .venv/installed-site
# so is what reads and writes the exchange formats
INTEROP_READY := .venv/installed-interop
# and what work on a cluster is handed out with
CLUSTER_READY := .venv/installed-cluster
# and the engine that is asked for by name
FAST_READY := .venv/installed-fast
# and what changes the code to see whether a test notices
MUTANTS_READY := .venv/installed-mutants
# where the exports are run without qsp_lib
OTHER := .venv-interop
OTHER_READY := $(OTHER)/installed
# and where other solvers are timed
BENCH := .venv-bench
BENCH_READY := $(BENCH)/installed

# nothing from outside the checkout takes part: no user site-packages, no path, no startup file, and
# no wish to keep no compiled files, without which every test process compiles all tests again
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP VIRTUAL_ENV PYTHONDONTWRITEBYTECODE
export PYTHONNOUSERSITE := 1

# a .venv that was copied or moved along with the checkout still points at the old place: renew it
ifneq ($(shell cat .venv/checkout 2>/dev/null),$(CURDIR))
$(shell rm -f $(READY))
endif

help:
	@echo "make book        execute every chapter and build the site into _build/html"
	@echo "make site        build the site from the committed chapters and results, executing nothing"
	@echo "make notebooks   execute every chapter and refresh notebooks/ and results/ in place"
	@echo "make run-times   keep the times of the last make book for the status page"
	@echo "make pdf         print the built site as one PDF, _build/book.pdf (needs chromium)"
	@echo "make test        unit tests, chapters against their committed outputs, numeric regression"
	@echo "make test-quick  unit tests only"
	@echo "make test-thorough  what takes long to see: spoilt input, ended processes, whole builds, many fits; more cases"
	@echo "make test-portable  the chapters as on another machine: not a printed digit may change"
	@echo "make test-site   build the site and look at every page in a browser (needs chromium)"
	@echo "make stress      pairs of protocol commands at random moments, some killed; a whole lock (minutes)"
	@echo "make mutants     400 small changes of the code: does a test notice? (an hour or two)"
	@echo "make coverage    branch coverage of qsp_lib by the tests; fails below 90 %"
	@echo "make exports     write the exports again: SBML, SED-ML, COMBINE archive, PEtab"
	@echo "make exposure-tables  make the tables of concentrations again that come from the evidence"
	@echo "make second-engine  run the exports in libroadrunner and COPASI, without qsp_lib"
	@echo "make test-interop  read the exports with libraries that are not the model's own"
	@echo "make test-wheel  build the wheel, install it in a fresh environment and predict with it"
	@echo "make release     put wheel, site and PDF of this version into _build/release"
	@echo "make test-cluster  sweeps on a dask cluster: the same bits, lost workers, another package"
	@echo "make test-fast   the engine that is asked for by name: near the default, the same bits in any batch"
	@echo "make lint        ruff, mypy, and which module may import which"
	@echo "make format      let ruff tidy the code"
	@echo "make recovery    a hundred made-up data sets: do the intervals of qsp-crs fit hold the truth?"
	@echo "make bench       time the ensemble beside other solvers, for the book's page on speed"
	@echo "make scaling     time virtual patients on processes and on a cluster, for the page on scale"
	@echo "make clean       remove _build;  make clean-venv removes .venv too"
	@echo
	@echo "PYTHON=python3.12 chooses the interpreter of a new .venv, JOBS=4 the number of processes."

# Python before 3.13 does not start in the C locale where the path that an editable install writes
# down is beyond ASCII: the last lines write it as seen from where it stands
setup: $(READY)

$(READY): requirements.txt constraints.txt pyproject.toml
	@set -e; \
	found=; \
	for name in "$(PYTHON)" python3 python3.13 python3.12 python3.11; do \
	  if "$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1; then \
	    found="$$name"; break; \
	  fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Python 3.11, 3.12 or 3.13 is needed and none was found; newer ones are not tested yet." >&2; \
	  echo "Install one, or name it:" >&2; \
	  echo "  make PYTHON=/path/to/python3.12 ..." >&2; \
	  exit 1; \
	fi; \
	if ! $(PY) -m pip --version >/dev/null 2>&1; then \
	  rm -rf .venv; \
	  echo "setting up .venv with $$("$$found" --version) (once, a minute or two)"; \
	  "$$found" -m venv .venv || { \
	    rm -rf .venv; \
	    echo "'$$found -m venv' failed. On Debian and Ubuntu: apt install python3-venv" >&2; \
	    exit 1; \
	  }; \
	fi; \
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt; \
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	printf '../../../..\n' > "$$(echo .venv/lib/python*/site-packages/qsp_lib.pth)"; \
	printf '%s\n' "$(CURDIR)" > .venv/checkout; \
	touch $(READY)

$(BROWSER_READY): requirements-site.txt $(READY)
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-site.txt -c constraints.txt
	@touch $(BROWSER_READY)

$(INTEROP_READY): requirements-interop.txt $(READY)
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-interop.txt -c constraints.txt
	@touch $(INTEROP_READY)

$(CLUSTER_READY): requirements-cluster.txt $(READY)
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-cluster.txt -c constraints.txt
	@touch $(CLUSTER_READY)

$(FAST_READY): requirements-fast.txt $(READY)
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-fast.txt -c constraints.txt
	@touch $(FAST_READY)

$(MUTANTS_READY): requirements-mutants.txt $(READY)
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-mutants.txt -c constraints.txt
	@touch $(MUTANTS_READY)

$(OTHER_READY): requirements-interop.txt constraints.txt $(READY)
	@rm -rf $(OTHER)
	@$(PY) -m venv $(OTHER)
	@$(OTHER)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-interop.txt \
	  -c constraints.txt
	@touch $(OTHER_READY)

book: $(READY)
	@$(PY) -m qsp_lib run --jobs $(JOBS)
	@$(PY) -m book build --executed

site: $(READY)
	@$(PY) -m book build

pdf: $(BROWSER_READY)
	@test -e _build/html/book/index.html || $(MAKE) --no-print-directory site
	@$(PY) -m book pdf

notebooks: $(READY)
	@$(PY) -m qsp_lib run --jobs $(JOBS) --in-place
	@$(PY) -m book metadata

# no two runs take equally long, so their times are kept on demand and apart from results/
run-times: $(READY)
	@$(PY) -m book run-times

# The record of the comparison is of the archive it was made with, so it is renewed along with it.
exports: $(INTEROP_READY) $(OTHER_READY)
	@$(PY) -m qsp_lib export --output exports
	@$(OTHER)/bin/python interop/second_engine.py exports/qsp-crs.omex --write exports/second_engine.json
	@$(OTHER)/bin/python interop/petab_objective.py exports/petab --write exports/petab_objective.json
	@$(PY) -m book metadata

exposure-tables: $(READY)
	@$(PY) -m qsp_lib.drugs.target_mediated

second-engine: $(OTHER_READY)
	@$(OTHER)/bin/python interop/second_engine.py exports/qsp-crs.omex --write _build/second_engine.json
	@$(OTHER)/bin/python interop/petab_objective.py exports/petab --write _build/petab_objective.json

test-interop: $(INTEROP_READY)
	@$(PY) -m pytest -m interop -n $(JOBS) --dist loadfile tests/interop

# what `pip install` gets, in an environment of its own and outside the checkout
test-wheel: $(READY)
	@$(PY) -m pytest -m wheel tests/wheel

# what a release attaches, in _build/release, from a book and a PDF that are made; uploads nothing
release: $(READY)
	@$(PY) -m book release

# schedulers and workers are processes of their own, so the tests come one at a time
test-cluster: $(CLUSTER_READY)
	@$(PY) -m pytest -m cluster tests/cluster

# every other test goes without heyoka, installed or not
test-fast: $(FAST_READY)
	@$(PY) -m pytest -m fast -n $(JOBS) --dist loadfile tests/fast

# The chapters run under nbval as committed, write their numbers to _build/test-results,
# and the second line compares those with results/. The status page reads _build/tests.xml.
test: $(READY)
	@rm -rf _build/test-results
	@QSP_RESULTS_DIR="$$PWD/_build/test-results" $(PY) -m pytest -n $(JOBS) --dist loadfile \
	  --nbval --nbval-current-env --junitxml=_build/tests.xml tests notebooks
	@$(PY) -m pytest -m regression tests/notebooks/test_results_regression.py

# what needs libraries of its own is not even collected
THOROUGH := "thorough and not interop and not cluster and not fast"
# what states a fact that a quicker test of `make test` states less of, or takes processes and time
test-thorough: $(READY)
	@$(PY) -m pytest -m $(THOROUGH) -n $(JOBS) --dist loadfile tests

test-quick: $(READY)
	@$(PY) -m pytest -n $(JOBS) --dist loadfile tests

# each chapter twice, as on other machines, and what is quick under every setting by itself; the
# longest first, one at a time, so that no process waits for another
test-portable: $(READY)
	@$(PY) -m pytest -m portable -n $(JOBS) --maxschedchunk 1 tests/portable

# a whole fit as a process, and commands of the protocol against each other, for some minutes; STRESS_OPTIONS='--pairs 40 --seed 2'
stress: $(READY)
	@$(PY) tests/stress/full_make.py
	@$(PY) tests/stress/pairs.py $(STRESS_OPTIONS)

# stopped, it goes on from where it was; MUTANTS_OPTIONS='--mutants 40 --seed 2'
mutants: $(MUTANTS_READY)
	@$(PY) tests/stress/mutants.py $(MUTANTS_OPTIONS)

# the chapters are left to `make test`: a kernel that is traced prints to its cells
coverage: $(INTEROP_READY) $(CLUSTER_READY) $(FAST_READY)
	@rm -rf _build/coverage
	@$(PY) -m pytest -n $(JOBS) --dist loadfile --cov --cov-report= tests
	@$(PY) -m pytest -n $(JOBS) --dist loadfile --cov --cov-append --cov-report= -m $(THOROUGH) tests
	@$(PY) -m pytest -n $(JOBS) --dist loadfile --cov --cov-append --cov-report= -m interop tests/interop
	@$(PY) -m pytest --cov --cov-append --cov-report= -m cluster tests/cluster
	@$(PY) -m pytest --cov --cov-append --cov-report= -m fast tests/fast
	@$(PY) -m coverage report

lint: $(READY)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports --cache-dir _build/cache/imports

format: $(READY)
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

# everything the benchmark needs, in an environment of its own; what cannot be installed is left out
# here and named on the page
$(BENCH_READY): requirements-bench.txt constraints.txt pyproject.toml $(READY)
	@rm -rf $(BENCH)
	@$(PY) -m venv $(BENCH)
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt \
	  -c constraints.txt || \
	sed '/^#/d; /^$$/d' requirements-bench.txt | while read -r wanted; do \
	  $(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check "$$wanted" \
	    -c constraints.txt || echo "not installed: $$wanted" >&2; \
	done
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -e . \
	  -c constraints.txt
	@touch $(BENCH_READY)

# BENCH_OPTIONS='--date 2026-01-31 --rounds 5', for example
bench: $(BENCH_READY)
	@$(BENCH)/bin/python -m benchmarks $(BENCH_OPTIONS)

# some minutes on a quiet machine; SCALING_OPTIONS='--date 2026-01-31', for example
scaling: $(CLUSTER_READY)
	@$(PY) -m benchmarks.scaling $(SCALING_OPTIONS)

# a hundred fits of data whose truth is known: some minutes
recovery: $(READY)
	@$(PY) -m benchmarks.recovery --workers $(JOBS)

# the site as a reader gets it, in a browser: built from what is committed, or as `make book` left it
test-site: site check-site

check-site: $(BROWSER_READY)
	@$(PY) -m book chromium
	@$(PY) -m pytest -m site -n $(JOBS) tests/site

# after a build: the checkout as it was
check-clean:
	@changed="$$(git status --porcelain)"; \
	if [ -n "$$changed" ]; then \
	  echo "a build has to leave the checkout as it was, but git status says:" >&2; \
	  echo "$$changed" >&2; exit 1; \
	fi

clean:
	rm -rf _build

clean-venv: clean
	rm -rf .venv $(OTHER) $(BENCH)
