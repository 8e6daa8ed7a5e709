#!/bin/sh
# The size of the shared library that language packages ship: both faces, release, stripped.
set -eu
cd "$(dirname "$0")/.."
release=${CARGO_TARGET_DIR:-target}/release
cargo rustc --quiet --release --lib --features capi,uniffi --crate-type cdylib
stripped=$(mktemp)
trap 'rm -f "$stripped"' EXIT
strip -o "$stripped" "$release/libsignalwire_client.so"
echo "libsignalwire_client.so, both faces, stripped: $(stat -c %s "$stripped") bytes"
