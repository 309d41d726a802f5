# What a newcomer types. Every target installs what it lacks and says what it did.

.PHONY: demo test bench pictures fuzz-short check certs help

help:            ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

demo:            ## everything on loopback, sample letters, a page to look at (ARGS=--once walks by itself)
	@tests/install build
	cargo run --quiet --package gateway --bin sealgate -- demo $(ARGS)

test:            ## every test there is, real Postfix and Chromium included
	@tests/install build mail browser
	@tests/run

bench:           ## how long edits take; messages a second and CPU per 1,000, beside a raw splice and Postfix
	@tests/install build mail
	cargo build --quiet --release --package gateway --bin sealgate
	cargo bench --quiet --package mail --bench edit
	cargo run --quiet --release --package end-to-end --bin bench -- $(ARGS)

pictures:        ## what markings look like, for rules/MARKINGS.md, from the real gateway and browser
	@tests/install build browser
	cargo run --quiet --package end-to-end --bin pictures

fuzz-short:      ## the property tests over many more generated messages, bounded in time
	@tests/install build mail
	@tests/run fuzz

check:           ## formatting, lints, and with cargo-deny the licences; nothing is changed
	@tests/install build
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets -- --deny warnings
	@if cargo deny --version >/dev/null 2>&1; then \
	    cargo deny --log-level warn check licenses bans sources; \
	else \
	    echo "make check: cargo-deny is not installed; licences and bans were not checked"; \
	fi

certs:           ## a development authority and server certificate in certs/
	@tests/install certs
	@certs/make
