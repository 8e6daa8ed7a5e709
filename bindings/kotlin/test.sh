#!/usr/bin/env bash
# Generates the Kotlin package, compiles it and runs its tests against the test gateway.
#
#   bindings/kotlin/test.sh [--dev]
#
# SW_GATEWAY_BIN names the gateway's program; without it the gateway is built. Maven works offline
# when everything it needs is in its local repository, and fetches it once otherwise.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"

"$root/bindings/generate.sh" "$@" kotlin
if [ -z "${SW_GATEWAY_BIN:-}" ]; then
  (cd "$root" && cargo build --quiet -p signalwire-gateway)
  target="$(cd "$root" && cargo metadata --format-version 1 --no-deps |
    sed 's/.*"target_directory":"\([^"]*\)".*/\1/')"
  export SW_GATEWAY_BIN="$target/debug/sw-gateway"
fi

cd "$here"
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
if mvn --batch-mode --no-transfer-progress --offline test > "$log" 2>&1; then
  grep -E '^\[(INFO|WARNING)\] Tests run:' "$log" | tail -1
elif grep -qE 'in offline mode|has not been downloaded' "$log"; then
  mvn --batch-mode --no-transfer-progress test
else
  cat "$log"
  exit 1
fi
