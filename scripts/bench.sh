#!/bin/sh
# The benchmarks. Numbers are for this machine, now; compare them with others of the same run.
set -eu
cd "$(dirname "$0")/.."
cargo bench --bench call_setup
cargo bench --bench one_call
cargo bench --bench survival
if pkg-config --exists vpx; then
    cargo bench --package signalwire-video-codecs --all-features --bench codecs
fi
sh scripts/size.sh both-faces
