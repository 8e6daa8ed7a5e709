#!/bin/sh
# Builds the library for each ABI and generates the Kotlin classes; Gradle packs both.
#
#   bindings/android/build-native.sh [ABI...]       arm64-v8a armeabi-v7a x86_64 by default
#
# Needs the NDK (ANDROID_NDK_HOME), cmake, `cargo install cargo-ndk`, and the targets:
# `rustup target add aarch64-linux-android armv7-linux-androideabi x86_64-linux-android`.
# SIGNALWIRE_CLIENT_FEATURES=LIST sets the features; by default those of an application.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
cd "$here/../.."

command -v cargo-ndk >/dev/null 2>&1 || {
    echo "cargo-ndk is missing: cargo install cargo-ndk" >&2
    exit 1
}
[ -n "${ANDROID_NDK_HOME:-}" ] || {
    echo "ANDROID_NDK_HOME must name the folder of the NDK" >&2
    exit 1
}
# An application must not carry what works with a project's secret.
features="${SIGNALWIRE_CLIENT_FEATURES:-capi,uniffi}"
[ "$#" -gt 0 ] || set -- arm64-v8a armeabi-v7a x86_64
# The same as minSdk in client/build.gradle.kts.
platform=26
libraries="$here/client/src/main/jniLibs"

targets=""
for abi in "$@"; do
    case "$abi" in
        arm64-v8a | armeabi-v7a | x86_64 | x86) targets="$targets --target $abi" ;;
        *)
            echo "no such ABI: $abi" >&2
            exit 2
            ;;
    esac
done

# Android 15 and later have pages of 16 KiB on some devices.
RUSTFLAGS="${RUSTFLAGS:-} -C link-arg=-Wl,-z,max-page-size=16384"
export RUSTFLAGS
# shellcheck disable=SC2086 # A list of options.
cargo ndk $targets --platform "$platform" --output-dir "$libraries" \
    rustc --lib --crate-type cdylib --release --features "$features"

# The classes are read from a library of this machine; they are the same on every platform.
unset RUSTFLAGS
SIGNALWIRE_CLIENT_FEATURES="$features" sh bindings/generate.sh --dev kotlin
mkdir -p "$here/client/src/generated/kotlin"
cp -R bindings/kotlin/target/generated-sources/uniffi/. "$here/client/src/generated/kotlin/"
