# `make run` builds and runs a server to try out; `make test` runs every check. Each installs what it needs and
# is not there, see scripts/need.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run build test fmt lint deny audit doc unit sdk web docs bench

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

run: build ## Build, and run a server to try out, with two users
	exec target/release/nuncio dev

build: ## Build target/release/nuncio
	@scripts/need compiler
	cargo build --release --locked --package nuncio

test: fmt lint deny doc unit sdk ## Run all checks and all tests

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
	@scripts/need compiler postgres nats
	cargo test --workspace --locked

sdk: ## Run the tests of the official server SDK, on both stores
	@scripts/need compiler postgres python
	cargo build --locked --package nuncio
	cargo run --quiet --locked --package nuncio-testkit --example with_postgres -- tests/sdk/run

web: ## Build and test the client SDK for the web, against target/debug/nuncio too when it is there
	@scripts/need node
	cd web && npm ci && npm test

docs: ## Write anew the pages of docs/ that are made from the program
	cargo run --quiet --package nuncio -- docs codes > docs/codes.md.new
	mv docs/codes.md.new docs/codes.md
	cargo run --quiet --package nuncio -- docs config > docs/nuncio.example.toml.new
	mv docs/nuncio.example.toml.new docs/nuncio.example.toml

bench: ## Measure a server under thousands of connections
	@scripts/need compiler
	cargo build --release --locked --package nuncio --package nuncio-bench
	target/release/nuncio-bench load
