#!/usr/bin/env bash
# Builds the library once and writes the packages' generated parts to where each expects them.
#
#   bindings/generate.sh [--dev] [python] [kotlin] [swift]        all three by default
#
# --dev builds without optimisation, for working on the bindings.
# SIGNALWIRE_CLIENT_LIBRARY=FILE takes this library, not stripped, instead of building one.
set -euo pipefail
cd "$(dirname "$0")/.."

profile=release
languages=()
for argument in "$@"; do
  case "$argument" in
    --dev) profile=dev ;;
    python | kotlin | swift) languages+=("$argument") ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
[ ${#languages[@]} -gt 0 ] || languages=(python kotlin swift)

case "$(uname -s)" in
  Darwin) file=libsignalwire_client.dylib ;;
  MINGW* | MSYS* | CYGWIN*) file=signalwire_client.dll ;;
  *) file=libsignalwire_client.so ;;
esac

target="$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')"
library="${SIGNALWIRE_CLIENT_LIBRARY:-}"
if [ -z "$library" ]; then
  # What is generated is read from the symbol table, so nothing may be stripped before.
  CARGO_PROFILE_RELEASE_STRIP=none cargo rustc --quiet --lib --crate-type cdylib \
    --profile "$profile" --features capi,uniffi
  case "$profile" in dev) folder=debug ;; *) folder="$profile" ;; esac
  library="$target/$folder/$file"
fi

cargo build --quiet -p uniffi-bindgen
bindgen="$target/debug/uniffi-bindgen"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

generate() {
  "$bindgen" generate --no-format --language "$1" --out-dir "$scratch/$1" "$library" > /dev/null
}

# A library as it is shipped: without the symbol table, with what the linker needs.
ship() {
  mkdir -p "$1"
  # A new file: the old one may be loaded in a process.
  rm -f "$1/$file"
  cp "$library" "$1/$file"
  case "$(uname -s)" in Darwin) strip -x "$1/$file" ;; *) strip --strip-unneeded "$1/$file" ;; esac
}

# The platform as JNA names it.
jna_platform() {
  local system processor
  case "$(uname -s)" in
    Darwin) system=darwin ;;
    MINGW* | MSYS* | CYGWIN*) system=win32 ;;
    *) system="$(uname -s | tr '[:upper:]' '[:lower:]')" ;;
  esac
  case "$(uname -m)" in
    x86_64 | amd64) processor=x86-64 ;;
    arm64 | aarch64) processor=aarch64 ;;
    *) processor="$(uname -m)" ;;
  esac
  echo "$system-$processor"
}

for language in "${languages[@]}"; do
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
      ship "$out/jna/$(jna_platform)"
      ;;
    swift)
      sources=bindings/swift/Sources
      mkdir -p "$sources/SignalWireClient" "$sources/SignalWireClientFFI"
      cp "$scratch/swift/SignalWireClient.swift" "$sources/SignalWireClient/SignalWireClient.swift"
      cp "$scratch/swift/SignalWireClientFFI.h" "$sources/SignalWireClientFFI/"
      cp "$scratch/swift/SignalWireClientFFI.modulemap" "$sources/SignalWireClientFFI/module.modulemap"
      ;;
  esac
done
