# Everything runs from .venv, set up from the lock files under requirements/. See CONTRIBUTING.md.
PYTHON ?= python3
BIN := .venv/bin
LOANS ?= 20000
KILLS ?= 200
BORROWERS ?= 1000
PLANNED ?= 10000
WORKERS ?= 8
SEED ?= 7

.PHONY: help demo test check audit bench storm frontier league kills mutate screenshots translations lock clean
help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

.venv/made-run: requirements/build.txt requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	@echo "setting up .venv (first time: a minute or two)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/build.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-build-isolation -r requirements/run.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/made-dev: .venv/made-run requirements/dev.txt
	@echo "setting up the development tools (a few minutes: Spark is large)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-build-isolation -r requirements/dev.txt
	@touch $@

demo: .venv/made-run  ## a desk on a sample book, with a user of each role; Ctrl-C stops it
	@$(BIN)/forbear demo --loans $(LOANS) --out demo

test: .venv/made-dev  ## the tests
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

check: .venv/made-dev  ## lint, types, import rules, security lint, known weaknesses where their data can be reached
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/bandit -q -c pyproject.toml -r forbear
	@$(BIN)/python requirements/audit.py --where-reachable

audit: .venv/made-dev  ## known weaknesses of what we depend on (asks a database on the network)
	@$(BIN)/python requirements/audit.py

bench: .venv/made-dev  ## speed, memory and the real books' figures (half an hour); pages under benchmarks/
	@$(BIN)/python benchmarks/bench_night.py --out benchmarks/night.md
	@$(BIN)/python benchmarks/bench_gate.py --pack cn
	@$(BIN)/python benchmarks/bench_language.py
	@$(BIN)/python benchmarks/bench_replies.py
	@$(BIN)/python benchmarks/bench_allocate.py
	@$(BIN)/python benchmarks/allocate_noise.py
	@$(BIN)/python benchmarks/risk_real_data.py --out benchmarks/risk.md
	@$(BIN)/python benchmarks/bench_risk.py --out benchmarks/risk_speed.md
	@$(BIN)/python benchmarks/reference_books.py
	@$(BIN)/python benchmarks/reference_statuses.py
	@$(BIN)/python benchmarks/bench_simulate.py
	@$(BIN)/python benchmarks/bench_offpolicy.py
	@$(BIN)/python benchmarks/bench_causes.py
	@$(BIN)/python benchmarks/bench_exports.py --out benchmarks/exports.md
	@$(BIN)/python benchmarks/bench_ledger.py --out benchmarks/ledger.md
	@$(BIN)/python benchmarks/bench_import.py
	@$(BIN)/python benchmarks/bench_pages.py
	@$(BIN)/python benchmarks/bench_contact.py --out benchmarks/contact.md
	@$(BIN)/python benchmarks/results.py

storm: .venv/made-dev  ## the dispatcher under kills, faults and jumping clocks (BORROWERS, PLANNED, KILLS, WORKERS, SEED)
	@rm -rf storm
	@$(BIN)/python -m forbear.testing.storm --borrowers $(BORROWERS) --planned $(PLANNED) --kills $(KILLS) \
		--workers $(WORKERS) --seed $(SEED) --out storm

frontier: .venv/made-run  ## what contacts brought against their number, three seeds a world: docs/images/frontier.svg (five minutes)
	@$(BIN)/forbear simulate --world all --strategy ladder --strategy random --strategy uplift --strategy least \
		--strategy forbear --borrowers 1500 --days 120 --seeds 3 --language en --out frontier
	@cp frontier/frontier.svg docs/images/frontier.svg

league: .venv/made-dev  ## strategies against each other on simulated borrowers, 20 seeds a world (half an hour)
	@$(BIN)/python benchmarks/league.py
	@$(BIN)/python benchmarks/results.py

kills: .venv/made-dev  ## kill a desk under load, 200 times (KILLS=...), and audit what it acknowledged (half an hour)
	@$(BIN)/python benchmarks/bench_faults.py --kills $(KILLS)
	@$(BIN)/python benchmarks/results.py

mutate: .venv/made-dev  ## change the gate's mechanisms in many small ways; list the changes no test notices
	@rm -rf mutants
	@$(BIN)/mutmut run --max-children 2
	@$(BIN)/mutmut results

screenshots: .venv/made-dev  ## take the screenshots of docs/desk.md anew (needs Chromium)
	@$(BIN)/python tests/desk/pages/screenshots.py docs/images

translations: .venv/made-dev  ## bring the desk's Chinese words up to date; names what waits
	@$(BIN)/python -m forbear.desk.translating

lock:  ## pin the dependencies anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q --allow-unsafe requirements/build.in -o requirements/build.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q pyproject.toml -o requirements/run.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q --extra dev --extra spark --extra voice pyproject.toml -o requirements/dev.txt

clean:  ## remove what was made
	rm -rf demo storm frontier mutants .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
