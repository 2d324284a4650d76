# Every command makes what it needs, in .venv and build/, from Python >= 3.10 and a C++ compiler. `make help` lists them.
PYTHON ?= python3
LEVELS ?= native
MAKEFLAGS += --no-print-directory
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

BIN := .venv/bin
# A worker for each core; tests of threads choose their number themselves.
PYTEST := OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(BIN)/python -m pytest -n auto
PIP := $(BIN)/python -m pip --disable-pip-version-check install -qq
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(shell $(PYTHON) -c "import os; print(os.cpu_count())")

ENGINE := $(shell find cpp bindings cmake tests/cpp examples/cpp -type f) CMakeLists.txt
PACKAGE := $(shell find python -name '*.py' -o -name '*.pyi') pyproject.toml README.md LICENSE
CPP_FILES := $(shell find cpp bindings tests/cpp examples/cpp bench/cpp -name '*.h' -o -name '*.cpp')
TIDY_FILES := $(shell find cpp bindings -name '*.cpp')

# What pyproject.toml asks of a build, and the tools that an isolated build would fetch by itself.
define BUILD_REQUIREMENTS
import ast, re
print(*ast.literal_eval(re.search(r"^requires = (\[.*?\])", open("pyproject.toml").read(), re.S | re.M)[1]), "cmake", "ninja")
endef
export BUILD_REQUIREMENTS

.PHONY: help demo test fuzz test-levels bench figures experiments lint docs format stubs wheel asan tsan aarch64 clean

help:  ## list these commands
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: .venv/installed  ## train a GRU on the weather series: forecast error, plot and saved model in out/
	$(BIN)/recurra demo jena

test: .venv/tests  ## run the test suite
	RECURRA_CPP_TESTS=build/venv/tests/cpp $(PYTEST) $(ARGS)

fuzz: .venv/tests  ## random files, tables, texts and arguments for two minutes; ARGS="--seconds 600 --seed 7" for more
	OMP_NUM_THREADS=1 PYTHONPATH=. $(BIN)/python -m tests.fuzz --seconds 120 $(ARGS)

