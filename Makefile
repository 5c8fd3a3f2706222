# Every target sets up what it needs; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
AUDIT := $(VENV)/audit/bin
BENCH := $(VENV)/bench/bin
PYTEST := $(BIN)/python -m pytest --dist loadfile --durations=10
# What needs servers waits for them half of the time; the rest needs the processors, and does without what starts them.
ALL := $(PYTEST) -n 5 --ignore=tests/unit/domain
UNIT := $(PYTEST) -n logical -p tests.habits --confcutdir=tests/unit --ignore=tests/unit/domain tests/unit
# So short that to start workers takes longer than they spare.
DOMAIN := $(PYTEST) -n 0 -p tests.habits --confcutdir=tests/unit/domain tests/unit/domain --cov
COLLECT := $(BIN)/python -m pytest --collect-only -qq > /dev/null
PACKAGES := libs/halosync libs/halo-sandbox libs/devstack libs/simulation services/planner services/halo-writer services/auth services/report-api
export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Containers often forbid Python to keep compiled modules; each process would then compile all it imports, a second long.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: install
install: $(VENV)/.installed ## Make .venv with everything in it

$(VENV)/.installed: requirements/bootstrap.txt requirements/dev.txt pyproject.toml $(addsuffix /pyproject.toml,$(PACKAGES))
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/bootstrap.txt
	# Compiled once here: else each of the tests' processes compiles the two thousand modules that it imports, at once.
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(addprefix -e ,$(PACKAGES))
	$(BIN)/python -m compileall -q $(addsuffix /src,$(PACKAGES))
	touch $@

# What Hypothesis makes of all characters: once, before the workers need it at once.
$(VENV)/.drawn: $(VENV)/.installed
	-$(BIN)/python -c "import hypothesis.strategies as drawn; drawn.text().validate()"
	touch $@

# What pytest makes of each test: once, in halves, before the many workers of `make test` do it all at once. The few of
# `make test-unit` need less time to do it themselves than to wait for it.
$(VENV)/.collected: $(VENV)/.drawn
	-$(COLLECT) tests/unit & $(COLLECT) --ignore=tests/unit & wait
	touch $@

.PHONY: lock
lock: ## Resolve the dependencies anew and write the locked requirements
	$(BIN)/python requirements/lock.py

.PHONY: demo
demo: install ## Show an invoice becoming licences on real servers (ARGS=--exit ends by itself)
	$(BIN)/python -m devstack demo $(ARGS)

.PHONY: up
up: install ## Run the whole stack with the settings of .env until Ctrl-C
	$(BIN)/python -m devstack up $(ARGS)

.PHONY: test
test: install $(VENV)/.collected ## Run all tests (ARGS="-k word" for some)
ifdef ARGS
	$(PYTEST) -n 4 $(ARGS)
else
	$(MAKE) --no-print-directory --jobs 2 test-domain test-beside
endif

.PHONY: test-unit
test-unit: install $(VENV)/.drawn ## Run the unit tests only, without servers: the domain's cover each of its branches
	$(MAKE) --no-print-directory --jobs 2 --output-sync test-domain test-others

.PHONY: test-domain test-others test-beside
test-domain:
	$(DOMAIN)
test-others:
	$(UNIT)
test-beside:
	$(ALL)

.PHONY: mutants
mutants: install ## Change the rules in small ways, one at a time: a unit test must notice each (20 minutes; ARGS="'*.retry*'")
	$(BIN)/python -m devstack mutants $(ARGS)

.PHONY: simulate
simulate: install ## Run worlds with faults by seed on a virtual clock (ARGS="--seeds 10000", "--seed 7", "--without fence")
	$(BIN)/python -m simulation $(ARGS)

.PHONY: faults
faults: install ## Kill, stop and deceive the real processes, one case after the other; a table at the end (ARGS=--list)
	$(BIN)/python -m devstack faults $(ARGS)

.PHONY: bench
bench: install ## Measure halosync beside what one would take instead (ARGS="--only plan intake --rounds 1", "--quick", "--list")
	test -x $(BENCH)/python || $(BIN)/python -m venv $(VENV)/bench
	$(BIN)/uv pip sync --quiet --python $(BENCH)/python --require-hashes requirements/bench.txt
	$(BIN)/python bench $(ARGS)

.PHONY: bench-report
bench-report: ## Measure the portal's pages of 20,000 lines against their bare statements: a row of the bench
	$(MAKE) --no-print-directory bench ARGS="--only report"

.PHONY: check
check: install ## Lint, formatting, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy libs services tests bench requirements
	$(BIN)/lint-imports

.PHONY: format
format: install ## Format the code and correct what can be corrected
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: audit
audit: install ## Look for known weaknesses of what runs in production, and write its bill of materials
	test -x $(AUDIT)/python || $(BIN)/python -m venv $(VENV)/audit
	$(BIN)/uv pip sync --quiet --python $(AUDIT)/python --require-hashes requirements/audit.txt
	$(AUDIT)/python requirements/audit.py

.PHONY: alerts
alerts: ## Try the alerts on made-up series (needs promtool, of Debian's package prometheus)
	cd deploy/monitoring && promtool check rules alerts.yml && promtool test rules alerts_test.yml

.PHONY: generate
generate: install ## Write the generated descriptions anew (AsyncAPI, OpenAPI, schema)
	$(BIN)/python -m halosync.messaging.asyncapi
	$(BIN)/python -m report_api.openapi
	$(BIN)/python -m devstack schema

.PHONY: clean
clean: ## Remove what was made, the virtual environment too
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .mutants
