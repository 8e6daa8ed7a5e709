#!/bin/sh
# Prints the program of the test gateway: SW_GATEWAY_BIN, or what cargo builds.
set -eu
if [ -z "${SW_GATEWAY_BIN:-}" ]; then
    cd "$(dirname "$0")/.."
    cargo build --quiet --package signalwire-gateway --bin sw-gateway
    SW_GATEWAY_BIN="$(sh bindings/target_folder.sh)/debug/sw-gateway"
fi
echo "$SW_GATEWAY_BIN"
