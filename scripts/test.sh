#!/bin/sh
# Runs every test in every language and ends with the count. A step that fails does not keep the
# others from running; the exit code tells whether all passed.
set -u
cd "$(dirname "$0")/.."
logs=build/test-logs
mkdir -p "$logs"
passed=0
failed=0

# step NAME COMMAND...: runs it, shows its end when it fails, and adds up what it counted.
step() {
    name=$1
    shift
    printf '== %s\n' "$name"
    log="$logs/$(echo "$name" | tr ' /' '__').log"
    "$@" >"$log" 2>&1
    code=$?
    counts=$(python3 scripts/count.py "$log" "$code")
    passed=$((passed + ${counts% *}))
    failed=$((failed + ${counts#* }))
    if [ "$code" -ne 0 ]; then
        tail -n 80 "$log"
        printf '   FAILED (whole output: %s)\n' "$log"
    else
        printf '   %s passed\n' "${counts% *}"
    fi
}

step "format" cargo fmt --all --check
step "lint" cargo clippy --workspace --all-targets --all-features --quiet -- -D warnings
step "rust" cargo test --workspace --all-features --no-fail-fast
step "scripts" python3 -m unittest discover -s scripts
step "rust documentation" cargo test --all-features --doc
export SW_GATEWAY_BIN="${SW_GATEWAY_BIN:-$(pwd)/${CARGO_TARGET_DIR:-target}/debug/sw-gateway}"
step "gateway" cargo build --package signalwire-gateway --bin sw-gateway
step "python" sh bindings/python/test.sh
step "kotlin" sh bindings/kotlin/test.sh
step "android" sh bindings/android/check.sh
step "swift" sh bindings/swift/test.sh
step "scenarios" sh scripts/scenarios.sh
step "browser sdk" sh tests/browser/run.sh

printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
