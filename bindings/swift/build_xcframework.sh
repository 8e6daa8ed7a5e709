#!/bin/sh
# Builds SignalWireClientFFI.xcframework for iOS, its simulator and macOS, which Package.swift takes
# when it lies beside it, and a zip of it for a release, with the checksum that a manifest needs.
#
# Needs a Mac with Xcode and the targets: `rustup target add aarch64-apple-ios aarch64-apple-ios-sim
# x86_64-apple-ios aarch64-apple-darwin x86_64-apple-darwin`.
# SIGNALWIRE_CLIENT_FEATURES=LIST sets the features; by default those of an application.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
cd "$here/../.."
[ "$(uname -s)" = Darwin ] || {
    echo "an xcframework can be made on macOS only" >&2
    exit 1
}
# An application must not carry what works with a project's secret.
features="${SIGNALWIRE_CLIENT_FEATURES:-capi,uniffi}"
target="$(sh bindings/target_folder.sh)"
# The same as in Package.swift.
export IPHONEOS_DEPLOYMENT_TARGET=15.0 MACOSX_DEPLOYMENT_TARGET=12.0

for triple in aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios aarch64-apple-darwin \
    x86_64-apple-darwin; do
    cargo rustc --lib --crate-type staticlib --release --target "$triple" --features "$features"
done
SIGNALWIRE_CLIENT_FEATURES="$features" sh bindings/generate.sh swift

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
file=libsignalwire_client.a
mkdir -p "$work/simulator" "$work/macos" "$work/headers"
lipo -create -output "$work/simulator/$file" \
    "$target/aarch64-apple-ios-sim/release/$file" "$target/x86_64-apple-ios/release/$file"
lipo -create -output "$work/macos/$file" \
    "$target/aarch64-apple-darwin/release/$file" "$target/x86_64-apple-darwin/release/$file"
cp "$here/Sources/SignalWireClientFFI/"* "$work/headers/"

framework="$here/SignalWireClientFFI.xcframework"
rm -rf "$framework" "$framework.zip"
xcodebuild -create-xcframework \
    -library "$target/aarch64-apple-ios/release/$file" -headers "$work/headers" \
    -library "$work/simulator/$file" -headers "$work/headers" \
    -library "$work/macos/$file" -headers "$work/headers" \
    -output "$framework"
(cd "$here" && zip --quiet --recurse-paths "$framework.zip" SignalWireClientFFI.xcframework)
swift package compute-checksum "$framework.zip"