test-levels: wheel .venv/tests  ## run the test suite of the wheel under every SIMD level that this machine has
	rm -rf build/levels
	$(PIP) --no-deps --target build/levels $$(ls -t wheelhouse/*.whl | head -1)
	for level in $$(PYTHONPATH=build/levels $(BIN)/python -c "from recurra import _cpu; print(*_cpu.levels())"); do \
	  echo "== RECURRA_SIMD=$$level"; \
	  RECURRA_SIMD=$$level PYTHONPATH=build/levels $(PYTEST) -q $(ARGS); \
	done

bench: .venv/installed  ## training and inference beside PyTorch, Keras, JAX and ONNX Runtime, each in its own environment
	$(BIN)/python -m bench.run --results bench/results $(ARGS)

figures: bench  ## all that docs/performance.md measures, and its tables and pictures written anew: half an hour
	$(BIN)/python -m bench.breakdown --json bench/results/breakdown.json
	$(BIN)/python -m bench.variants --json bench/results/variants.json
	$(BIN)/python -m bench.errors --json bench/results/errors.json
	$(BIN)/python -m bench.neighbours --json bench/results/neighbours.json
	rm -f bench/results/sizes.json
	$(BIN)/python -m bench.sweep sizes --kinds lstm,gru --json bench/results/sizes.json
	$(BIN)/python -m bench.sweep lengths --json bench/results/lengths.json
	$(BIN)/python -m bench.sweep long --peers torch --json bench/results/long.json
	$(BIN)/python -m bench.cost_model --json bench/results/cost_model.json
	$(BIN)/python -m bench.document

experiments: .venv/installed  ## the trainings of docs/results.md on real data, beside PyTorch and Keras: an hour or more
	$(BIN)/python -m bench.experiments $(ARGS)

lint: .venv/tests .venv/lint  ## check style, types and likely bugs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/types
	$(BIN)/clang-format --dry-run --Werror $(CPP_FILES)
	# Its own headers do not include omp.h: the compiler's is found last. It does not know every argument of GCC.
	printf '%s\n' $(TIDY_FILES) | xargs -P $$CMAKE_BUILD_PARALLEL_LEVEL -n 1 $(BIN)/clang-tidy --quiet -p build/venv \
	  --removed-arg=-fvect-cost-model=dynamic \
	  --extra-arg=-idirafter"$$(dirname "$$($${CXX:-c++} -print-file-name=include/omp.h)")"

docs: .venv/installed .venv/docs  ## the documentation site with its examples run, in build/docs/html; warnings are errors
	$(BIN)/sphinx-build -E -W --keep-going -q -b html -d build/docs/doctrees docs build/docs/html
	@echo "open build/docs/html/index.html"

format: .venv/lint  ## bring all files into the agreed style
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CPP_FILES)

stubs: .venv/installed .venv/lint  ## write python/recurra/_engine.pyi anew from the engine module
	$(BIN)/python tools/make_stubs.py

wheel: .venv/wheel  ## a wheel with every SIMD level of this architecture, in wheelhouse/
	rm -rf build/dist wheelhouse
	CMAKE_ARGS="-DRECURRA_SIMD_LEVELS=all $(CMAKE_ARGS)" SKBUILD_BUILD_DIR=build/wheel \
	  $(BIN)/python -m build --wheel --no-isolation --skip-dependency-check --outdir build/dist .
ifeq ($(shell uname), Darwin)
	$(BIN)/delocate-wheel --wheel-dir wheelhouse build/dist/*.whl
else
	PATH="$(CURDIR)/$(BIN):$$PATH" auditwheel repair --wheel-dir wheelhouse build/dist/*.whl
endif
	ls -l wheelhouse

asan: .venv/tests  ## the C++ and Python tests with AddressSanitizer and UndefinedBehaviorSanitizer
	tools/preset_tests.sh asan $(ARGS)

tsan: .venv/tests  ## the C++ tests with ThreadSanitizer (clang and its OpenMP runtime)
	tools/preset_tests.sh tsan $(ARGS)

aarch64: .venv/tests  ## the C++ tests of the engine for 64-bit ARM, cross-compiled, under qemu-user
	tools/preset_tests.sh aarch64

clean:  ## remove everything that make made
	rm -rf .venv build wheelhouse out docs/api docs/examples docs/sg_execution_times.rst .pytest_cache .mypy_cache .ruff_cache

.venv/created:
	$(PYTHON) -m venv .venv
	$(PIP) --upgrade pip
	touch $@

.venv/tools: .venv/created pyproject.toml
	$(PIP) $$($(BIN)/python -c "$$BUILD_REQUIREMENTS")
	touch $@

.venv/installed: .venv/tools $(ENGINE) $(PACKAGE)
	@echo "building the engine with $(CMAKE_BUILD_PARALLEL_LEVEL) jobs (minutes the first time)"
	CMAKE_ARGS="-DRECURRA_SIMD_LEVELS=$(LEVELS) $(CMAKE_ARGS)" SKBUILD_BUILD_DIR=build/venv \
	  $(PIP) --no-build-isolation ".[plot]"
	touch $@

# The C++ tests use the objects that the installed module was made of.
.venv/tests: .venv/installed
	$(PIP) "recurra[music,sklearn,test]"
	# Headers only; its demand for a newer Python than ours means nothing. Without it the C++ tests use the system's Catch2.
	$(PIP) --no-deps --ignore-requires-python comma-deps-catch2 || echo "no Catch2 from pip"
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake -S . -B build/venv -DRECURRA_BUILD_TESTS=ON > /dev/null
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake --build build/venv
	touch $@

.venv/lint: pyproject.toml | .venv/installed
	$(PIP) "recurra[lint]"
	touch $@

.venv/docs: pyproject.toml | .venv/installed
	$(PIP) "recurra[docs]"
	touch $@

.venv/wheel: pyproject.toml | .venv/installed
	$(PIP) "recurra[wheel]"
	touch $@
