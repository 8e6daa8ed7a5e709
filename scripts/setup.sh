#!/bin/sh
# Installs what a fresh Debian machine with Rust, Python, Node, Java and Maven still lacks for the
# demo and the tests. Everything else is fetched by cargo, pip, npm and Maven themselves.
set -eu

missing=""
need() { # command, Debian package
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need cc gcc
need c++ g++
need make make
need cmake cmake
need python3 python3
python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
if [ "${1:-all}" = docs ]; then
    need doxygen doxygen
fi
if [ "${1:-all}" = all ]; then
    # The feature `devices`, which the tests build with: cpal asks pkg-config for ALSA.
    [ -e /usr/include/alsa/asoundlib.h ] || missing="$missing libasound2-dev"
    need valgrind valgrind
    need clang++ clang
    need abidiff abigail-tools
    need pkg-config pkg-config
    # Every test builds with all features; VP8 is the system's.
    pkg-config --exists vpx 2>/dev/null || missing="$missing libvpx-dev"
    # The sanitizers' libraries come apart from the compiler.
    if command -v clang >/dev/null 2>&1; then
        runtime=$(clang --print-runtime-dir 2>/dev/null || true)
        ls "$runtime"/libclang_rt.asan* >/dev/null 2>&1 || missing="$missing libclang-rt-dev"
    else
        missing="$missing libclang-rt-dev"
    fi
    need chromium chromium
    need turnserver coturn
fi
[ -z "$missing" ] && exit 0

echo "installing:$missing"
sudo=""
[ "$(id -u)" = 0 ] || sudo=sudo
$sudo apt-get update -qq
# shellcheck disable=SC2086 # A list of packages.
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing
