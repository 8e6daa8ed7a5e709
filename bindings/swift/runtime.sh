#!/bin/sh
# Prints where Swift's own libraries are.
set -eu
find /usr/libexec/swift /usr/lib/swift "$(dirname "$(readlink -f "$(command -v swift)")")/../lib/swift" \
    \( -name libXCTest.so -o -name libswiftCore.dylib \) 2>/dev/null | head -n 1 | xargs -r dirname
