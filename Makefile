# signalwire-client: everything a person or a CI machine does, by name.
#
#   make demo      one real call against the local gateway: Rust, then C, then Python
#   make test      every test in every language; ends with the count
#   make bench     the benchmarks, with their numbers
#   make bench-quality   speech over bad networks, scored with PESQ; writes docs/voice_quality.md
#   make docs      the guides and the reference of each language, as pages in build/docs
#   make features  plays the scenarios in every language and writes docs/features.md
#   make size      builds every artefact in release and writes docs/size.md
#   make install PREFIX=/usr/local   the C library, header, pkg-config and CMake files

PREFIX ?= /usr/local
CARGO ?= cargo

.PHONY: all demo test bench bench-quality docs features size header bindings wheel install setup clean

all:
	$(CARGO) build --workspace --all-features

demo:
	sh scripts/setup.sh demo
	sh scripts/demo.sh

test:
	sh scripts/setup.sh all
	sh scripts/test.sh

bench:
	sh scripts/setup.sh demo
	sh scripts/bench.sh

# Needs espeak-ng. The score's packages live in an environment of their own.
bench-quality:
	python3 -m venv build/quality-env
	build/quality-env/bin/pip install --quiet numpy==2.* pesq==0.0.4
	build/quality-env/bin/python benches/voice_quality.py

docs:
	sh scripts/setup.sh docs
	sh scripts/docs.sh

# The packages of Python and Kotlin must have been built: make test does.
features:
	$(CARGO) build --all-features --examples
	SW_RECORD_SCENARIOS=1 $(CARGO) test --all-features --test scenarios
	SW_RECORD_SCENARIOS=1 sh scripts/scenarios.sh
	SW_UPDATE_DOCS=1 $(CARGO) test --all-features --test docs

size:
	sh scripts/size.sh

header:
	SW_UPDATE_HEADER=1 $(CARGO) test --features capi --test header

bindings:
	sh bindings/generate.sh

wheel:
	sh bindings/python/build_wheel.sh build --testing

install:
	sh scripts/install.sh "$(PREFIX)"

clean:
	$(CARGO) clean
	rm -rf build
