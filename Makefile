# What people and CI run. `make help` lists the targets.

CARGO ?= cargo
DATA ?= data
PORT ?= 8080
PATIENTS ?= 200

.PHONY: help demo test check unit e2e bench deny fmt doc

help: ## Lists the targets.
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: ## Builds, then starts a region of eight organisations on this machine.
	$(CARGO) build --release --locked -p schakel
	./target/release/schakel demo --data $(DATA) --port $(PORT) --patients $(PATIENTS)

test: ## Installs what the tests need, then runs all of them.
	./scripts/prepare-tests
	$(MAKE) check unit e2e

check: ## Formatting, lints and the rules of the house.
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) run --locked -q -p xtask -- tidy

unit: ## Unit, integration and end-to-end tests in Rust.
	$(CARGO) test --workspace --locked

e2e: ## The story in a real browser, against a real region.
	./scripts/browser-tests

bench: ## Measures, and prints the table of docs/performance.md.
	./scripts/bench

deny: ## Licences, bans, sources and known holes of what is built in; needs cargo-deny, and the network for the holes.
	$(CARGO) deny --locked check

doc: ## The API documentation of all rooms.
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked
