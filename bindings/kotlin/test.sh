#!/bin/sh
# Generates the Kotlin package, compiles it and runs its tests against the test gateway.
#
# SW_GATEWAY_BIN names the gateway's program; without it the gateway is built. Maven works offline
# when everything it needs is in its local repository, and fetches it once otherwise.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"

# With the codecs, which the packages are shipped without, to test pictures.
SIGNALWIRE_CLIENT_FEATURES="${SIGNALWIRE_CLIENT_FEATURES:-capi,uniffi,rest-api,video-codecs}"
export SIGNALWIRE_CLIENT_FEATURES
sh "$here/../generate.sh" --dev kotlin
SW_GATEWAY_BIN="$(sh "$here/../gateway.sh")"
export SW_GATEWAY_BIN

cd "$here"
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
if mvn --batch-mode --no-transfer-progress --offline test >"$log" 2>&1; then
    grep -E '^\[(INFO|WARNING)\] Tests run: [^T]*$' "$log" | tail -n 1
elif grep -qE 'in offline mode|has not been downloaded' "$log"; then
    mvn --batch-mode --no-transfer-progress test
else
    cat "$log"
    exit 1
fi
