#!/bin/sh
# One real call after another against the local gateway: Rust, then C, then Python. Each plays a
# tune to an address that sends it back, records what comes, and the recording is checked for
# every note. Ends with "demo passed"; any failure ends it with the reason.
set -eu
cd "$(dirname "$0")/.."

out=build/demo
target="$(sh bindings/target_folder.sh)/debug"
tune="$out/tune.wav"
gateway_pid=""

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m') green=$(printf '\033[32m') red=$(printf '\033[31m') plain=$(printf '\033[0m')
else
    bold="" green="" red="" plain=""
fi

section() { printf '\n%s== %s%s\n' "$bold" "$1" "$plain"; }
fail() {
    printf '\n%sdemo failed: %s%s\n' "$red" "$1" "$plain" >&2
    exit 1
}

stop_gateway() {
    [ -z "$gateway_pid" ] || kill "$gateway_pid" 2>/dev/null || true
}
trap stop_gateway EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# limited COMMAND...: a call that hangs must not keep the demo.
limited() {
    if command -v timeout >/dev/null 2>&1; then timeout 60 "$@"; else "$@"; fi
}

# A text member of the gateway's line of JSON.
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$out/gateway.json"; }

# check RECORDING: it holds the tune, or the demo fails.
check() {
    printf '\n'
    "$target/examples/melody" check "$1" || fail "the tune did not come back"
    printf '%sthe tune came back%s\n' "$green" "$plain"
}

need_files() {
    for file in examples/c/Makefile examples/python/dial.py bindings/python/build_wheel.sh; do
        [ -e "$file" ] || fail "$file is missing: this checkout is not complete"
    done
    for tool in cargo cc make cmake python3; do
        command -v "$tool" >/dev/null 2>&1 || fail "$tool is missing; run: sh scripts/setup.sh demo"
    done
}

build() {
    section "Building (the first time takes some minutes)"
    # Without optimization: whoever tries it waits for the build, not for the calls.
    cargo build --package signalwire-gateway --bin sw-gateway \
        --package signalwire-client --example softphone --example melody || fail "it does not build"
    mkdir -p "$out"
    rm -f "$out"/*.wav "$out/gateway.json"
    "$target/examples/melody" make "$tune" || fail "the tune cannot be written to $tune"
}

start_gateway() {
    section "Starting the gateway: SignalWire on this machine"
    "$target/sw-gateway" --ca-out "$out/ca.pem" >"$out/gateway.json" &
    gateway_pid=$!
    tries=0
    until [ -n "$(member ws_url)" ]; do
        tries=$((tries + 1))
        [ "$tries" -le 100 ] && kill -0 "$gateway_pid" 2>/dev/null || fail "the gateway did not start"
        sleep 0.1
    done
    SW_WS_URL=$(member ws_url) SW_HTTP_URL=$(member http_url) SW_SPACE_URL=$(member http_url)
    SW_PROJECT=$(member project) SW_API_TOKEN=$(member api_token) SW_TOKEN=$(member token)
    SW_CA_FILE="$PWD/$out/ca.pem"
    export SW_WS_URL SW_HTTP_URL SW_SPACE_URL SW_PROJECT SW_API_TOKEN SW_TOKEN SW_CA_FILE
    echo "REST, WebSocket and media on $SW_HTTP_URL"
}

rust_call() {
    section "Rust: who am I, and whom can I call?"
    echo "\$ softphone --mint info"
    limited "$target/examples/softphone" --mint info || fail "no subscriber info"
    printf '\n%s\n' "\$ softphone --mint addresses"
    limited "$target/examples/softphone" --mint addresses || fail "no addresses"

    section "Rust: a call to /public/echo"
    echo "\$ softphone --mint dial /public/echo --play $tune --record $out/rust.wav"
    limited "$target/examples/softphone" --mint dial /public/echo \
        --play "$tune" --record "$out/rust.wav" </dev/null ||
        fail "the softphone's call failed with exit code $? (softphone --help has their meaning)"
    check "$out/rust.wav"
}

c_call() {
    section "C: the same call"
    make --no-print-directory -C examples/c PROFILE=dev || fail "the C example does not build"
    echo "\$ examples/c/dial /public/echo --play $tune --record $out/c.wav"
    limited examples/c/dial /public/echo --play "$tune" --record "$out/c.wav" </dev/null ||
        fail "the C example's call failed with exit code $?"
    check "$out/c.wav"
}

python_call() {
    section "Python: the same call"
    python="${PYTHON:-python3}"
    wheel=$(SIGNALWIRE_CLIENT_PROFILE=dev sh bindings/python/build_wheel.sh "$out") || fail "the wheel does not build"
    "$python" -m venv "$out/venv" || fail "no virtual environment; run: sh scripts/setup.sh demo"
    "$out/venv/bin/pip" install --quiet --disable-pip-version-check --force-reinstall "$wheel" ||
        fail "the wheel cannot be installed"
    echo "\$ python examples/python/dial.py /public/echo --play $tune --record $out/python.wav"
    limited "$out/venv/bin/python" examples/python/dial.py /public/echo \
        --play "$tune" --record "$out/python.wav" </dev/null ||
        fail "the Python example's call failed with exit code $?"
    check "$out/python.wav"
}

next_steps() {
    printf '\n%sdemo passed%s\n\n' "$green$bold" "$plain"
    cat <<END
What next:
  listen                    $out/rust.wav, c.wav and python.wav
  another address           softphone dial /public/busy (or slow, early, never, bye)
  drive it from a script    softphone --json dial /public/echo <commands.txt
  your own space            export SW_PROJECT=… SW_API_TOKEN=…
                            export SW_SPACE_URL=https://example.signalwire.com
                            softphone --mint addresses
  everything it can do      softphone --help; softphone help dial

softphone is $target/examples/softphone; a gateway to try it with:
  $target/sw-gateway --ca-out ca.pem
Your own program: README.md, examples/softphone/phone.rs, examples/c, examples/python.
END
}

need_files
build
start_gateway
rust_call
c_call
python_call
next_steps
