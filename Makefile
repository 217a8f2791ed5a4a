# Every target bootstraps from Python 3.11+ and pip alone, and respects CLUSTERKPI_HOME.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DATA   ?= ../shared/data

export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export GX_ANALYTICS_ENABLED := false
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup setup-spark refresh refresh-real test check bench bench-check dashboard dagster golden lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "clusterkpi needs Python 3.11 or newer; set PYTHON=..."; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

# dbt on Spark has an environment and a lock of its own, so that the default one stays small.
SPARK_VENV  ?= .venv-spark
SPARK_STAMP := $(SPARK_VENV)/.installed

$(SPARK_STAMP): $(STAMP) requirements-spark.lock
	test -x $(SPARK_VENV)/bin/python || $(BIN)/python -m venv --without-pip $(SPARK_VENV)
	$(BIN)/uv pip sync --quiet --python $(SPARK_VENV)/bin/python --require-hashes requirements-spark.lock
	@touch $(SPARK_STAMP)

setup-spark: $(SPARK_STAMP) ## make .venv-spark, for the heavy models on Apache Spark (Java 17 is yours)

setup: $(STAMP) ## make .venv with the locked packages; nothing else

refresh: setup ## run the nightly job on the embedded demo profile (synthetic figures)
	@$(BIN)/clusterkpi refresh --profile demo

# Official figures never go into a home that a demo uses, unless CLUSTERKPI_HOME says so.
refresh-real: setup ## run the same job on recorded official figures: DATA=folder
	@CLUSTERKPI_HOME="$${CLUSTERKPI_HOME:-data-real}" $(BIN)/clusterkpi refresh \
	  --profile replay:deploy/replay/official_sample.yml --replay-var data=$(DATA)

test: setup ## run every test (tests marked `real` skip where their figures are absent)
	@$(BIN)/python -m pytest

check: setup ## linters and formatters, without changing anything
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@scratch=$$(mktemp -d) && CLUSTERKPI_CANDIDATE=$$scratch/none.duckdb DBT_TARGET_PATH=$$scratch \
	  DBT_LOG_PATH=$$scratch $(BIN)/dbt --quiet --warn-error parse \
	  --project-dir dbt_project --profiles-dir dbt_project && rm -r $$scratch

bench: setup ## measure every stage of a night at x1, x2 and x4, and write docs/benchmarks/suite.*
	@$(BIN)/python -m benchmarks

bench-check: setup ## compare ratios of costs with the committed baseline (x1 and x2)
	@$(BIN)/python -m benchmarks --check

dashboard: setup ## serve the dashboards on http://127.0.0.1:8501
	@$(BIN)/clusterkpi dashboard

dagster: setup ## show the night as assets on http://127.0.0.1:3000, with its schedule
	@DAGSTER_HOME="$$($(BIN)/python -m pipelines.defs.home)" \
	  $(BIN)/dagster dev -m pipelines.definitions --host 127.0.0.1

golden: setup ## write the golden picture of Dagster's graph anew, after a meant change
	UPDATE_GOLDEN=1 $(BIN)/python -m pytest -n 0 tests/integration -k golden

# Every extra but spark, whose packages would make the default environment twice as large.
EXTRAS := --extra dashboard --extra store --extra sdmx --extra orchestrate

lock: setup ## resolve requirements.lock anew from pyproject.toml, and then requirements-spark.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header $(EXTRAS) --group dev --upgrade \
	  pyproject.toml --output-file requirements.lock
	pins=$$(mktemp) && grep -E '^[a-z0-9].*==' requirements.lock | sed 's/ *\\$$//' > $$pins && \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header --extra spark --constraint $$pins --upgrade \
	  pyproject.toml --output-file requirements-spark.lock; rm -f $$pins

clean: ## remove the environment and caches; state directories stay
	rm -rf $(VENV) $(SPARK_VENV) .pytest_cache .ruff_cache
