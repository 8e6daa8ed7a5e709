#!/bin/sh
# Generates the Swift package and checks it: as text always, and with its tests against the test
# gateway where there is a compiler.
#
# SW_GATEWAY_BIN names the gateway's program; without it the gateway is built.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"

# With the codecs, which the packages are shipped without, to test pictures.
SIGNALWIRE_CLIENT_FEATURES="${SIGNALWIRE_CLIENT_FEATURES:-capi,uniffi,rest-api,video-codecs}"
export SIGNALWIRE_CLIENT_FEATURES
sh "$here/../generate.sh" --dev swift
python3 "$here/check.py"
command -v swift >/dev/null 2>&1 || exit 0

SW_GATEWAY_BIN="$(sh "$here/../gateway.sh")"
export SW_GATEWAY_BIN
folder="$(sh "$here/../target_folder.sh")/debug"
cd "$here"
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
swift build --build-tests -Xlinker "-L$folder" >"$log" 2>&1 || {
    cat "$log"
    exit 1
}
# What is written by hand compiles without a word.
if grep -E "^$here/(Sources|Tests|Samples)/.*warning:" "$log" | grep -v "SignalWireClient/SignalWireClient.swift"; then
    echo "the compiler warns" >&2
    exit 1
fi
if [ "$(uname -s)" = Darwin ]; then
    exec swift test --skip-build
fi
# The program of the tests itself, as `swift test` of some distributions crashes (Debian, 6.0.3).
runtime="$(sh "$here/runtime.sh")"
LD_LIBRARY_PATH="$folder:$runtime${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export LD_LIBRARY_PATH
.build/debug/SignalWireClientPackageTests.xctest >"$log" 2>&1 || {
    cat "$log"
    exit 1
}
# "Executed N tests, with 0 failures", once for the whole.
sed -n 's/.*Executed \([0-9]*\) tests\{0,1\}, with 0 failures.*/\1 passed, 0 failed/p' "$log" | tail -n 1
