PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PLAIN := $(VENV)/.plain
READY := $(VENV)/.ready
TORCH := torch==2.13.0

# Groups of slow tests: the markers in pyproject.toml, and the rest, which has none.
GROUPS := kills cluster browser training clients schemas
PYTEST := $(BIN)/python -m pytest -q -n auto --dist loadfile

.PHONY: install demo test test-all test-group check bench clean

install: $(READY)

$(PLAIN): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	touch $(PLAIN)

$(READY): $(PLAIN)
	$(BIN)/python -m pip install --quiet '$(TORCH)'
	$(BIN)/python -m pip install --quiet --editable '.[dev,train]'
	touch $(READY)

demo: $(PLAIN)
	$(BIN)/thonring estimate examples/data/apoferritin_crop.tif --voltage 300 --cs 2.7 --out demo_run --plots --signals
	$(BIN)/thonring predict examples/data/apoferritin_crop.tif --voltage 300 --cs 2.7 --out demo_run/network.csv

test: $(READY)
	$(PYTEST) -m "not slow"

test-all: $(READY)
	$(PYTEST)

test-group: $(READY)
	$(PYTEST) -m "slow and $(if $(filter rest,$(GROUP)),not ($(subst $() , or ,$(GROUPS))),$(GROUP))"

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python -m benchmarks.run

clean:
	rm -rf $(VENV) demo_run
