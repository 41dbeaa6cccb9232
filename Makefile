PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PLAIN := $(VENV)/.plain
READY := $(VENV)/.ready
TORCH := torch==2.13.0

.PHONY: install demo test check bench clean

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
	$(BIN)/python -m pytest -q -n auto --dist loadfile

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python -m benchmarks.run

clean:
	rm -rf $(VENV) demo_run
