# The two commands a newcomer needs: `make run` and `make test`. `make help` lists the rest.
# The work is in tools/; here is only what depends on what.

# rustup installs cargo there, and a shell opened before does not know it yet.
export PATH := $(PATH):$(HOME)/.cargo/bin

# Where `make run` serves.
LISTEN ?= 127.0.0.1:8080

.DEFAULT_GOAL := help
.PHONY: help run test check bench assets build-tools test-tools lock
.NOTPARALLEL:

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1	/p' $(MAKEFILE_LIST) | expand -t 10

run: build-tools assets ## build and serve the census with demonstration data on 127.0.0.1:8080 (LISTEN=...)
	cargo build --locked
	tools/run $(LISTEN)

test: test-tools assets ## run every test, with PostgreSQL and a browser
	tools/with-postgres tools/test

check: build-tools assets ## formatting and lints, warnings are errors
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

bench: test-tools assets ## measure (release build)
	tools/with-postgres tools/bench

# rust-embed takes static/ into the binary, so every cargo build comes after this.
assets: static/vendor/licences.txt ## copy the front-end packages to static/vendor/

static/vendor/licences.txt: node_modules/.package-lock.json tools/vendor
	tools/vendor

# npm writes this file when it has installed what the lock file says.
node_modules/.package-lock.json: package-lock.json .npmrc | build-tools
	npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

build-tools:
	@tools/ensure build

test-tools:
	@tools/ensure build test

# The sponsors' addresses are dropped: the file then holds versions and hashes, and no address at all.
lock: build-tools ## write package-lock.json again after a change of package.json
	npm install --package-lock-only --ignore-scripts
	node tools/without-addresses.mjs package-lock.json
