# Two commands set everything up: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

DOCUMENTED := $(VENV)/.documented

# where it is set, as in many containers, each of the hundreds of processes that the tests start compiles the source anew
unexport PYTHONDONTWRITEBYTECODE

TERMS := portable-default portable-avx2 portable-one portable-two

.PHONY: demo test test-fast test-portable $(TERMS) smoke lint bench attack fuzz docs dist clean

demo: $(INSTALLED)  ## compare both families on the bundled MNIST and write a report to open; QUICK=1: in a minute
	$(BIN)/reparam demo $(if $(QUICK),--quick --out demo-quick,--out demo)

test: $(INSTALLED)  ## the whole suite
	$(BIN)/pytest -n auto --dist worksteal

test-fast: $(INSTALLED)  ## the inner loop: what takes about a minute on two cores
	$(BIN)/pytest -n auto -q -m "not slow"

PORTABLE := $(BIN)/pytest -q -m portable -p no:cacheprovider

test-portable: $(INSTALLED)  ## a part of the suite under other instruction sets, threads, precisions and seeds of noise
	$(MAKE) --no-print-directory $(if $(filter output-sync,$(.FEATURES)),--output-sync) -j $$(getconf _NPROCESSORS_ONLN) $(TERMS)

portable-default: $(INSTALLED)
	ATEN_CPU_CAPABILITY=default OMP_NUM_THREADS=1 $(PORTABLE) --bf16=yes
portable-avx2: $(INSTALLED)
	ATEN_CPU_CAPABILITY=avx2 OMP_NUM_THREADS=1 $(PORTABLE) --bf16=no --noise-seed=1
portable-one: $(INSTALLED)
	DNNL_MAX_CPU_ISA=AVX2 OMP_NUM_THREADS=1 $(PORTABLE) --bf16=yes
portable-two: $(INSTALLED)  # threads that wait asleep take no core from the others
	OMP_NUM_THREADS=2 OMP_WAIT_POLICY=PASSIVE $(PORTABLE) --bf16=no

smoke:  ## install and run it in every Python from 3.11 on that is here and has wheels (downloads torch for each)
	$(PYTHON) scripts/smoke.py

lint: $(INSTALLED)  ## style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(INSTALLED)  ## against other implementations, in an environment of their own (.bench-venv), 25 minutes; PARTS="vae games convolutional likelihood measures"; QUICK=1: only see that all run
	$(BIN)/python -m bench.parts $(if $(QUICK),--quick) $(PARTS)

attack: $(INSTALLED)  ## kills, full disks, damage, wild settings and hostile files, counted; COUNT, MINUTES (of each kind), SEED
	$(BIN)/python -m attack --count $(or $(COUNT),1000) --minutes $(or $(MINUTES),30) --seed $(or $(SEED),0)

fuzz: $(VENV)/.fuzzed  ## every kind of file that is read, before a fuzzer guided by what its inputs reach; MINUTES (of each), SEED, TARGETS
	$(BIN)/python -m attack fuzz --minutes $(or $(MINUTES),5) --seed $(or $(SEED),0) $(if $(TARGETS),--target $(TARGETS))

docs: $(DOCUMENTED)  ## the site, into build/site, and its check in a browser; a warning is an error
	$(BIN)/python -m sphinx -W --keep-going -q -j auto -b html -d build/doctrees docs build/site
	$(BIN)/pytest -q -n auto docs/checks

dist: $(VENV)/.distributed  ## wheel and source distribution into dist/, and the wheel tried in an empty environment
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist .
	$(BIN)/python scripts/try_wheel.py dist

clean:  ## everything that make made
	rm -rf $(VENV) .bench-venv demo demo-quick build docs/api/built docs/gallery/built dist .pytest_cache .mypy_cache .ruff_cache .hypothesis src/*.egg-info

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "reparam needs Python 3.11 or newer: call make PYTHON=python3.11 (or newer)"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

$(DOCUMENTED): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	touch $@

$(VENV)/.fuzzed: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[fuzz]'
	touch $@

$(VENV)/.distributed: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dist]'
	touch $@
