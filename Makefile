# Three commands for a user (`make demo`, `make test`, `reid-pipeline`), five for a developer. Every target sets itself up.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
RUNTIME := $(if $(filter 1,$(GPU)),gpu,cpu)
CODE   := clients/python passerby pipeline detectors reid_models trackers reid_runtime reid_simulation reid_learning export testing tests benchmarks docker
# Made by hand, each says what the environment holds: what the demo runs, or all that tests and training need too.
DEMO_DONE := $(VENV)/.demo-done
DONE   := $(VENV)/.setup-done
SAYS   := pyproject.toml clients/python/pyproject.toml constraints.txt .ci/system-packages
# Real bindings of two TensorRTs, each for itself, that tests hold our calls against; they need no library for it.
BINDINGS := tensorrt-cu12-bindings==10.16.1.11 tensorrt-cu13-bindings==11.4.0.106
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e clients/python

.PHONY: setup demo fmt check test docs wheel bench clean

setup: $(DONE)

$(DEMO_DONE): $(SAYS)
	PYTHON=$(PYTHON) .ci/system-packages run
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Passerby needs Python 3.11 or newer, found {sys.version.split()[0]}: set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -e '.[$(RUNTIME),demo]'
	touch $@

$(DONE): $(DEMO_DONE)
	PYTHON=$(PYTHON) .ci/system-packages test
	$(INSTALL) -e '.[$(RUNTIME),demo,openvino,rtx,mqtt,webhook,calibrate,train,docs,dev]'
	for each in $(BINDINGS); do $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target "$(VENV)/bindings/$${each##*==}" "$$each" || exit 1; done
	touch $@

# SERVICES=1: with workers, Redis and Kafka as processes of their own.
demo: $(DEMO_DONE)
ifeq ($(SERVICES),1)
	PYTHON=$(PYTHON) .ci/system-packages test
	$(BIN)/python -m testing.demo_services
else
	$(BIN)/reid-pipeline demo
endif

fmt: setup
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

check: setup
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/mypy testing tests benchmarks docker
	$(BIN)/lint-imports
	$(BIN)/python .ci/check_words.py

# A process more than small machines have cores, each with servers of its own: much of a test is waiting. In the order
# of tests/conftest.py, the slow suites first.
test: setup
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --max-worker-restart 0 --durations=10

# The documentation as a site in build/site; dead links and stale pages fail.
docs: setup
	$(BIN)/python -m testing.documentation
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# The wheels in an empty environment elsewhere: every command of the README, its consumer, the examples of the API.
wheel: setup
	$(BIN)/python -m testing.wheels

bench: setup
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build *.egg-info
