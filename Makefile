# Everything a fresh machine needs is installed by these targets; a second call works offline.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
NODE   := node_modules/.installed
DEMO   := demo/digits.dtstore
PORT   ?= 5006
# Processes that share the tests, a module at a time.
LANES  ?= 2
PYTEST := $(BIN)/python -m pytest --numprocesses $(LANES) --dist loadfile --no-loadscope-reorder

.PHONY: help venv node demo test test-long test-fast test-newest kept ceph lint browser slurm torch lock clean

help:
	@echo "make demo       process the shipped training log and open the app"
	@echo "make test       run the tests: a real browser, real Dask and Slurm clusters, a real store"
	@echo "make test-long  all cases of it, ten kills instead of two, 20 times the random examples"
	@echo "make test-fast  the tests without the browser and the slow ones"
	@echo "make test-newest every view with the newest Python and packages, without the lock file"
	@echo "make kept       the stores that many tests read; tests make missing ones themselves"
	@echo "make browser    Chromium, for the tests (Debian's)"
	@echo "make slurm      a Slurm of one node, for the tests"
	@echo "make ceph       the object-storage tests against Ceph's gateway (installs its daemons)"
	@echo "make lint       ruff and mypy; biome and the TypeScript compiler"
	@echo "make venv       only the set-up, into $(VENV)"
	@echo "make node       the checkers of JavaScript, into node_modules; the app does not need them"
	@echo "make torch      PyTorch's CPU build, for the example's training and the tests that use it"
	@echo "make lock       write requirements.lock from the newest versions"
	@echo "make clean      remove everything that the other targets made"

venv: $(STAMP)

# hatchling comes with the lock, so that building the package asks no registry a second time.
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "DeepTracker needs Python 3.11 or newer; name one with: make PYTHON=python3.12 venv")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $(STAMP)

node: $(NODE)

$(NODE): package.json package-lock.json
	@bash tests/dashboard/install-node.sh
	npm ci --silent --no-audit --no-fund
	touch $(NODE)

demo: $(STAMP)
	$(BIN)/deeptracker process examples/digits --store $(DEMO)
	$(BIN)/deeptracker serve $(DEMO) --port $(PORT)

browser:
	@bash tests/browser/install-chromium.sh

ceph: $(STAMP)
	@bash tests/objectstore/install-ceph.sh
	DEEPTRACKER_TEST_S3=ceph $(BIN)/python -m pytest tests/pipeline/store/test_objectstorage.py tests/pipeline/locations/test_storage_settings.py

slurm:
	@bash tests/pipeline/clusters/install-slurm.sh

test: $(STAMP) $(NODE) browser slurm
	npm test --silent
	$(PYTEST) --durations 25

test-long: $(STAMP) $(NODE) browser slurm torch
	npm test --silent
	DEEPTRACKER_TEST_LONG=1 $(PYTEST) --durations 25 --timeout 3600

test-fast: $(STAMP) $(NODE)
	npm test --silent
	$(BIN)/python -m pytest -m "not browser and not slow"

# Python to take there: the newest that is found, or PYTHON_NEWEST.
test-newest: browser
	@bash tests/newest/install.sh build/newest $(PYTHON_NEWEST)
	build/newest/bin/python -m pytest -m "thorough or not thorough" tests/browser/test_every_view.py \
	  tests/dashboard/data/test_background.py tests/dashboard/server/test_message_delivery.py \
	  tests/dashboard/server/test_preparation.py

kept: $(STAMP)
	$(BIN)/python tests/kept.py

lint: $(STAMP) $(NODE)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	npm run lint --silent

torch: $(STAMP)
	$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0

lock:
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --upgrade pip
	build/lock/bin/python -m pip install --quiet '.[app]' --group test --group lint hatchling editables
	build/lock/bin/python -m pip freeze --exclude deeptracker > build/lock/frozen
	{ echo "# Versions that the tests passed with; 'make lock' writes this file."; cat build/lock/frozen; } > requirements.lock

clean:
	find deeptracker pipeline dashboard -name __pycache__ -prune -exec rm -rf {} +
	rm -rf $(VENV) node_modules build demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
