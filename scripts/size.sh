#!/bin/sh
# How large the artefacts are, and what importing the Python package costs.
#
#   scripts/size.sh              builds everything in release and writes docs/size.md: many minutes
#   scripts/size.sh both-faces   only the shared library with both faces
#
# Each library is built with the profile "release" of Cargo.toml and stripped. The C libraries are
# linked as scripts/install.sh does it for an installation; those with the generated interface are
# the cdylib that the packages ship.
set -eu
cd "$(dirname "$0")/.."
target="$(sh bindings/target_folder.sh)"
work=build/size
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
python="${PYTHON:-python3}"
table=""

bytes() { stat -c %s "$1"; }

# c_library DIRECTORY FEATURES [cargo's flags]: installs it there.
c_library() {
    rm -rf "${work:?}/$1"
    SIGNALWIRE_CLIENT_FEATURES=$2 SIGNALWIRE_CLIENT_FLAGS=${3:-} PROFILE=release \
        sh scripts/install.sh "$(pwd)/$work/$1" >/dev/null
}

# cdylib FEATURES: builds the library of the packages and gives its stripped size.
cdylib() {
    cargo rustc --quiet --release --lib --features "$1" --crate-type cdylib >&2
    strip --strip-unneeded -o "$work/library.so" "$target/release/libsignalwire_client.so"
    bytes "$work/library.so"
}

# row WHAT FEATURES BYTES GOAL_MB: one line of the table; no goal is 0.
row() {
    line=$(awk -v what="$1" -v features="$2" -v bytes="$3" -v goal="$4" 'BEGIN {
        size = bytes / 1048576
        verdict = goal == 0 ? "" : sprintf("%s %s", goal " MB:", size <= goal ? "met" : "missed")
        printf "| %s | `%s` | %.2f MB | %s |", what, features, size, verdict
    }')
    echo "$line"
    table="$table$line
"
}

libraries() {
    c_library minimal capi --no-default-features
    row "C library, audio and video calls alone, shared" "capi, no defaults" \
        "$(bytes "$work/minimal/lib/libsignalwire_client.so.$version")" 5
    c_library default capi
    row "C library with logins and device keys, shared" "capi" \
        "$(bytes "$work/default/lib/libsignalwire_client.so.$version")" 0
    c_library installed capi,rest-api
    row "C library as \`make install\` gives it, shared" "capi,rest-api" \
        "$(bytes "$work/installed/lib/libsignalwire_client.so.$version")" 0
    row "the same, static (before it is linked)" "capi,rest-api" \
        "$(bytes "$work/installed/lib/libsignalwire_client.a")" 0
    row "both faces, for applications" "capi,uniffi" "$(cdylib capi,uniffi)" 8
}

# The smallest of nine: what it costs when nothing else disturbs.
milliseconds() { # statement
    for _ in 1 2 3 4 5 6 7 8 9; do
        "$environment/bin/python" -c "import time
begin = time.perf_counter()
$1
print(f'{1000 * (time.perf_counter() - begin):.1f}')"
    done | sort -n | head -n 1
}

resident() { # statement
    "$environment/bin/python" -c "$1
print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmRSS')))"
}

python_package() {
    wheel=$(SIGNALWIRE_CLIENT_PROFILE=release sh bindings/python/build_wheel.sh "$work")
    row "Python wheel" "capi,uniffi,rest-api" "$(bytes "$wheel")" 6
    environment=$work/environment
    "$python" -m venv --clear "$environment"
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check "$wheel"
    "$environment/bin/python" -c "import signalwire_client, signalwire_client.client" # writes .pyc
    lazy=$(milliseconds "import signalwire_client")
    whole=$(milliseconds "from signalwire_client import Client")
    bare=$(resident "pass")
    loaded=$(resident "from signalwire_client import Client")
}

verdict() { awk -v is="$1" -v goal="$2" 'BEGIN { print is <= goal ? "met" : "missed" }'; }

report() {
    loaded_mb=$(awk -v kb="$loaded" 'BEGIN { printf "%.1f", kb / 1024 }')
    bare_mb=$(awk -v kb="$bare" 'BEGIN { printf "%.1f", kb / 1024 }')
    cat <<END
# Sizes

Measured by \`make size\`, which writes this page: $(rustc --version), $(uname -m), profile \`release\`
(size first, what works per sample and packet built for speed, fat LTO), stripped. MB are 2^20 bytes. Numbers are of version
$version on one machine; compare them with others of the same run.

| artefact | features | size | goal |
|---|---|---|---|
$table
The smallest C library has no logins, device keys and REST API. It cannot be built without video.

| Python $("$python" -c 'import platform; print(platform.python_version())') | | goal |
|---|---|---|
| \`import signalwire_client\`, best of 9 | $lazy ms | 40 ms: $(verdict "$lazy" 40) |
| \`from signalwire_client import Client\`, which loads the library, best of 9 | $whole ms | |
| resident with \`Client\` imported | $loaded_mb MB | 25 MB: $(verdict "$loaded_mb" 25) |
| … of which the interpreter alone | $bare_mb MB | |

How: libraries as \`scripts/install.sh\` links them and as the packages ship them; the time inside a new interpreter around the
statement, compiled files being there; \`VmRSS\` after it.
END
}

mkdir -p "$work"
if [ "${1:-all}" = both-faces ]; then
    echo "libsignalwire_client.so, both faces, stripped: $(cdylib capi,uniffi) bytes"
    exit 0
fi
libraries
python_package
report >docs/size.md
sed -n '/^|/p' docs/size.md
