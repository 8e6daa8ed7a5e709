#!/bin/sh
# Runs the browser SDK in Chromium against the gateway, in both dialects, and a login with the
# softphone.
#
# SW_GATEWAY_BIN  the gateway to test; built with cargo when it is not set
# SW_SOFTPHONE_BIN  the native softphone; built with cargo when it is not set
# CHROMIUM        the browser; /usr/bin/chromium when it is not set
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here"

CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
if [ ! -x "$CHROMIUM" ]; then
    echo "installing chromium" >&2
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >&2
fi
if [ ! -d node_modules/@signalwire/js ] || [ ! -d node_modules/playwright-core ]; then
    npm ci --no-audit --no-fund >&2
fi
if [ -z "${SW_GATEWAY_BIN:-}" ]; then
    target=$(cargo metadata --format-version 1 --no-deps --manifest-path ../gateway/Cargo.toml |
        node -e 'let s="";process.stdin.on("data",d=>s+=d).on("end",()=>console.log(JSON.parse(s).target_directory))')
    cargo build --quiet --manifest-path ../gateway/Cargo.toml --bin sw-gateway >&2
    SW_GATEWAY_BIN=$target/debug/sw-gateway
fi
if [ -z "${SW_SOFTPHONE_BIN:-}" ]; then
    cargo build --quiet --manifest-path ../../Cargo.toml --example softphone >&2
    SW_SOFTPHONE_BIN=$(dirname "$SW_GATEWAY_BIN")/examples/softphone
fi
export CHROMIUM SW_GATEWAY_BIN SW_SOFTPHONE_BIN
node login.mjs
exec node run.mjs "$@"
