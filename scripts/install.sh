#!/bin/sh
# Installs the C library for programs that link it: header, shared and static library, pkg-config
# and CMake package files. `make install PREFIX=/usr/local`; DESTDIR is honoured.
set -eu
cd "$(dirname "$0")/.."
prefix=${1:-/usr/local}
root=${DESTDIR:-}$prefix
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
release=${CARGO_TARGET_DIR:-target}/release

cargo rustc --release --lib --features capi --crate-type cdylib
cargo rustc --release --lib --features capi --crate-type staticlib

mkdir -p "$root/include" "$root/lib/pkgconfig" "$root/lib/cmake/SignalWireClient"
install -m 644 include/signalwire.h "$root/include/signalwire.h"
install -m 755 "$release/libsignalwire_client.so" "$root/lib/libsignalwire_client.so"
strip --strip-unneeded "$root/lib/libsignalwire_client.so"
install -m 644 "$release/libsignalwire_client.a" "$root/lib/libsignalwire_client.a"

cat >"$root/lib/pkgconfig/signalwire_client.pc" <<PC
prefix=$prefix
libdir=\${prefix}/lib
includedir=\${prefix}/include

Name: signalwire_client
Description: Native client for SignalWire
Version: $version
Libs: -L\${libdir} -lsignalwire_client
Libs.private: -lm -lpthread -ldl
Cflags: -I\${includedir}
PC
cat >"$root/lib/cmake/SignalWireClient/SignalWireClientConfig.cmake" <<'CMAKE'
# find_package(SignalWireClient) gives the target SignalWire::Client.
get_filename_component(_signalwire_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT TARGET SignalWire::Client)
  add_library(SignalWire::Client SHARED IMPORTED)
  set_target_properties(SignalWire::Client PROPERTIES
    IMPORTED_LOCATION "${_signalwire_prefix}/lib/libsignalwire_client.so"
    INTERFACE_INCLUDE_DIRECTORIES "${_signalwire_prefix}/include")
endif()
unset(_signalwire_prefix)
CMAKE
cat >"$root/lib/cmake/SignalWireClient/SignalWireClientConfigVersion.cmake" <<CMAKE
set(PACKAGE_VERSION "$version")
if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)
  set(PACKAGE_VERSION_EXACT TRUE)
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
CMAKE
echo "installed signalwire_client $version in $root"
