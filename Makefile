# `make run` builds and runs a server to try out; `make test` runs every check. Each installs what it needs and
# is not there, see scripts/need.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run build pages test fmt lint deny audit doc unit sdk web docs bench plots cluster chaos

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

run: build ## Build, and run a server to try out, with two users
	exec target/release/nuncio dev

build: ## Build target/release/nuncio, with the web parts inside
	@scripts/need compiler
	@if scripts/need node; then scripts/web; else echo "note: without Node.js the server is built without \
	its web pages, the demo and the console; all else is there" >&2; fi
	cargo build --release --locked --package nuncio

pages: ## Build the web parts, which the server carries
	@scripts/need node
	scripts/web

# The pages first: a server that was built before them would be built again.
test: pages fmt lint deny doc unit sdk web ## Run all checks and all tests

fmt: ## Check the formatting (`cargo fmt --all` mends it)
	@scripts/need compiler lints
	cargo fmt --all --check

lint: ## Run clippy
	@scripts/need compiler lints
	cargo clippy --workspace --all-targets --locked -- -D warnings

deny: ## Check the dependencies' licences, bans and sources
	@scripts/need compiler deny
	target/tools/bin/cargo-deny --locked check licenses bans sources

audit: ## Check the dependencies for published vulnerabilities; fetches the list of them
	@scripts/need compiler deny
	target/tools/bin/cargo-deny --locked check advisories

doc: ## Build the code's documentation
	@scripts/need compiler
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet

unit: ## Run the tests in Rust
	@scripts/need compiler postgres nats faketime sqlite python
	cargo test --workspace --locked

sdk: ## Run the tests of the official server SDK, on both stores
	@scripts/need compiler postgres python
	cargo build --locked --package nuncio
	cargo run --quiet --locked --package nuncio-testkit --example with_postgres -- tests/sdk/run

web: pages ## Run the tests of the web parts, in Chromium too, against target/debug/nuncio
	@scripts/need compiler postgres nats node chromium
	cargo build --locked --package nuncio
	cargo build --locked --package nuncio-testkit --example cluster
	PATH="$$PWD/target/tools/node/node_modules/.bin:$$PATH" NUNCIO_BIN="$$PWD/target/debug/nuncio" \
		npm test --prefix web --ignore-scripts

cluster: build ## Build, and run three nodes on PostgreSQL and NATS, to try out
	@scripts/need postgres nats
	@scripts/cluster

chaos: ## Let nodes, cables, bus and database fail for an hour, and judge what clients saw
	@scripts/need compiler postgres nats faketime
	NUNCIO_CHAOS_SECONDS=$${NUNCIO_CHAOS_SECONDS:-3600} cargo test --locked --package nuncio --test e2e \
		-- --exact --nocapture chaos::the_promises_hold_while_nodes_cables_bus_and_database_fail

docs: ## Write anew the pages of docs/ that are made from the program
	cargo run --quiet --package nuncio -- docs codes > docs/codes.md.new
	mv docs/codes.md.new docs/codes.md
	cargo run --quiet --package nuncio -- docs config > docs/nuncio.example.toml.new
	mv docs/nuncio.example.toml.new docs/nuncio.example.toml

bench: ## Measure the speed goals, and Nuncio beside its limit and its peers, on the release build
	@scripts/need compiler postgres
	@scripts/need ejabberd || echo "note: without ejabberd it is reported as missing" >&2
	cargo build --release --locked --package nuncio --package nuncio-bench
	mkdir -p target/bench
	target/release/nuncio-bench compare --json target/bench/compare.json
	target/release/nuncio-bench goals --json target/bench/goals.json

plots: ## Make the pictures of docs/performance.md from what `make bench` and the mix wrote to target/bench
	cargo run --quiet --release --locked --package nuncio-bench -- plot target/bench/*.json
