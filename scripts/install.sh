#!/bin/sh
# Installs the C library for programs that link it: headers for C and C++, the versioned shared
# library and the static one, pkg-config and CMake package files.
#
#   make install PREFIX=/usr/local        DESTDIR is honoured
#   PROFILE=dev sh scripts/install.sh DIRECTORY     builds faster, runs slower: for tests
#   SIGNALWIRE_CLIENT_FEATURES=capi                 other features than capi,rest-api
#   SIGNALWIRE_CLIENT_FLAGS=--no-default-features   further flags of cargo
#
# The shared library is linked from the static one, so that it exports what
# include/signalwire.map says and nothing else: rustc's own export list cannot carry versions.
set -eu
cd "$(dirname "$0")/.."
prefix=${1:-/usr/local}
root=${DESTDIR:-}$prefix
profile=${PROFILE:-release}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
major=${version%%.*}
folder=$profile
[ "$profile" = dev ] && folder=debug
built=${CARGO_TARGET_DIR:-target}/$folder
name=libsignalwire_client
if [ "$(uname -s)" != Linux ]; then
    echo "make install is for Linux; elsewhere link the static library that this builds:" >&2
    echo "  cargo rustc --release --lib --features capi,rest-api --crate-type staticlib" >&2
    exit 1
fi

# A debug build is the one that tests/capi.rs makes, so that the tests compile it once.
types=staticlib
[ "$profile" = dev ] && types=cdylib,staticlib
cargo rustc --quiet --profile "$profile" --lib \
    --features "${SIGNALWIRE_CLIENT_FEATURES:-capi,rest-api}" ${SIGNALWIRE_CLIENT_FLAGS:-} \
    --crate-type "$types"

mkdir -p "$root/include" "$root/lib/pkgconfig" "$root/lib/cmake/SignalWireClient"
install -m 644 include/signalwire.h include/signalwire.hpp include/signalwire_call.hpp \
    include/signalwire_client.hpp include/signalwire_picture.hpp "$root/include/"
install -m 644 "$built/$name.a" "$root/lib/$name.a"
"${CC:-cc}" -shared -o "$root/lib/$name.so.$version" \
    -Wl,-soname,"$name.so.$major" -Wl,--version-script=include/signalwire.map \
    -Wl,--gc-sections -Wl,-z,defs -Wl,-z,relro -Wl,-z,now -Wl,--strip-all \
    -Wl,--whole-archive "$built/$name.a" -Wl,--no-whole-archive \
    -lgcc_s -lm -lpthread -ldl -lc
chmod 755 "$root/lib/$name.so.$version"
ln -sf "$name.so.$version" "$root/lib/$name.so.$major"
ln -sf "$name.so.$major" "$root/lib/$name.so"

cat >"$root/lib/pkgconfig/signalwire_client.pc" <<PC
prefix=$prefix
libdir=\${prefix}/lib
includedir=\${prefix}/include

Name: signalwire_client
Description: Native client for SignalWire
Version: $version
Libs: -L\${libdir} -lsignalwire_client
Libs.private: -lgcc_s -lm -lpthread -ldl
Cflags: -I\${includedir}
PC
cat >"$root/lib/cmake/SignalWireClient/SignalWireClientConfig.cmake" <<CMAKE
# find_package(SignalWireClient) gives the targets SignalWire::Client (the shared library) and
# SignalWire::ClientStatic.
get_filename_component(_signalwire_prefix "\${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT TARGET SignalWire::Client)
  add_library(SignalWire::Client SHARED IMPORTED)
  set_target_properties(SignalWire::Client PROPERTIES
    IMPORTED_LOCATION "\${_signalwire_prefix}/lib/$name.so.$version"
    IMPORTED_SONAME "$name.so.$major"
    INTERFACE_INCLUDE_DIRECTORIES "\${_signalwire_prefix}/include")
  add_library(SignalWire::ClientStatic STATIC IMPORTED)
  set_target_properties(SignalWire::ClientStatic PROPERTIES
    IMPORTED_LOCATION "\${_signalwire_prefix}/lib/$name.a"
    INTERFACE_INCLUDE_DIRECTORIES "\${_signalwire_prefix}/include"
    INTERFACE_LINK_LIBRARIES "gcc_s;m;pthread;dl")
endif()
unset(_signalwire_prefix)
CMAKE
# While the major version is 0, each minor version is one of its own.
cat >"$root/lib/cmake/SignalWireClient/SignalWireClientConfigVersion.cmake" <<CMAKE
set(PACKAGE_VERSION "$version")
set(PACKAGE_VERSION_COMPATIBLE FALSE)
if("\${PACKAGE_FIND_VERSION_MAJOR}.\${PACKAGE_FIND_VERSION_MINOR}" STREQUAL "${version%.*}"
   AND PACKAGE_FIND_VERSION VERSION_LESS_EQUAL PACKAGE_VERSION)
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)
  set(PACKAGE_VERSION_EXACT TRUE)
endif()
CMAKE
echo "installed signalwire_client $version in $root"
