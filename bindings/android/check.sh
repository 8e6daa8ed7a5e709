#!/bin/sh
# Compiles the Android module and its sample against the framework's classes, and runs the tests that
# need no device. `bindings/kotlin/test.sh` comes first: it makes the classes that this builds on.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
kotlin="$here/../kotlin/target"
SW_GATEWAY_BIN="$(sh "$here/../gateway.sh")"
export SW_GATEWAY_BIN

mkdir -p "$here/check/target"
jar --create --file "$here/check/target/client.jar" -C "$kotlin/classes" .

python3 "$here/check.py"
cd "$here/check"
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
