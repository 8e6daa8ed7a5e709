#!/bin/sh
# Generates the Swift package and checks it: with the compiler where there is one, as text always.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"

sh "$here/../generate.sh" --dev swift
python3 "$here/check.py"
if command -v swift >/dev/null 2>&1; then
    cd "$here"
    exec swift build -Xlinker "-L$(sh ../target_folder.sh)/debug"
fi
