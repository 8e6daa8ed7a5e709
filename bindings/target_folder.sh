#!/bin/sh
# Prints where cargo puts what it builds.
set -eu
cd "$(dirname "$0")/.."
cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'
