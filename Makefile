# `make` alone lists the targets. ARGS is handed on:   make test ARGS='--filter Lease'

.DEFAULT_GOAL := help
.PHONY: demo test test-long test-postgres faults faults-long sanitize coverage fuzz planted bench docs build format
.PHONY: clean help

# Quiet unless it fails: what comes after it is what one wants to read.
define build-release
@scripts/setup
@echo "Building penstock (release); the first time takes a few minutes."
@mkdir -p .build
@swift build -c release --product penstock >.build/release.log 2>&1 || { cat .build/release.log >&2; exit 1; }
endef

demo: ## Build the command and run its demonstration
	$(build-release)
	@.build/release/penstock demo $(ARGS)

test: ## Lint, build and run every test; ARGS go to swift test
	@scripts/test $(ARGS)

test-long: ## The same, with the long tests: more seeds, more crashes, more items
	@PENSTOCK_LONG=1 scripts/test $(ARGS)

test-postgres: ## Run the tests that need a PostgreSQL server, which is started for them
	@scripts/test --postgres $(ARGS)

sanitize: ## Run the tests under the thread and address sanitizers; SANITIZERS chooses one
	@scripts/setup
	@scripts/sanitize $(ARGS)

coverage: ## Report which lines of the sources the tests reach; ARGS go to swift test
	@scripts/setup
	@scripts/coverage $(ARGS)

fuzz: ## Feed every decoder with inputs that reach ever more code; ARGS name targets
	@scripts/setup
	@scripts/fuzz $(ARGS)

planted: ## Plant the bugs of Tests/Planted one by one, and see that each is found; ARGS are names of bugs
	@scripts/planted $(ARGS)

bench: ## Measure the engine and what runs in memory, then their peers; PEERS=no stops before
	$(build-release)
	@.build/release/penstock bench durable $(ARGS)
	@echo; .build/release/penstock bench flow
	@$(if $(filter no,$(PEERS)),,echo; scripts/bench-peers $(PEERS))
	@$(if $(filter no,$(PEERS)),,echo; scripts/bench-flow-peers)

faults: ## Do faults to real processes and report what came of it; ARGS go to the harness: --only F1,F12
	@scripts/faults $(ARGS)

faults-long: ## The same with the full counts, which take hours
	@scripts/faults --long $(ARGS)

docs: ## Build the reference of the public modules in .build/docs
	@scripts/setup
	@scripts/docs

build: ## Build everything for debugging
	@scripts/setup
	@swift build $(ARGS)

format: ## Format the Swift sources in place
	@swift format --in-place --parallel --recursive Sources Tests Examples Package.swift

clean: ## Remove everything that was built
	@rm -rf .build

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
