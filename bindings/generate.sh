#!/bin/sh
# Builds the library once and writes the packages' generated parts to where each expects them.
#
#   bindings/generate.sh [--dev] [python] [kotlin] [swift]        all three by default
#
# --dev, or SIGNALWIRE_CLIENT_PROFILE=dev, builds without optimisation, for tests.
# SIGNALWIRE_CLIENT_FEATURES=LIST sets the features of the library; by default capi,uniffi,rest-api.
# SIGNALWIRE_CLIENT_LIBRARY=FILE takes this library, not stripped, instead of building one.
set -eu
cd "$(dirname "$0")/.."

profile="${SIGNALWIRE_CLIENT_PROFILE:-release}"
# Programs on servers and desktops may be backends. Applications that are given away are built without
# "rest-api": SIGNALWIRE_CLIENT_FEATURES=capi,uniffi
features="${SIGNALWIRE_CLIENT_FEATURES:-capi,uniffi,rest-api}"
languages=""
for argument in "$@"; do
    case "$argument" in
        --dev) profile=dev ;;
        python | kotlin | swift) languages="$languages $argument" ;;
        *)
            sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
            exit 2
            ;;
    esac
done
[ -n "$languages" ] || languages="python kotlin swift"

# The system and the processor as JNA names them, and the library's file name.
case "$(uname -s)" in
    Darwin) system=darwin file=libsignalwire_client.dylib ;;
    MINGW* | MSYS* | CYGWIN*) system=win32 file=signalwire_client.dll ;;
    *) system=linux file=libsignalwire_client.so ;;
esac
case "$(uname -m)" in
    x86_64 | amd64) processor=x86-64 ;;
    arm64) processor=aarch64 ;;
    *) processor="$(uname -m)" ;;
esac

target="$(sh bindings/target_folder.sh)"
library="${SIGNALWIRE_CLIENT_LIBRARY:-}"
if [ -z "$library" ]; then
    # What is generated is read from the symbol table, so nothing may be stripped before.
    CARGO_PROFILE_RELEASE_STRIP=none cargo rustc --quiet --lib --crate-type cdylib \
        --profile "$profile" --features "$features"
    folder="$profile"
    [ "$profile" != dev ] || folder=debug
    library="$target/$folder/$file"
fi

cargo build --quiet --package uniffi-bindgen
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

generate() { # language
    "$target/debug/uniffi-bindgen" generate --no-format --language "$1" \
        --out-dir "$scratch/$1" "$library" >/dev/null
}

# The library as it is shipped: without the symbol table, with what a linker needs.
ship() { # folder
    mkdir -p "$1"
    # A new file: the old one may be loaded in a process.
    rm -f "$1/$file"
    cp "$library" "$1/$file"
    case "$system" in
        darwin) strip -x "$1/$file" ;;
        *) strip --strip-unneeded "$1/$file" ;;
    esac
}

for language in $languages; do
    generate "$language"
    case "$language" in
        python)
            package=bindings/python/src/signalwire_client
            cp "$scratch/python/signalwire_client.py" "$package/_native.py"
            ship "$package"
            ;;
        kotlin)
            out=bindings/kotlin/target
            mkdir -p "$out/generated-sources/uniffi"
            cp -R "$scratch/kotlin/." "$out/generated-sources/uniffi/"
            ship "$out/jna/$system-$processor"
            ;;
        swift)
            sources=bindings/swift/Sources
            native="$sources/SignalWireClientFFI"
            mkdir -p "$sources/SignalWireClient" "$native"
            cp "$scratch/swift/SignalWireClient.swift" "$sources/SignalWireClient/"
            cp "$scratch/swift/SignalWireClientFFI.h" "$native/"
            cp "$scratch/swift/SignalWireClientFFI.modulemap" "$native/module.modulemap"
            ;;
    esac
done
