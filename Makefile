# Two commands set everything up: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test lint bench clean

demo: $(INSTALLED)  ## compare both families on the bundled MNIST and write a report to open; QUICK=1: in a minute
	$(BIN)/reparam demo $(if $(QUICK),--quick --out demo-quick,--out demo)

test: $(INSTALLED)  ## the whole suite
	$(BIN)/pytest -n auto

lint: $(INSTALLED)  ## style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(INSTALLED)  ## against other implementations, in an environment of their own (.bench-venv)
	$(BIN)/python -m bench
	$(BIN)/python -m bench.games
	$(BIN)/python -m bench.likelihood

clean:  ## everything that make made
	rm -rf $(VENV) .bench-venv demo demo-quick build .pytest_cache .mypy_cache .ruff_cache .hypothesis src/*.egg-info

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "reparam needs Python 3.11 or newer: call make PYTHON=python3.11 (or newer)"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@
