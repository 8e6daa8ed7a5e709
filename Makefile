# signalwire-client: everything a person or a CI machine does, by name.
#
#   make demo      one real call against the local gateway: Rust, then C, then Python
#   make test      every test in every language; ends with the count
#   make bench     the benchmarks, with their numbers
#   make docs      the Rust documentation and the C header
#   make install PREFIX=/usr/local   the C library, header, pkg-config and CMake files

PREFIX ?= /usr/local
CARGO ?= cargo

.PHONY: all demo test bench docs header bindings wheel install setup clean

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

docs:
	$(CARGO) doc --no-deps --all-features
	@echo "Rust: target/doc/signalwire_client/index.html    C: include/signalwire.h"

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
